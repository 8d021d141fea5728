"""A profile bound to its parameters: what the rest of opwatch works with.

Decides nothing itself; it joins the parts that do, bound to one base URL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from opwatch.domain.errors import BadReferenceError, UsageError
from opwatch.domain.messages import Request, Response, with_query
from opwatch.domain.operation import Answer, Reading, State, Target
from opwatch.domain.origin import AllowedOrigins, parse_origin
from opwatch.domain.trouble import Fault, Trouble
from opwatch.profiles.language.params import ID
from opwatch.profiles.language.request import batch_query, build, for_batch, headers_of, next_page
from opwatch.profiles.reading.answer import AnswerReader
from opwatch.profiles.reading.response import parse_body
from opwatch.profiles.references import ReferenceResolver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opwatch.domain.auth import Scheme
    from opwatch.domain.command_line import OptionWords
    from opwatch.domain.pacing import PollingRules
    from opwatch.profiles.definition import Definition
    from opwatch.profiles.language.handoff import OperationReference, RequestFacts
    from opwatch.profiles.results import FailureSteps, ResultSteps, StartingUrls

NO_CONTENT: Final = 204
WHOLE: Final = frozenset({200, 201})
"""The statuses of an answer that is the end itself; a 202 is not (RFC 9110 §15.3.3)."""


@dataclass(eq=False)
class Profile:
    """One API: which operation is meant, how it is requested, and what an answer says.

    Its texts are those of *definition* with *params* filled in. A credential may go to
    *origins*; polling URLs may be at any that is *reachable*. *options* are those that bind it
    like this on a command line.
    """

    definition: Definition
    params: Mapping[str, str]
    base_url: str
    origins: AllowedOrigins
    reachable: AllowedOrigins
    auth: Scheme
    polling_rules: PollingRules
    options: OptionWords

    def __post_init__(self) -> None:
        spec = self._spec = self.definition.spec
        self.name = self.definition.name
        self.conditional = spec.conditional
        self.source = self.definition.file
        self._batch_request = for_batch(spec.request, spec.batch) if spec.batch else None
        self._has_single = ID in spec.request.names
        self._resolver = ReferenceResolver(spec, self.params, self.base_url, self.reachable)
        self.reader = AnswerReader(spec, self.definition.words, self.params, self._encode)

    def __repr__(self) -> str:
        return f"Profile({self.name!r}, {self.base_url!r})"

    def target(self, reference: str, params: Mapping[str, str] | None = None) -> Target:
        """Return the operation that *reference* names; *params* override the profile's own.

        Raises:
            BadReferenceError: it does not name one, or is on another origin.
            UsageError: a parameter is missing or not valid.
        """
        resolved = self._resolver.resolve(reference, params or {})
        spec, own = self._spec, params or {}
        fault = spec.fault_in({name: own[name] for name in own if name not in resolved.params})
        if fault:
            raise UsageError(fault)
        given = {**own, **resolved.params}
        values = {name: spec.param(name).written(value) for name, value in given.items()}
        if resolved.url and spec.batch and not self._has_single and ID in values:
            resolved = resolved._replace(url=None)  # such a URL is the batch's own
        whole = {**self.params, **values}
        if resolved.url is None:
            self._check_complete(reference, whole)
        return Target(
            reference=reference,
            id=spec.param(ID).written(resolved.id),
            origin=str(parse_origin(resolved.url or self.base_url)),
            profile=self.name,
            params=values,
            url=resolved.url,
            group="" if resolved.url or not self._batch_request else self._group(whole),
            options=self.options,
        )

    def request(self, targets: Sequence[Target]) -> Request:
        """Return the status request for *targets*, all of one group."""
        first = targets[0]
        values = {**self.params, **first.params}
        if first.url is not None:
            plain = self._spec.request._replace(body=None, graphql=None)
            url = self._resolver.completed(first.url, first.params)  # it may have moved
            authorize = not (self._spec.open_hosts and self._is_open(url))
            return Request("GET", url, headers_of(plain, values), authorize=authorize)
        if self._is_batch(targets) and self._batch_request and self._spec.batch:
            ids = [target.params.get(ID, target.id) for target in targets]
            request = build(
                self.base_url, self._batch_request, {**values, ID: ""}, self._encode, ids
            )
            return request.to(with_query(request.url, batch_query(self._spec.batch, ids)))
        return build(self.base_url, self._spec.request, values, self._encode)

    def read(
        self, targets: Sequence[Target], response: Response, pages: Sequence[Response] = ()
    ) -> Answer:
        """Return one finding for each of *targets*; it never raises.

        *pages* are the answers to what ``next_page`` asked for.
        """
        return self.reader.read(targets, response, is_list=self.is_list(targets), pages=pages)

    def read_status(self, targets: Sequence[Target], trouble: Trouble) -> Answer:
        """Return *trouble* for each of *targets*, unless its HTTP status decides the state.

        It does if the body was too large to be read, and a rule says that it may.
        """
        if trouble.fault is not Fault.TOO_LARGE or trouble.status is None or len(targets) > 1:
            return Answer.all(trouble, len(targets))
        return Answer((self.reader.unread(targets[0], trouble),))

    def headers(self) -> dict[str, str]:
        """Return the headers of every request to this API, except its credential."""
        spec = self._spec.request
        ready = {
            name: text for name, text in spec.headers.items() if text.names <= self.params.keys()
        }
        return headers_of(spec._replace(headers=ready, body=None, graphql=None), self.params)

    def trouble(self, response: Response) -> Trouble | None:
        """Return the trouble that the HTTP status of *response* is, None for a good one."""
        return self.reader.parse_response(response).trouble_of_status

    def pause(self, response: Response) -> float:
        """Return the pause in seconds that *response* asks for."""
        return self.reader.parse_response(response).pauses.named or 0.0

    def next_page(self, targets: Sequence[Target], response: Response) -> Request | Trouble | None:
        """Return the request for the next page of a list, None after the last one."""
        batch = self._spec.batch
        if batch is None or batch.next is None or not response.is_good:
            return None
        if not self._is_batch(targets):
            return None
        view = self.reader.whole_view(response)
        return next_page(batch.next, self.request(targets), view, response.url)

    def handoff(
        self, response: Response, request: RequestFacts | None = None
    ) -> tuple[OperationReference, ...]:
        """Return the references in a starting answer to *request*.

        Raises:
            UsageError: it does not name an operation, or another than the id that is known.
        """
        from opwatch.profiles.language import handoff  # noqa: PLC0415, few need it

        rules, facts = self._spec.handoff, request or handoff.UNKNOWN
        data = parse_body(response.body).data
        found = handoff.operation_references(rules, response, data, facts)
        if not found or (facts.id and found[0].reference != facts.id):
            complaint = self.reader.complaint(response)
            raise handoff.no_operation_error(
                rules, response, facts, self.name, complaint, options=self.options
            )
        return found

    def starting_reading(self, target: Target, response: Response) -> Reading | None:
        """Return what a starting answer already says of *target*, None if nothing is certain.

        Only a known status word counts, in an answer that names this very operation; an end
        does not in one that says that the work has only been accepted.
        """
        if not response.is_good or not self._spec.read.id:
            return None
        finding = self.reader.read([target], response, is_list=False).findings[0]
        if not isinstance(finding, Reading) or not finding.is_known_word or finding.id is None:
            return None
        return finding if response.status in WHOLE or not finding.state.is_terminal else None

    def end_at_once(self, target: Target, response: Response, method: str) -> Reading | None:
        """Return the end that an answer to *method* tells although it names no operation.

        A known status word tells it, or a rule that looks into the body. So does a 204 of
        a DELETE: the action has been enacted (RFC 9110 §9.3.5). A 204 of any other method
        does not, for some APIs answer so to what they have only accepted. That what is to be
        deleted is gone already counts only where the profile says so, and in the API's own words.
        """
        if method == "DELETE" and response.status == NO_CONTENT:
            return Reading(State.SUCCEEDED)
        gone = self._spec.gone
        if (
            method == "DELETE"
            and gone.state
            and any(each.hold(response.status) for each in gone.deleted)
        ):
            words = self.reader.words_of_api(target, response)
            return None if words is None else Reading(gone.state, message=words or None)
        if response.status not in WHOLE:
            return None
        reading = self.reader.told(target, response)
        return reading if reading and reading.state.is_terminal else None

    def result_steps(
        self, target: Target, reading: Reading, start: StartingUrls | None = None
    ) -> ResultSteps:
        """Return the steps to the result of *target*, from its terminal *reading*.

        *start* are the URLs of the starting request, if opwatch sent it.
        """
        from opwatch.profiles.results import ResultSteps, begin  # noqa: PLC0415, few need it

        values = {**self.params, **target.params}
        steps = ResultSteps((), self.base_url, values, self._encode, value=reading.result)
        if reading.state is not State.SUCCEEDED or not target.initial.is_named:
            return steps
        if start and start.location:
            whole = urljoin(start.url, start.location)
            start = start._replace(location=self._resolver.completed(whole, target.params))
        return begin(steps, self._spec, reading, target.url or self.base_url, start)

    @property
    def has_result(self) -> bool:
        """Tell whether it knows of anything that comes out of an operation."""
        spec = self._spec
        return bool(spec.result or spec.read.result) or spec.final != "operation"

    @property
    def explains_failures(self) -> bool:
        """Tell whether it knows how to ask why an operation failed."""
        return bool(self._spec.on_failure and self._spec.on_failure.steps)

    def failure_steps(self, target: Target, reading: Reading) -> FailureSteps | None:
        """Return the steps to why *target* failed, from its terminal *reading*; None for none."""
        asked = self._spec.on_failure
        if not asked or reading.state not in asked.of or not target.initial.is_named:
            return None
        from opwatch.profiles.results import (  # noqa: PLC0415, few need it
            FailureSteps,
            ResultSteps,
            follow,
        )

        steps = ResultSteps((), self.base_url, {**self.params, **target.params}, self._encode)
        url = target.url or self.base_url
        return FailureSteps(follow(steps, asked.steps, self._spec, reading, url))

    def where(self, decided_by: str) -> tuple[str, int]:
        """Return the file and the line of what ``Reading.rule`` names."""
        return self.definition.where(decided_by)

    def is_list(self, targets: Sequence[Target]) -> bool:
        """Tell whether the answer about *targets* lists operations."""
        return self._is_batch(targets) or (self._batch_request is not None and not self._has_single)

    def _is_open(self, url: str) -> bool:
        """Tell whether *url* is at a host that is to be shown no credential."""
        origin = parse_origin(url)
        return origin in self.reachable and origin not in self.origins

    def _is_batch(self, targets: Sequence[Target]) -> bool:
        if self._batch_request is None or targets[0].url is not None:
            return False
        return len(targets) > 1 or not self._has_single

    def _encode(self, name: str, value: str) -> str:
        return self._spec.param(name).quoted(value)

    def _group(self, values: Mapping[str, str]) -> str:
        rest = (f"{name}={value}" for name, value in sorted(values.items()) if name != ID)
        return "\n".join((self.name, self.base_url, *rest))

    def _check_complete(self, reference: str, values: Mapping[str, str]) -> None:
        single = self._spec.request
        many = (
            self._batch_request.path
            if self._batch_request and not self._has_single
            else single.path
        )
        needed = many.choose(values).names if many else frozenset[str]()
        # What only the base URL needs was checked with it, or another base URL was given.
        elsewhere = self._spec.base_url.names if self._spec.base_url else frozenset[str]()
        required = {name for name, param in self._spec.params.items() if param.required}
        required -= elsewhere
        lacking = [name for name in sorted(needed | required) if not values.get(name)]
        if lacking:
            helps = [(name, self._spec.param(name).help) for name in lacking]
            wanted = " and ".join(name + (f" ({what})" if what else "") for name, what in helps)
            hint = " ".join(f"--param {name}=…" for name in lacking)
            raise BadReferenceError(reference, f"profile {self.name!r} needs {wanted}", hint=hint)
