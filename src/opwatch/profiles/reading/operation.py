"""What one operation's part of an answer says of it.

Decides that an answer about another operation is never used, that rules precede the
status word, and which other fields are shown in which state: no error while it runs,
no finish time before it has ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.operation import Finding, OperationError, Reading, State, Target
from opwatch.domain.trouble import Fault, Speaker
from opwatch.profiles.language.params import ID
from opwatch.profiles.language.progress import measure_progress
from opwatch.profiles.language.rules import Meaning, Words, first_rule
from opwatch.profiles.values import moment, resolve_url, same_id, sentence, web_address, word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.profiles.language.paths import AnswerView, Lookup
    from opwatch.profiles.language.spec import ErrorPaths, Spec
    from opwatch.profiles.reading.response import ParsedResponse

PART: Final = 206
_ENDED_BADLY: Final = frozenset({State.FAILED, State.CANCELLED})
_ERROR_KEYS: Final = ("error", "errors", "fault", "message")
_MOST_KEYS: Final = 8
_MOST_SAID: Final = 300
_LONGEST_KEY: Final = 30
_JSON_TYPES: Final = {list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
_LONGEST: Final = 80
"""A longer expression does not help a person to see where a status was looked up."""


class OperationReader:
    """Reads one operation's part of an answer."""

    def __init__(self, spec: Spec, words: Words) -> None:
        self._spec = spec
        self._words = words
        self._rules = tuple(enumerate(spec.rules))
        # Without a body to look into, only the HTTP status can decide.
        self._bare_rules = tuple(each for each in self._rules if each[1].condition.is_bare)
        self._body_rules = tuple(each for each in self._rules if each[1].condition.when)
        self._unread_rules = tuple(
            (index, rule.of_status) for index, rule in self._rules if rule.unread
        )

    def finding(self, target: Target | None, view: AnswerView, parsed: ParsedResponse) -> Finding:
        """Return what *view*, part of a good answer, says of *target*.

        *target* is None if the part was found by its id.
        """
        if not self._has_paths(view.item):
            meaning = first_rule(self._bare_rules, view)
            if meaning is None:
                is_object = isinstance(parsed.body.data, dict)
                fault = Fault.NO_STATUS if is_object else Fault.NOT_AN_OBJECT
                where = self._spec.read.root.text or self._status_path
                return parsed.trouble(fault, where + self._instead(parsed.body.data, view))
            return self._reading(meaning, view, parsed, parsed.body.data)
        other = self._other_id(target, view)
        if other is not None:
            return parsed.trouble(Fault.WRONG_ID, other)
        meaning = self._meaning(view)
        if meaning is None:
            return parsed.trouble(
                Fault.NO_STATUS, self._status_path + self._instead(view.item, view)
            )
        raw = parsed.body.data if target else view.item
        return self._reading(meaning, view, parsed, raw)

    def by_http(self, target: Target, view: AnswerView, parsed: ParsedResponse) -> Finding | None:
        """Return what a rule says of an answer that has no good status or no body.

        A web page, half an answer (a range that nobody asked for is one) or a proxy's never
        decides: a proxy's 404 says nothing about the operation.
        """
        if parsed.body.fault not in {None, Fault.EMPTY} or parsed.response.status == PART:
            return None
        if not parsed.response.is_good and parsed.speaker is not Speaker.API:
            return None
        has_body = self._has_paths(view.item)
        meaning = first_rule(self._rules if has_body else self._bare_rules, view)
        if meaning is None:
            return None
        other = self._other_id(target, view) if has_body else None
        if other is not None:
            return parsed.trouble(Fault.WRONG_ID, other)
        return self._reading(self._examined(meaning, view), view, parsed, parsed.body.data)

    def unread(self, view: AnswerView, parsed: ParsedResponse) -> Finding | None:
        """Return what a rule says of an answer whose body was too large to be read."""
        meaning = first_rule(self._unread_rules, view)
        return None if meaning is None else self._reading(meaning, view, parsed, None)

    def told(self, view: AnswerView, parsed: ParsedResponse) -> Reading | None:
        """Return what a known word, or a rule that looks into the body, says in *view*."""
        if not self._has_paths(view.item):
            return None
        meaning = first_rule(self._body_rules, view)
        if meaning is None and self._spec.read.status.first(view) is not None:
            meaning = self._by_word(view)
        meaning = meaning and self._examined(meaning, view)
        if meaning is None or not meaning.is_known:
            return None
        return self._reading(meaning, view, parsed, parsed.body.data)

    def _has_paths(self, item: Any) -> bool:
        """Tell whether *item* is something in which paths can be looked up."""
        return isinstance(item, dict) or (isinstance(item, list) and bool(self._spec.read.root))

    def _meaning(self, view: AnswerView) -> Meaning | None:
        """Return what the first rule, or else the status word, is found to mean, if anything."""
        meaning = first_rule(self._rules, view) or self._by_word(view)
        return meaning and self._examined(meaning, view)

    def _examined(self, meaning: Meaning, view: AnswerView) -> Meaning:
        """Return *meaning*, or what it is worth by all else that the answer says."""
        verify = self._spec.verify
        return verify.examined(meaning, view, self._words) if verify else meaning

    def _by_word(self, view: AnswerView) -> Meaning | None:
        status = self._spec.read.status
        said = status.first(view)
        meaning = self._words.meaning(said)
        is_flag = said is None or word(said) == "true"
        if meaning is None or meaning.state is not State.SUCCEEDED or not is_flag:
            return meaning
        from opwatch.profiles.language.verify import Verification  # noqa: PLC0415, few need it

        name = next((path for path, value in status.each(view) if value is said), "status")
        flag = "absent" if said is None else "true"
        return (self._spec.verify or Verification()).of_flag(meaning, view, (name, flag))

    def _other_id(self, target: Target | None, view: AnswerView) -> str | None:
        """Return the id in the answer if it is another operation's."""
        wanted = target.params.get(ID) if target else None
        if not wanted:
            return None
        found = self._spec.read.id.all(view)
        if not found or any(same_id(wanted, each) for each in found):
            return None
        return word(found[0]) or ""

    @property
    def _status_path(self) -> str:
        text = self._spec.read.status.text
        return text if len(text) <= _LONGEST else ""

    def _instead(self, item: Any, view: AnswerView) -> str:
        """Return what *item* has in place of a status, and what it says of an error."""
        said = error_in(item, view, self._spec.read.error)
        return keys_of(item) + (f"; it says: {said}" if said else "")

    def _reading(
        self, meaning: Meaning, view: AnswerView, parsed: ParsedResponse, raw: Any
    ) -> Reading:
        """Return *meaning* with all else that the answer says."""
        reads, is_over = self._spec.read, meaning.state.is_terminal
        progress = measure_progress(reads.progress, view)
        has_error = meaning.state in _ENDED_BADLY or meaning.partial
        found = word(reads.status.first(view))
        return Reading(
            state=meaning.state,
            status=(found or "").strip(),
            name=(sentence(reads.name.first(view)) or "") if reads.name else "",
            progress=progress.percent,
            count=progress.so_far,
            message=sentence(reads.message.first(view)) if reads.message else None,
            kind=word(reads.kind.first(view)) if reads.kind else None,
            error=_error(reads.error, view, meaning.because) if has_error else None,
            created_at=moment(reads.created.first(view)) if reads.created else None,
            started_at=moment(reads.started.first(view)) if reads.started else None,
            updated_at=moment(reads.updated.first(view)) if reads.updated else None,
            finished_at=moment(reads.finished.first(view)) if is_over else None,
            link=web_address(reads.link.first(view)) if reads.link else None,
            result=reads.result.first(view) if is_over else None,
            details=_details(reads.details, view) if reads.details else None,
            id=word(reads.id.first(view)) if reads.id else None,
            partial=meaning.partial,
            is_known_word=meaning.is_known,
            contradiction=meaning.contradiction,
            wait=None if is_over else parsed.pauses.named,
            moved_to=None if is_over else self._moved(view, parsed),
            rule=meaning.decided_by,
            raw=raw,
        )

    def _moved(self, view: AnswerView, parsed: ParsedResponse) -> str | None:
        for move in self._spec.moves:
            url = resolve_url(parsed.response.url, parsed.response.headers.get(move.header))
            if url and move.condition.holds(view):
                return url
        return None


