"""What one operation's part of an answer says of it.

Decides that an answer about another operation is never used, that rules come
before the status word, and which of the other fields are worth showing in
which state: no error while it runs, no end before it has ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.domain.operation import OperationError, Reading, State
from opwatch.domain.trouble import Fault
from opwatch.profiles.language.params import ID
from opwatch.profiles.language.progress import read_progress
from opwatch.profiles.language.rules import first_rule
from opwatch.profiles.values import moment, resolved, same_id, sentence, web_address, word

if TYPE_CHECKING:
    from typing import Any

    from opwatch.domain.operation import Finding, Target
    from opwatch.profiles.language.paths import AnswerView
    from opwatch.profiles.language.rules import Meaning, Words
    from opwatch.profiles.language.spec import ErrorPaths, Spec
    from opwatch.profiles.reading.response import ParsedResponse

_ENDED_BADLY: Final = frozenset({State.FAILED, State.CANCELLED})
_TELLING: Final = 80
"""Characters of an expression that still tells a person where a status was looked for."""


class ItemReader:
    """Reads one operation's part of an answer."""

    def __init__(self, spec: Spec, words: Words) -> None:
        self._spec = spec
        self._words = words
        self._rules = tuple(enumerate(spec.rules))
        # Where there is no body to look into, only the HTTP status can decide.
        self._bare_rules = tuple(each for each in self._rules if each[1].condition.is_bare)
        self._unread_rules = tuple(
            (index, rule.of_status)
            for index, rule in self._rules
            if rule.unread or rule.condition.is_bare
        )

    def can_hold(self, item: Any) -> bool:
        """Tell whether *item* is something that paths can be looked for in."""
        return isinstance(item, dict) or (isinstance(item, list) and bool(self._spec.read.root))

    def meaning(self, scene: AnswerView) -> Meaning | None:
        """Return what the first rule, or else the status word, means; None for neither."""
        by_rule = first_rule(self._rules, scene)
        return by_rule or self._words.meaning(self._spec.read.status.first(scene))

    def read(self, target: Target | None, scene: AnswerView, seen: ParsedResponse) -> Finding:
        """Return what *scene*, part of a good answer, says of *target*.

        No target is given where the part was found by its id.
        """
        if not self.can_hold(scene.item):
            meaning = first_rule(self._bare_rules, scene)
            if meaning is None:
                is_object = isinstance(seen.body.data, dict)
                fault = Fault.NO_STATUS if is_object else Fault.NOT_AN_OBJECT
                return seen.trouble(fault, self._spec.read.root.text or self._wanted)
            return self._reading(meaning, scene, seen, seen.body.data)
        other = self._other_id(target, scene)
        if other is not None:
            return seen.trouble(Fault.WRONG_ID, other)
        meaning = self.meaning(scene)
        if meaning is None:
            return seen.trouble(Fault.NO_STATUS, self._wanted)
        raw = seen.body.data if target else scene.item
        return self._reading(meaning, scene, seen, raw)

    def by_http(self, target: Target, scene: AnswerView, seen: ParsedResponse) -> Finding | None:
        """Return what a rule says of an answer that has no good status or no body.

        A web page or half an answer never decides: a proxy's 404 is no news of
        the operation.
        """
        if seen.body.fault not in {None, Fault.EMPTY}:
            return None
        has_body = self.can_hold(scene.item)
        meaning = first_rule(self._rules if has_body else self._bare_rules, scene)
        if meaning is None:
            return None
        other = self._other_id(target, scene) if has_body else None
        if other is not None:
            return seen.trouble(Fault.WRONG_ID, other)
        return self._reading(meaning, scene, seen, seen.body.data)

    def unread(self, scene: AnswerView, seen: ParsedResponse) -> Finding | None:
        """Return what a rule says of an answer whose body was too large to be read."""
        meaning = first_rule(self._unread_rules, scene)
        return None if meaning is None else self._reading(meaning, scene, seen, None)

    def _other_id(self, target: Target | None, scene: AnswerView) -> str | None:
        """Return the id in the answer if it is another operation's."""
        asked = target.params.get(ID) if target else None
        if not asked:
            return None
        found = self._spec.read.id.all(scene)
        if not found or any(same_id(asked, each) for each in found):
            return None
        return word(found[0]) or ""

    @property
    def _wanted(self) -> str:
        text = self._spec.read.status.text
        return text if len(text) <= _TELLING else ""

    def _reading(
        self, meaning: Meaning, scene: AnswerView, seen: ParsedResponse, raw: Any
    ) -> Reading:
        """Return *meaning* with all that the answer says besides."""
        reads, is_over = self._spec.read, meaning.state.is_terminal
        progress = read_progress(reads.progress, scene)
        has_error = meaning.state in _ENDED_BADLY or meaning.partial
        found = word(reads.status.first(scene))
        return Reading(
            state=meaning.state,
            status=(found or "").strip(),
            progress=progress.percent,
            count=progress.so_far,
            message=sentence(reads.message.first(scene)) if reads.message else None,
            error=_error(reads.error, scene) if has_error else None,
            created_at=moment(reads.created.first(scene)) if reads.created else None,
            started_at=moment(reads.started.first(scene)) if reads.started else None,
            updated_at=moment(reads.updated.first(scene)) if reads.updated else None,
            finished_at=moment(reads.finished.first(scene)) if is_over else None,
            link=web_address(reads.link.first(scene)) if reads.link else None,
            result=reads.result.first(scene) if is_over else None,
            id=word(reads.id.first(scene)) if reads.id else None,
            partial=meaning.partial,
            is_known_word=meaning.is_known,
            wait=None if is_over else seen.pauses.named,
            moved_to=None if is_over else self._moved(seen),
            rule=meaning.decided_by,
            raw=raw,
        )

    def _moved(self, seen: ParsedResponse) -> str | None:
        for name in self._spec.moves:
            url = resolved(seen.response.url, seen.response.headers.get(name))
            if url:
                return url
        return None


def _error(paths: ErrorPaths, scene: AnswerView) -> OperationError | None:
    code = word(paths.code.first(scene))
    message = sentence(paths.message.first(scene))
    details = paths.details.first(scene)
    if code is None and message is None and details is None:
        return None
    return OperationError(code, message or sentence(details), details)
