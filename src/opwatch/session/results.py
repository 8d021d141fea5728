"""The results of operations that have succeeded, fetched or downloaded.

Decides where a result may come from: the profile's own origins with its
credential, or, for a step with ``authorize: false``, any host over https without
one. Nothing here changes how an operation ended; a result that could not
be had is a reason beside it.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from opwatch.domain.errors import UnwritableError
from opwatch.domain.origin import OriginError, parse_origin
from opwatch.domain.outcome import Reason
from opwatch.domain.trouble import Fault, Trouble
from opwatch.engine.retry import with_retries
from opwatch.session.download import (
    FALLBACK,
    Download,
    name_from_id,
    proposed_name,
    safe_name,
    with_suffix,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from opwatch.domain.messages import Request, Response
    from opwatch.domain.operation import Operation
    from opwatch.domain.pacing import Uniform
    from opwatch.profiles import Profile, ResultSteps, StartingUrls
    from opwatch.session.plan import Plan, ResultOptions
    from opwatch.session.sender import Sender

AT_ONCE: Final = 4
PATIENCE: Final = 30.0
"""Seconds for an answer, or for a silence in the middle of a file."""

ResultValue: TypeAlias = Any
"""The JSON of a result, or the trouble that there was instead."""
Reply: TypeAlias = "Response | Trouble"


class ResultFetcher:
    """Fetches the results of the operations of *plan*; *started* is where they were started."""

    def __init__(
        self,
        plan: Plan,
        senders: Mapping[str, Sender],
        results: ResultOptions,
        uniform: Uniform,
        started: StartingUrls | None = None,
    ) -> None:
        self._plan = plan
        self._senders = senders
        self._results = results
        self._uniform = uniform
        self._started = started
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, operation: Operation) -> Operation:
        """Return *operation*, which has succeeded, with its result or why there is none."""
        if operation.reading is None:
            return operation
        name = operation.target.profile
        profile, sender = self._plan.profiles[name], self._senders[name]
        steps = profile.result_steps(operation.target, operation.reading, self._started)
        fetch = _ResultFetch(profile, sender, self._results, self._uniform, operation.id)
        async with self._slots:
            try:
                found = await fetch.run(steps)
            except UnwritableError as problem:
                found = Trouble(Fault.OS_ERROR, str(problem))
        if isinstance(found, Trouble):
            return operation.but(reason=Reason.NO_RESULT, trouble=found)
        return operation.but(reading=replace(operation.reading, result=found))


@dataclass(frozen=True, slots=True)
class _ResultFetch:
    """Fetches the result of the operation *id*, step by step."""

    profile: Profile
    sender: Sender
    results: ResultOptions
    uniform: Uniform
    id: str

    async def run(self, steps: ResultSteps) -> ResultValue:
        """Take *steps*, and once more where a signed URL was refused: it may have expired."""
        found, is_stale = await self._follow(steps)
        return (await self._follow(steps))[0] if is_stale else found

    async def _follow(self, steps: ResultSteps) -> tuple[ResultValue, bool]:
        host = ""
        while (fetch := steps.fetch) is not None:
            refused = refusal_to_ask(fetch.request, self.profile)
            if refused is not None:
                return refused, False
            if fetch.download:
                if self.results.folder is None:
                    # What leads to the file is the result then.
                    leads = {"url": fetch.request.url}
                    return leads if steps.value is None else steps.value, False
                found = await self._download(fetch.request, self.results.folder)
                return found, not fetch.request.authorize and _is_refusal(found)
            reply = await self._get(fetch.request)
            if isinstance(reply, Trouble):
                return reply, False
            steps, host = steps.after(reply), parse_origin(reply.url).authority
        if steps.missing:
            return Trouble(Fault.NO_RESULT, steps.missing, host=host), False
        if self.results.folder is None or steps.value is None:
            return steps.value, False
        return self._write(steps.value, self.results.folder), False

    async def _retried(self, once: Callable[[], Awaitable[Reply]]) -> Reply:
        async def judged() -> Reply:
            reply = await once()
            return reply if isinstance(reply, Trouble) else self.profile.trouble(reply) or reply

        return await with_retries(judged, self.uniform)

    async def _get(self, request: Request) -> Reply:
        return await self._retried(lambda: self.sender.send(request, PATIENCE))

    async def _download(self, request: Request, folder: Path) -> ResultValue:
        with Download(folder) as download:

            async def once() -> Reply:
                download.restart()
                return await self.sender.download(
                    request, download.file, timeout=PATIENCE, limit=self.results.largest
                )

            reply = await self._retried(once)
            if isinstance(reply, Trouble):
                return reply
            name = safe_name(proposed_name(reply.headers.get("content-disposition")))
            own = with_suffix(self._own_name(), reply.headers.get("content-type"))
            return _file(*download.keep(self._harmless(name) or own))

    def _write(self, value: Any, folder: Path) -> Mapping[str, Any]:
        """Write a result that is not a file itself as JSON; return where it is."""
        with Download(folder) as download:
            download.write(json.dumps(value, indent=2).encode() + b"\n")
            return _file(*download.keep(self._own_name() + ".json"))

    def _own_name(self) -> str:
        return self._harmless(name_from_id(self.id)) or FALLBACK

    def _harmless(self, name: str) -> str:
        """Return *name*, empty if it holds a secret: none is ever on the disk (rule S12)."""
        return name if self.sender.redact(name) == name else ""


def refusal_to_ask(request: Request, profile: Profile) -> Trouble | None:
    """Return why *request* is not to be made, None if it may be."""
    try:
        origin = parse_origin(request.url)
    except OriginError as problem:
        return Trouble(Fault.BAD_REQUEST, str(problem))
    if request.authorize:
        allowed = origin in profile.origins
        return (
            None if allowed else Trouble(Fault.FOREIGN_ORIGIN, str(origin), host=origin.authority)
        )
    at_home = origin.is_loopback and parse_origin(profile.base_url).is_loopback
    if origin.is_loopback and not at_home:
        # An API somewhere else must not reach the servers of this machine.
        return Trouble(Fault.FOREIGN_ORIGIN, str(origin), host=origin.authority)
    if origin.scheme != "https" and not at_home:
        detail = "a result is fetched over https only"
        return Trouble(Fault.BAD_REQUEST, detail, host=origin.authority)
    return None


def _is_refusal(found: ResultValue) -> bool:
    return isinstance(found, Trouble) and found.status in {400, 401, 403, 404, 410}


def _file(path: Path, size: int) -> Mapping[str, Any]:
    return {"file": str(path), "size": size}
