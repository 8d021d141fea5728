"""What an answer says of the operations that it was asked about.

Decides in which order things count: guards, then rules about the HTTP status,
the status itself, the body, and then each operation for itself. It is total:
whatever the bytes are, each operation gets a finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.answer import Answer
from opwatch.domain.operation import Reading
from opwatch.domain.trouble import Fault, Trouble
from opwatch.profiles.body import parse_body
from opwatch.profiles.item import ItemReader
from opwatch.profiles.lookup import Scene
from opwatch.profiles.parameters import ID
from opwatch.profiles.rules import first_guard
from opwatch.profiles.seen import Seen
from opwatch.profiles.values import same_id, sentence, word
from opwatch.profiles.waits import pauses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opwatch.domain.answer import Finding
    from opwatch.domain.exchange import Response
    from opwatch.domain.operation import Target
    from opwatch.profiles.language import Spec
    from opwatch.profiles.lookup import Encode
    from opwatch.profiles.rules import Words

_TWICE: Final = "the answer holds a key twice; the last one counts"
_CONTRADICTS: Final = "the answer holds the operation twice, in different states"


class AnswerReader:
    """Reads the answers of one bound profile."""

    def __init__(self, spec: Spec, words: Words, params: Mapping[str, str], quoted: Encode) -> None:
        self._spec = spec
        self._params = params
        self._quoted = quoted
        self.items = ItemReader(spec, words)

    def read(
        self,
        targets: Sequence[Target],
        response: Response,
        *,
        is_list: bool,
        pages: Sequence[Response] = (),
    ) -> Answer:
        """Return one finding for each of *targets*, in their order."""
        seen = self.see(response)
        trouble = self.guarded(seen, targets[0])
        if trouble is not None:
            return Answer((trouble,) * len(targets), trouble.wait)
        notes: list[str] = [_TWICE] if seen.body.repeats else []
        if is_list and seen.is_readable:
            findings = self._listed(targets, seen, pages, notes)
        else:
            findings = tuple(self._single(target, seen) for target in targets)
        return Answer(findings, _host_wait(seen, findings), tuple(notes))

    def whole(self, response: Response) -> Scene:
        """Return the body of *response* as a whole."""
        return self._scene(parse_body(response.body).data, response)

    def _scene(self, item: Any, response: Response, target: Target | None = None) -> Scene:
        params = {**self._params, **target.params} if target else self._params
        return Scene(item, response.status, response.headers, params, self._quoted)

    def see(self, response: Response) -> Seen:
        """Return *response* with its body parsed and its pauses read."""
        body = parse_body(response.body)
        scene = self._scene(body.data, response)
        return Seen(response, body, pauses(response, self._spec.wait, self._spec.limits, scene))

    def guarded(self, seen: Seen, target: Target) -> Trouble | None:
        """Return why the answer tells nothing about any operation, None if it may.

        *target* stands for all: they differ in nothing but their ids.
        """
        data = seen.body.data
        scene = self._scene(data, seen.response, target)
        guard = first_guard(self._spec.troubles, scene)
        if guard:
            found = guard.message.first(scene)
            return seen.trouble(guard.fault, sentence(found))
        is_graphql = self._spec.request.graphql and seen.response.is_good
        if is_graphql and isinstance(data, dict) and data.get("errors"):
            return seen.trouble(Fault.API_ERROR)
        return None

    def scene(self, target: Target, seen: Seen) -> Scene:
        """Return the part of a single answer that is about *target*."""
        whole = self._scene(seen.body.data, seen.response, target)
        root = self._spec.read.root
        if not root:
            return whole
        item = root.first(whole)
        # The body of an error has no such part; a rule about it looks at the whole.
        return whole if item is None and not seen.response.is_good else whole._replace(item=item)

    def _single(self, target: Target, seen: Seen) -> Finding:
        scene = self.scene(target, seen)
        if seen.is_readable:
            return self.items.read(target, scene, seen)
        by_http = self.items.by_http(target, scene, seen)
        if by_http is not None:
            return by_http
        trouble = seen.trouble_of_status or seen.trouble_of_body
        return trouble or seen.trouble(Fault.EMPTY)

    def _listed(
        self,
        targets: Sequence[Target],
        seen: Seen,
        pages: Sequence[Response],
        notes: list[str],
    ) -> tuple[Finding, ...]:
        found: list[Any] = []
        for page in (seen, *map(self.see, pages)):
            items = self._spec.batch.items.find(page.body.data) if self._spec.batch else None
            if not isinstance(items, list):
                where = self._spec.batch.items.text if self._spec.batch else ""
                trouble = page.trouble(page.body.fault or Fault.NO_STATUS, f"no list at {where!r}")
                return (trouble,) * len(targets)
            found += items
        by_id = self._by_id(found, seen)
        return tuple(self._in_list(target, found, by_id, seen, notes) for target in targets)

    def _by_id(self, found: list[Any], seen: Seen) -> dict[str, list[Any]]:
        batch, by_id = self._spec.batch, dict[str, list[Any]]()
        where = batch.id if batch and batch.id else self._spec.read.id
        for item in found:
            scene = self._scene(item, seen.response)
            for name in {word(each) for each in where.all(scene)} - {None}:
                by_id.setdefault(str(name), []).append(item)
        return by_id

    def _in_list(
        self,
        target: Target,
        found: list[Any],
        by_id: Mapping[str, list[Any]],
        seen: Seen,
        notes: list[str],
    ) -> Finding:
        asked = target.params.get(ID, "")
        mine = by_id.get(asked) or _regardless_of_case(asked, by_id)
        if not asked and len(found) == 1:
            mine = found
        if not mine:
            return seen.trouble(Fault.MISSING_FROM_BATCH, "")
        scenes = [self._scene(item, seen.response, target) for item in mine]
        findings = [self.items.read(None, scene, seen) for scene in scenes]
        return _agreed(findings, seen, notes)


def _regardless_of_case(asked: str, by_id: Mapping[str, list[Any]]) -> list[Any]:
    """Return the items whose id is the UUID *asked* in other letters."""
    return next((by_id[name] for name in by_id if same_id(asked, name)), []) if asked else []


def _agreed(findings: list[Finding], seen: Seen, notes: list[str]) -> Finding:
    """Return what several entries of one id agree on; in doubt it goes on."""
    first = findings[0]
    states = {each.state for each in findings if isinstance(each, Reading)}
    if len(states) < 2:  # noqa: PLR2004, no contradiction
        return first
    notes.append(_CONTRADICTS)
    for each in findings:
        if isinstance(each, Reading) and not each.state.is_terminal:
            return each
    return seen.trouble(Fault.API_ERROR, _CONTRADICTS)


def _host_wait(seen: Seen, findings: Sequence[Finding]) -> float | None:
    """Return for how many seconds the whole host is to be left alone.

    A pause in a good answer is about its operation alone; a rate limit, or a
    quota that this answer used up, is about all.
    """
    throttled = [each.wait for each in findings if isinstance(each, Trouble) and each.wait]
    if throttled:
        return max(throttled)
    return seen.pauses.quota if seen.pauses.is_empty else None
