"""A profile with its parameters: what the rest of opwatch works with.

Decides nothing of its own; it holds the parts that do, bound to one base URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from opwatch.domain.errors import BadReferenceError, UsageError
from opwatch.domain.messages import Request, Response, with_query
from opwatch.domain.operation import Answer, Reading, State, Target
from opwatch.domain.origin import parse_origin
from opwatch.domain.trouble import Fault
from opwatch.profiles.language.handoff import UNKNOWN, Asked, HandedOff, hand_off, unnamed
from opwatch.profiles.language.params import ID, PLAIN
from opwatch.profiles.language.request import (
    batch_query,
    build,
    for_batch,
    headers_of,
    next_page,
)
from opwatch.profiles.reading.answer import AnswerReader
from opwatch.profiles.reading.body import parse_body
from opwatch.profiles.references import Address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opwatch.domain.auth import Scheme
    from opwatch.domain.origin import AllowedOrigins
    from opwatch.domain.pacing import PollingRules
    from opwatch.domain.trouble import Trouble
    from opwatch.profiles.definition import Definition
    from opwatch.profiles.explain import Explanation
    from opwatch.profiles.language.spec import Confidence
    from opwatch.profiles.results import ResultSteps, Started


class Bound(NamedTuple):
    """What a profile's parameters make of its texts."""

    params: Mapping[str, str]
    base_url: str
    origins: AllowedOrigins
    auth: Scheme
    polling_rules: PollingRules


