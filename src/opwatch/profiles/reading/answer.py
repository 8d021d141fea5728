"""What an answer says of the operations that it was asked about.

Decides in which order things count: guards, then rules about the HTTP status,
the status itself, the body, and then each operation for itself. It is total:
whatever the bytes are, each operation gets a finding.

The operations in an answer that lists several.

Decides that they are found by their ids and by nothing else: neither their
order nor their number counts (faults 77 and 78).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.messages import Response
from opwatch.domain.operation import Answer, Reading
from opwatch.domain.trouble import Fault, Trouble
from opwatch.profiles.language.params import ID
from opwatch.profiles.language.paths import AnswerView
from opwatch.profiles.language.rules import first_guard
from opwatch.profiles.language.wait import pauses
from opwatch.profiles.reading.body import parse_body
from opwatch.profiles.reading.operation import ItemReader
from opwatch.profiles.reading.response import ParsedResponse
from opwatch.profiles.values import same_id, sentence, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from opwatch.domain.operation import Finding, Target
    from opwatch.profiles.language.paths import Encode
    from opwatch.profiles.language.rules import Words
    from opwatch.profiles.language.spec import Spec


CONTRADICTS: Final = "the answer holds the operation twice, in different states"


class Listing:
    """The *items* of a list, each with the ids that *ids_of* finds in it."""

    def __init__(self, items: list[Any], ids_of: Callable[[Any], Iterable[Any]]) -> None:
        self._items = items
        self._by_id: dict[str, list[Any]] = {}
        for item in items:
            for name in {word(each) for each in ids_of(item)}:
                if name is not None:
                    self._by_id.setdefault(name, []).append(item)

    def of(self, target: Target) -> list[Any]:
        """Return the items that are about *target*; UUIDs match in any letters.

        A URL that was polled as it is names no id; then a single item is its own.
        """
        asked = target.params.get(ID)
        if not asked:
            return self._items if len(self._items) == 1 else []
        if asked in self._by_id:
            return self._by_id[asked]
        return next((self._by_id[name] for name in self._by_id if same_id(asked, name)), [])


def agreed(findings: list[Finding], seen: ParsedResponse, notes: list[str]) -> Finding:
    """Return what several entries of one id agree on; in doubt the operation goes on."""
    states = {each.state for each in findings if isinstance(each, Reading)}
    if len(states) < 2:  # noqa: PLR2004, no contradiction
        return findings[0]
    notes.append(CONTRADICTS)
    for each in findings:
        if isinstance(each, Reading) and not each.state.is_terminal:
            return each
    return seen.trouble(Fault.API_ERROR, CONTRADICTS)


_TWICE: Final = "the answer holds a key twice; the last one counts"


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

    def whole(self, response: Response) -> AnswerView:
        """Return the body of *response* as a whole."""
        return self._scene(parse_body(response.body).data, response)

    def _scene(self, item: Any, response: Response, target: Target | None = None) -> AnswerView:
        params = {**self._params, **target.params} if target else self._params
        return AnswerView(item, response.status, response.headers, params, self._quoted)

    def see(self, response: Response) -> ParsedResponse:
        """Return *response* with its body parsed and its pauses read."""
        body = parse_body(response.body)
        scene = self._scene(body.data, response)
        return ParsedResponse(
            response, body, pauses(response, self._spec.wait, self._spec.limits, scene)
        )

    def complaint(self, response: Response) -> str:
        """Return what a guard takes out of an answer that was to start something, if any does."""
        scene = self.whole(response)
        guard = first_guard(self._spec.troubles, scene)
        return (sentence(guard.message.first(scene)) if guard else None) or ""

    def guarded(self, seen: ParsedResponse, target: Target) -> Trouble | None:
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

    def scene(self, target: Target, seen: ParsedResponse) -> AnswerView:
        """Return the part of a single answer that is about *target*."""
        whole = self._scene(seen.body.data, seen.response, target)
        root = self._spec.read.root
        if not root:
            return whole
        item = root.first(whole)
        # The body of an error has no such part; a rule about it looks at the whole.
        return whole if item is None and not seen.response.is_good else whole._replace(item=item)

    def _single(self, target: Target, seen: ParsedResponse) -> Finding:
        scene = self.scene(target, seen)
        if seen.is_readable:
            return self.items.read(target, scene, seen)
        by_http = self.items.by_http(target, scene, seen)
        if by_http is not None:
            return by_http
        trouble = seen.trouble_of_status or seen.trouble_of_body
        return trouble or seen.trouble(Fault.EMPTY)

    def unread(self, target: Target, trouble: Trouble) -> Finding:
        """Return *trouble*, a body too large to be read, unless its HTTP status tells the state."""
        seen = self.see(Response(trouble.status or 0, target.url or ""))
        scene = self._scene(None, seen.response, target)
        return self.items.unread(scene, seen) or trouble

    def looked_at(self, target: Target, seen: ParsedResponse, *, is_list: bool) -> AnswerView:
        """Return the part of the answer that *target* is read from."""
        if not is_list:
            return self.scene(target, seen)
        mine = self._listing(self._items(seen) or [], seen).of(target)
        return self._scene(mine[0] if mine else None, seen.response, target)

    def _listed(
        self,
        targets: Sequence[Target],
        seen: ParsedResponse,
        pages: Sequence[Response],
        notes: list[str],
    ) -> tuple[Finding, ...]:
        found: list[Any] = []
        for page in (seen, *map(self.see, pages)):
            items = self._items(page)
            if items is None:
                trouble = page.trouble(page.body.fault or Fault.NO_STATUS, self._no_list)
                return (trouble,) * len(targets)
            found += items
        listing = self._listing(found, seen)
        return tuple(self._in_list(target, listing, seen, notes) for target in targets)

    def _items(self, seen: ParsedResponse) -> list[Any] | None:
        items = self._spec.batch.items.find(seen.body.data) if self._spec.batch else None
        return items if isinstance(items, list) else None

    @property
    def _no_list(self) -> str:
        return f"no list at {self._spec.batch.items.text!r}" if self._spec.batch else ""

    def _listing(self, items: list[Any], seen: ParsedResponse) -> Listing:
        batch = self._spec.batch
        where = batch.id if batch and batch.id else self._spec.read.id
        return Listing(items, lambda item: where.all(self._scene(item, seen.response)))

    def _in_list(
        self, target: Target, listing: Listing, seen: ParsedResponse, notes: list[str]
    ) -> Finding:
        scenes = [self._scene(item, seen.response, target) for item in listing.of(target)]
        if not scenes:
            return seen.trouble(Fault.MISSING_FROM_BATCH, "")
        return agreed([self.items.read(None, each, seen) for each in scenes], seen, notes)


def _host_wait(seen: ParsedResponse, findings: Sequence[Finding]) -> float | None:
    """Return for how many seconds the whole host is to be left alone.

    A pause in a good answer is about its operation alone; a rate limit, or a
    quota that this answer used up, is about all.
    """
    throttled = [each.wait for each in findings if isinstance(each, Trouble) and each.wait]
    if throttled:
        return max(throttled)
    return seen.pauses.quota if seen.pauses.is_empty else None