def _details(paths: Mapping[str, Lookup], view: AnswerView) -> dict[str, Any] | None:
    """Return what the answer has of *paths*; false and 0 are facts, and an empty value is none."""
    found = {name: path.first(view) for name, path in paths.items()}
    return {name: value for name, value in found.items() if value is not None} or None


def keys_of(item: Any) -> str:
    """Return the fields that an answer has, for whoever looks for another one in it."""
    if not isinstance(item, dict):
        return f"; it is {_JSON_TYPES.get(type(item), 'a number')}"
    names = [str(key)[:_LONGEST_KEY] for key in item]
    more = ", …" if len(names) > _MOST_KEYS else ""
    return f"; it has {', '.join(names[:_MOST_KEYS])}{more}" if names else "; it has no fields"


def error_in(item: Any, view: AnswerView, paths: ErrorPaths) -> str:
    """Return what an answer without a status says of an error, where the profile or all have it."""
    keys = _ERROR_KEYS if isinstance(item, dict) else ()
    found = (sentence(paths.message.first(view)), *(sentence(item.get(key)) for key in keys))
    return next(filter(None, found), "")[:_MOST_SAID]


def _error(paths: ErrorPaths, view: AnswerView, because: str) -> OperationError | None:
    code = word(paths.code.first(view))
    found = sentence(paths.message.first(view))
    message = "; ".join(filter(None, (because, found))) or None
    details = paths.details.first(view)
    if code is None and message is None and details is None:
        return None
    return OperationError(code, message or sentence(details), details)
