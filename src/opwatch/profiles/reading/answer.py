"""What an answer says of the operations that it was requested for.

Decides in which order things count: guards, then rules about the HTTP status, the
status itself, the body, and then each operation. In a list, operations are found by
their ids only: neither their order nor their number counts (faults 77 and 78). It is
total: whatever the bytes are, each operation gets a finding.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.messages import Response
from opwatch.domain.operation import Answer, Finding, Reading, Target
from opwatch.domain.trouble import Fault, Speaker, Trouble
from opwatch.profiles.language.params import ID
from opwatch.profiles.language.paths import AnswerView
from opwatch.profiles.language.rules import Words, first_guard
from opwatch.profiles.language.wait import pauses
from opwatch.profiles.reading.operation import OperationReader, error_in, keys_of
from opwatch.profiles.reading.response import ParsedResponse, parse_body
from opwatch.profiles.values import id_key, sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from opwatch.profiles.language.spec import Spec
    from opwatch.profiles.language.template import Encode

CONTRADICTS: Final = "the answer holds the operation twice, in different states"
_TWICE: Final = "the answer holds a key twice; the last one counts"


class AnswerReader:
    """Reads the answers of one bound profile."""

    def __init__(self, spec: Spec, words: Words, params: Mapping[str, str], encode: Encode) -> None:
        self._spec = spec
        self._params = params
        self._encode = encode
        self._operations = OperationReader(spec, words)

    def read(
        self,
        targets: Sequence[Target],
        response: Response,
        *,
        is_list: bool,
        pages: Sequence[Response] = (),
    ) -> Answer:
        """Return one finding for each of *targets*, in their order."""
        parsed = self.parse_response(response)
        trouble = self._trouble_of_guard(parsed, targets[0])
        if trouble is not None:
            return Answer((trouble,) * len(targets), trouble.wait, rate=parsed.pauses.rate)
        notes: list[str] = [_TWICE] if parsed.body.repeats else []
        # What the HTTP status of a request for several says, it says of none of them.
        if is_list and (parsed.is_readable or len(targets) > 1):
            findings = self._listed(targets, parsed, pages, notes)
        else:
            findings = tuple(self._single(target, parsed) for target in targets)
        wait, rate = _host_wait(parsed, findings), parsed.pauses.rate
        return Answer(findings, wait, tuple(notes), rate)

    def unread(self, target: Target, trouble: Trouble) -> Finding:
        """Return *trouble*, a body too large to read, unless its HTTP status decides the state.

        A rule must say so with ``unread``, and the body must begin as JSON does: a login
        page can be large as well.
        """
        if trouble.speaker is not Speaker.API:
            return trouble
        parsed = self.parse_response(Response(trouble.status or 0, target.url or ""))
        view = self._view(None, parsed.response, target)
        return self._operations.unread(view, parsed) or trouble

    def told(self, target: Target, response: Response) -> Reading | None:
        """Return what the body of *response* itself says of *target*, None if it says nothing.

        A missing word or an HTTP status by itself says nothing.
        """
        parsed = self.parse_response(response)
        if self._trouble_of_guard(parsed, target) is not None or not parsed.is_readable:
            return None
        return self._operations.told(self._single_view(target, parsed), parsed)

    def words_of_api(self, target: Target, response: Response) -> str | None:
        """Return the sentence for people in *response*, None if it may not be the API's own."""
        parsed = self.parse_response(response)
        is_json = parsed.body.fault is None
        return parsed.words if is_json and not self._trouble_of_guard(parsed, target) else None

    def parse_response(self, response: Response) -> ParsedResponse:
        """Return *response* with its body parsed and its pauses found."""
        body = parse_body(response.body)
        view = self._view(body.data, response)
        return ParsedResponse(
            response, body, pauses(response, self._spec.wait, self._spec.limits, view)
        )

    def whole_view(self, response: Response) -> AnswerView:
        """Return the view of *response* as a whole."""
        return self._view(parse_body(response.body).data, response)

    def view_of(self, target: Target, parsed: ParsedResponse, *, is_list: bool) -> AnswerView:
        """Return the part of the answer that the finding for *target* is read from."""
        if not is_list:
            return self._single_view(target, parsed)
        mine = self._listing(self._items(parsed) or [], parsed).of(target)
        return self._view(mine[0] if mine else None, parsed.response, target)

    def complaint(self, response: Response) -> str:
        """Return what is wrong with a starting answer: a guard's message, or its own."""
        view, body = self.whole_view(response), self.parse_response(response).body
        guard = first_guard(self._spec.troubles, view)
        said = sentence(guard.message.first(view)) if guard else None
        if body.fault is Fault.HTML:
            return f"it is a web page: {body.detail}" if body.detail else "it is a web page"
        return said or error_in(body.data, view, self._spec.read.error)

    def _trouble_of_guard(self, parsed: ParsedResponse, target: Target) -> Trouble | None:
        """Return why the answer says nothing about any operation, None if it may.

        *target* stands for all of them: they differ only in their ids.
        """
        data = parsed.body.data
        view = self._view(data, parsed.response, target)
        guard = first_guard(self._spec.troubles, view)
        if guard:
            found = guard.message.first(view)
            return parsed.trouble(guard.fault, sentence(found))
        is_graphql = self._spec.request.graphql and parsed.response.is_good
        if is_graphql and isinstance(data, dict) and data.get("errors"):
            return parsed.trouble(Fault.API_ERROR)
        return None

    def _single(self, target: Target, parsed: ParsedResponse) -> Finding:
        view = self._single_view(target, parsed)
        trouble = parsed.trouble_of_status or parsed.trouble_of_body
        if trouble is None:
            return self._operations.finding(target, view, parsed)
        return self._operations.by_http(target, view, parsed) or trouble

    def _single_view(self, target: Target, parsed: ParsedResponse) -> AnswerView:
        """Return the part of a single answer that is about *target*."""
        whole = self._view(parsed.body.data, parsed.response, target)
        root = self._spec.read.root
        if not root:
            return whole
        item = root.first(whole)
        # The body of an error lacks that part; a rule about it looks at the whole.
        return whole if item is None and not parsed.response.is_good else whole._replace(item=item)

    def _listed(
        self,
        targets: Sequence[Target],
        parsed: ParsedResponse,
        pages: Sequence[Response],
        notes: list[str],
    ) -> tuple[Finding, ...]:
        found: list[Any] = []
        for page in (parsed, *map(self.parse_response, pages)):
            trouble = self._trouble_of_page(page, targets[0])
            if trouble is not None:
                return (trouble,) * len(targets)
            found += self._items(page) or []
        listing = self._listing(found, parsed)
        findings = tuple(self._in_list(target, listing, parsed, notes) for target in targets)
        return findings if len(targets) == 1 else tuple(map(_unmoved, findings))

    def _trouble_of_page(self, page: ParsedResponse, target: Target) -> Trouble | None:
        """Return why *page* is no part of a list: an error may hold one, too."""
        trouble = self._trouble_of_guard(page, target)
        trouble = trouble or page.trouble_of_status or page.trouble_of_body
        if trouble is None and self._items(page) is None:
            return page.trouble(Fault.NO_STATUS, self._no_list + keys_of(page.body.data))
        return trouble

    def _items(self, parsed: ParsedResponse) -> list[Any] | None:
        items = self._spec.batch.items.find(parsed.body.data) if self._spec.batch else None
        return items if isinstance(items, list) else None

    @property
    def _no_list(self) -> str:
        return f"no list at {self._spec.batch.items.text!r}" if self._spec.batch else ""

    def _listing(self, items: list[Any], parsed: ParsedResponse) -> Listing:
        batch = self._spec.batch
        where = batch.id if batch and batch.id else self._spec.read.id
        return Listing(items, lambda item: where.all(self._view(item, parsed.response)))

    def _in_list(
        self, target: Target, listing: Listing, parsed: ParsedResponse, notes: list[str]
    ) -> Finding:
        views = [self._view(item, parsed.response, target) for item in listing.of(target)]
        if not views:
            return parsed.trouble(Fault.MISSING_FROM_BATCH, "")
        return _agreement(
            [self._operations.finding(None, each, parsed) for each in views], parsed, notes
        )

    def _view(self, item: Any, response: Response, target: Target | None = None) -> AnswerView:
        params = {**self._params, **target.params} if target else self._params
        return AnswerView(item, response.status, response.headers, params, self._encode)


