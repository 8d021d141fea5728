"""Pages about runs written by hand, and what a reader of HTML finds in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from random import Random
from typing import TYPE_CHECKING, Any

from opwatch.domain.operation import State
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.trouble import Fault
from opwatch.output.report.history import History, Run
from opwatch.output.report.page import page
from opwatch.output.text.clean import PLAIN, Show
from output.script import Story, wall_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opwatch.domain.operation import Operation

EMPTY = {"meta", "path"}
SILENT = {"script", "style"}


def page_of(story: Story, show: Show = PLAIN, **more: Any) -> str:
    """Return the page about *story*."""
    history = History(show)
    for event in story.events:
        history(event)
    run = Run(
        "wait",
        tuple(story.operations.values()),
        story.verdict(),
        started_at=story.began,
        ended_at=story.at,
        wall_of=wall_of,
        **{"profile": "fullstory", "resume": resume, **more},
    )
    return page(run, history)


def resume(unfinished: Sequence[Operation]) -> str:
    """Return a command as the command line does."""
    return " ".join(["opwatch wait -p fullstory", *(each.reference for each in unfinished)])


def busy(many: int) -> Story:
    """Return a run of *many* operations that meets everything: an outage, failures, people."""
    chance = Random(3)  # noqa: S311, the same for the same seed
    story = Story([f"export-{number:05d}" for number in range(many)], timeout=3600.0)
    progress = dict.fromkeys(story.operations, 0.0)
    for turn in range(60):
        story.at += chance.choice((5, 10, 15))
        for each in [name for name in progress if not story.operations[name].is_over]:
            if chance.random() < 0.6:
                progress[each] += chance.random() * 9
                _ask(story, each, turn, progress[each], chance.random())
    for each, operation in list(story.operations.items()):
        if not operation.is_over:
            story.end(each, Outcome.TIMED_OUT, Reason.DEADLINE)
    return story.finish()


def _ask(story: Story, each: str, turn: int, progress: float, dice: float) -> None:
    if turn < 3:
        story.read(each, "QUEUED", state=State.PENDING)
    elif 20 < turn < 26 and dice < 0.6:
        story.bad(each, Fault.STATUS_TRANSIENT, status=502)
    elif dice < 0.005:
        story.fail(each, "disk full on node 7", "28")
    elif dice < 0.03:
        story.read(each, "NEEDS_APPROVAL", min(99.0, progress), state=State.BLOCKED)
    elif progress >= 96:
        story.succeed(each, link=f"https://app.example.com/exports/{each}?a=1&b=2")
    else:
        story.read(each, "RUNNING", progress)


@dataclass
class Seen(HTMLParser):
    """What stands on a page: its tags, their attributes, its visible text, what is not closed."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    text: str = ""
    texts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in SILENT:
            self.text += data
            for tag in set(self.open):
                self.texts[tag] = self.texts.get(tag, "") + data

    def inside(self, tag: str) -> str:
        """Return the visible text within each *tag*."""
        return self.texts.get(tag, "")

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of each *tag*."""
        return [attributes for name, attributes in self.tags if name == tag]


def seen(text: str) -> Seen:
    """Read a page."""
    found = Seen()
    found.feed(text)
    found.close()
    return found