class Profile:
    """One API, with its parameters, as ``target``, ``request`` and ``read`` need it."""

    def __init__(self, definition: Definition, bound: Bound) -> None:
        spec = definition.spec
        self.name = definition.name
        self.title = spec.title
        self.docs = spec.docs
        self.notes = spec.notes
        self.retention = spec.retention
        self.confidence: Confidence = spec.confidence
        self.experimental = spec.experimental
        self.conditional = spec.conditional
        self.source = definition.file
        self.params = bound.params
        self.base_url = bound.base_url
        self.origins = bound.origins
        self.auth = bound.auth
        self.polling_rules = bound.polling_rules
        self._definition = definition
        self._spec = spec
        self._ask_many = for_batch(spec.request, spec.batch) if spec.batch else None
        self._has_single = ID in spec.request.names
        self._address = Address(spec, bound.params, bound.base_url, bound.origins)
        self._reader = AnswerReader(spec, definition.words, bound.params, self._quoted)

    def __repr__(self) -> str:
        return f"Profile({self.name!r}, {self.base_url!r})"

    def target(self, reference: str, params: Mapping[str, str] | None = None) -> Target:
        """Return the operation that *reference* names; *params* go before the profile's own.

        Raises:
            BadReferenceError: it names none, or is on another origin.
            UsageError: a parameter is missing or refused.
        """
        named = self._address.read(reference, params or {})
        values = {**(params or {}), **named.params}
        self._check(values)
        if named.url and self._spec.batch and not self._has_single and ID in values:
            named = named._replace(url=None)  # such a URL is the batch's own
        whole = {**self.params, **values}
        if named.url is None:
            self._check_complete(reference, whole)
        return Target(
            reference=reference,
            id=named.id,
            origin=str(parse_origin(named.url or self.base_url)),
            profile=self.name,
            params=values,
            url=named.url,
            group="" if named.url or not self._ask_many else self._group(whole),
        )

    def request(self, targets: Sequence[Target]) -> Request:
        """Return the request that asks about *targets*, all of one group."""
        first = targets[0]
        values = {**self.params, **first.params}
        if first.url is not None:
            plain = self._spec.request._replace(body=None, graphql=None)
            return Request("GET", first.url, headers_of(plain, values))
        if self._asks_many(targets) and self._ask_many and self._spec.batch:
            ids = [target.params.get(ID, target.id) for target in targets]
            request = build(self.base_url, self._ask_many, {**values, ID: ""}, self._quoted, ids)
            return request.to(with_query(request.url, batch_query(self._spec.batch, ids)))
        return build(self.base_url, self._spec.request, values, self._quoted)

    def read(
        self, targets: Sequence[Target], response: Response, pages: Sequence[Response] = ()
    ) -> Answer:
        """Return one finding for each of *targets*; it never raises.

        *pages* are the answers to what ``next_page`` asked for.
        """
        is_list = self._answers_many(targets)
        return self._reader.read(targets, response, is_list=is_list, pages=pages)

    def read_status(self, targets: Sequence[Target], trouble: Trouble) -> Answer:
        """Return *trouble* for each of *targets*, unless its HTTP status tells the state.

        It does where the body was too large to be read, and a rule can do without.
        """
        if trouble.fault is not Fault.TOO_LARGE or trouble.status is None or len(targets) > 1:
            return Answer.all(trouble, len(targets))
        return Answer((self._reader.unread(targets[0], trouble),))

    def headers(self) -> dict[str, str]:
        """Return the headers of every request to this API, but for its credential."""
        ask = self._spec.request
        ready = {
            name: text for name, text in ask.headers.items() if text.names <= self.params.keys()
        }
        return headers_of(ask._replace(headers=ready, body=None, graphql=None), self.params)

    def trouble(self, response: Response) -> Trouble | None:
        """Return the trouble that the status of *response* is, whatever was asked for."""
        return self._reader.see(response).trouble_of_status

    def pause(self, response: Response) -> float:
        """Return for how many seconds *response* asks us to stay away."""
        return self._reader.see(response).pauses.named or 0.0

    def next_page(self, targets: Sequence[Target], response: Response) -> Request | Trouble | None:
        """Return the request for the next page of a list, None after the last one."""
        batch = self._spec.batch
        if batch is None or batch.next is None or not response.is_good:
            return None
        if not self._asks_many(targets):
            return None
        scene = self._reader.whole(response)
        return next_page(batch.next, self.request(targets), scene, response.url)

    def handoff(self, response: Response, asked: Asked = UNKNOWN) -> tuple[HandedOff, ...]:
        """Return the references out of a starting answer to what was *asked*.

        Raises:
            UsageError: it names no operation, or more than the id that is known.
        """
        rules = self._spec.handoff
        found = hand_off(rules, response, parse_body(response.body).data, asked)
        if not found or (asked.id and found[0].reference != asked.id):
            said = self._reader.complaint(response)
            raise unnamed(rules, response, asked, self.name, said)
        return found

    def starting_reading(self, target: Target, response: Response) -> Reading | None:
        """Return what a starting answer already says of *target*, None if nothing certain.

        Only a known word in an answer that names the very operation counts.
        """
        if not response.is_good or not self._spec.read.id:
            return None
        finding = self._reader.read([target], response, is_list=False).findings[0]
        if not isinstance(finding, Reading) or not finding.is_known_word or finding.id is None:
            return None
        return finding

    def result_steps(
        self, target: Target, reading: Reading, start: Started | None = None
    ) -> ResultSteps:
        """Return the way to the result of *target*, whose terminal *reading* is given.

        *start* is what the starting request and its answer told, where
        opwatch made it.
        """
        from opwatch.profiles.results import ResultSteps, begin  # noqa: PLC0415, few need it

        values = {**self.params, **target.params}
        steps = ResultSteps((), self.base_url, values, self._quoted, value=reading.result)
        if reading.state is not State.SUCCEEDED:
            return steps
        return begin(steps, self._spec, reading, target.url or self.base_url, start)

    def explain(self, target: Target, response: Response) -> Explanation:
        """Return what decided the reading of *response*, and what each path found."""
        from opwatch.profiles.explain import explain  # noqa: PLC0415, one command needs it

        is_list = self._answers_many([target])
        return explain(self._definition, self._reader, target, response, is_list=is_list)

    def _asks_many(self, targets: Sequence[Target]) -> bool:
        if self._ask_many is None or targets[0].url is not None:
            return False
        return len(targets) > 1 or not self._has_single

    def _answers_many(self, targets: Sequence[Target]) -> bool:
        return self._asks_many(targets) or (self._ask_many is not None and not self._has_single)

    def _quoted(self, name: str, value: str) -> str:
        return self._spec.params.get(name, PLAIN).quoted(value)

    def _group(self, values: Mapping[str, str]) -> str:
        rest = (f"{name}={value}" for name, value in sorted(values.items()) if name != ID)
        return "\n".join((self.name, self.base_url, *rest))

    def _check(self, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            fault = self._spec.params.get(name, PLAIN).fault(name, value)
            if fault:
                raise UsageError(fault)

    def _check_complete(self, reference: str, values: Mapping[str, str]) -> None:
        ask = self._spec.request
        many = self._ask_many.path if self._ask_many and not self._has_single else ask.path
        needed = many.choose(values).names if many else frozenset[str]()
        # What only the base URL needs was checked with it, or another one was given.
        elsewhere = self._spec.base_url.names if self._spec.base_url else frozenset[str]()
        required = {name for name, param in self._spec.params.items() if param.required}
        required -= elsewhere
        lacking = [name for name in sorted(needed | required) if not values.get(name)]
        if lacking:
            helps = [(name, self._spec.params.get(name, PLAIN).help) for name in lacking]
            wanted = " and ".join(name + (f" ({what})" if what else "") for name, what in helps)
            hint = " ".join(f"--param {name}=…" for name in lacking)
            raise BadReferenceError(reference, f"profile {self.name!r} needs {wanted}", hint=hint)