class Listing:
    """The *items* of a list, each with the ids that *ids_of* finds in it."""

    def __init__(self, items: list[Any], ids_of: Callable[[Any], Iterable[Any]]) -> None:
        self._items = items
        self._by_id: dict[str, list[Any]] = {}
        for item in items:
            for name in {id_key(each) for each in ids_of(item)}:
                if name is not None:
                    self._by_id.setdefault(name, []).append(item)

    def of(self, target: Target) -> list[Any]:
        """Return the items that are about *target*; UUIDs match regardless of case.

        For a URL that is polled as given no id is known; then a single item is taken.
        """
        wanted = target.params.get(ID)
        if not wanted:
            return self._items if len(self._items) == 1 else []
        return self._by_id.get(id_key(wanted) or "", [])


def _unmoved(finding: Finding) -> Finding:
    """Return *finding* without where it moves to: a header of a list is of none of its items."""
    return replace(finding, moved_to=None) if isinstance(finding, Reading) else finding


def _agreement(findings: list[Finding], parsed: ParsedResponse, notes: list[str]) -> Finding:
    """Return what several items of one id agree on; in doubt the operation goes on."""
    readings = [each for each in findings if isinstance(each, Reading)]
    states = {each.state for each in readings}
    if len(findings) == 1 or not states:
        return findings[0]
    if len(states) == 1 and len(readings) == len(findings):
        return next((each for each in readings if each.partial), readings[0])
    notes.append(CONTRADICTS)
    for each in readings:
        if not each.state.is_terminal:
            return each
    return parsed.trouble(Fault.API_ERROR, CONTRADICTS)


def _host_wait(parsed: ParsedResponse, findings: Sequence[Finding]) -> float | None:
    """Return for how many seconds the whole host must not be polled.

    A pause in a good answer is about its operation only; a rate limit, or a quota that
    this answer used up, is about all operations.
    """
    throttled = [each.wait for each in findings if isinstance(each, Trouble) and each.wait]
    if throttled:
        return max(throttled)
    return parsed.pauses.quota if parsed.pauses.is_empty else None
