"""The results of operations that have succeeded, fetched or downloaded.

Decides where a result may come from: the profile's own origins with its
credential, or, for a step that says ``authorize: false``, any host over https
without one. Nothing here changes how an operation ended; a result that could not
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
from opwatch.engine import with_retries
from opwatch.session.download import FALLBACK, Download, named_after, proposed, safe_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from opwatch.domain.messages import Request, Response
    from opwatch.domain.operation import Operation
    from opwatch.domain.pacing import Uniform
    from opwatch.profiles import Profile, ResultSteps, StartingUrls
    from opwatch.session.plan import Plan
    from opwatch.session.sender import Sender

AT_ONCE: Final = 4
PATIENCE: Final = 30.0
"""Seconds for an answer, or for a silence in the middle of a file."""
LARGEST: Final = 10 * 1024**3

Found: TypeAlias = Any
"""The JSON of a result, or the trouble that kept us from it."""
Came: TypeAlias = "Response | Trouble"


@dataclass(frozen=True, slots=True)
class Wants:
    """What is to be had of an operation that has succeeded.

    Its result is fetched; a file goes into *folder*, if there is one, and is no
    larger than *largest* bytes.
    """

    folder: Path | None = None
    largest: int = LARGEST


class Collector:
    """Fetches the results of the operations of *plan*; *started* tells how we began them."""

    def __init__(
        self,
        plan: Plan,
        senders: Mapping[str, Sender],
        wants: Wants,
        uniform: Uniform,
        started: StartingUrls | None = None,
    ) -> None:
        self._plan = plan
        self._carriers = senders
        self._wants = wants
        self._uniform = uniform
        self._started = started
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, operation: Operation) -> Operation:
        """Return *operation*, which has succeeded, with its result or why there is none."""
        if operation.reading is None:
            return operation
        name = operation.target.profile
        profile, sender = self._plan.profiles[name], self._carriers[name]
        steps = profile.result_steps(operation.target, operation.reading, self._started)
        errand = _Errand(profile, sender, self._wants, self._uniform, operation.id)
        async with self._slots:
            try:
                found = await errand.run(steps)
            except UnwritableError as problem:
                found = Trouble(Fault.OS_ERROR, str(problem))
        if isinstance(found, Trouble):
            return operation.but(reason=Reason.NO_RESULT, trouble=found)
        return operation.but(reading=replace(operation.reading, result=found))


@dataclass(frozen=True, slots=True)
class _Errand:
    """The way to the result of the operation *id*."""

    profile: Profile
    sender: Sender
    wants: Wants
    uniform: Uniform
    id: str

    async def run(self, steps: ResultSteps) -> Found:
        """Go it, and once more where a signed URL was refused: it may have expired."""
        found, is_stale = await self._follow(steps)
        return (await self._follow(steps))[0] if is_stale else found

    async def _follow(self, steps: ResultSteps) -> tuple[Found, bool]:
        host = ""
        while (fetch := steps.fetch) is not None:
            refused = _misplaced(fetch.request, self.profile)
            if refused is not None:
                return refused, False
            if fetch.download:
                if self.wants.folder is None:
                    break  # what leads to the file is the result then
                found = await self._download(fetch.request, self.wants.folder)
                return found, not fetch.request.authorize and _is_refusal(found)
            came = await self._get(fetch.request)
            if isinstance(came, Trouble):
                return came, False
            steps, host = steps.after(came), parse_origin(came.url).host
        if steps.missing:
            return Trouble(Fault.NO_RESULT, steps.missing, host=host), False
        if self.wants.folder is None or steps.value is None:
            return steps.value, False
        return self._write(steps.value, self.wants.folder), False

    async def _persist(self, once: Callable[[], Awaitable[Came]]) -> Came:
        async def judged() -> Came:
            came = await once()
            return came if isinstance(came, Trouble) else self.profile.trouble(came) or came

        return await with_retries(judged, self.uniform)

    async def _get(self, request: Request) -> Came:
        return await self._persist(lambda: self.sender.send(request, PATIENCE))

    async def _download(self, request: Request, folder: Path) -> Found:
        with Download(folder) as incoming:

            async def once() -> Came:
                incoming.begin_anew()
                return await self.sender.download(
                    request, incoming.file, timeout=PATIENCE, limit=self.wants.largest
                )

            came = await self._persist(once)
            if isinstance(came, Trouble):
                return came
            name = safe_name(proposed(came.headers.get("content-disposition")))
            return _file(*incoming.keep(self._harmless(name) or self._own_name()))

    def _write(self, value: Any, folder: Path) -> Mapping[str, Any]:
        """Write a result that is no file by itself as JSON; return what tells where."""
        with Download(folder) as incoming:
            incoming.write(json.dumps(value, indent=2).encode() + b"\n")
            return _file(*incoming.keep(self._own_name() + ".json"))

    def _own_name(self) -> str:
        return self._harmless(named_after(self.id)) or FALLBACK

    def _harmless(self, name: str) -> str:
        """Return *name*, empty if a secret is in it: none is ever on the disk (rule S12)."""
        return name if self.sender.redact(name) == name else ""


def _misplaced(request: Request, profile: Profile) -> Trouble | None:
    """Return why *request* is not to be made, None if it may be."""
    try:
        origin = parse_origin(request.url)
    except OriginError as problem:
        return Trouble(Fault.BAD_REQUEST, str(problem))
    if request.authorize:
        allowed = origin in profile.origins
        return None if allowed else Trouble(Fault.FOREIGN_ORIGIN, str(origin), host=origin.host)
    at_home = origin.is_loopback and parse_origin(profile.base_url).is_loopback
    if origin.is_loopback and not at_home:
        # An API somewhere else has no business with the servers of this machine.
        return Trouble(Fault.FOREIGN_ORIGIN, str(origin), host=origin.host)
    if origin.scheme != "https" and not at_home:
        detail = "a result is fetched over https only"
        return Trouble(Fault.BAD_REQUEST, detail, host=origin.host)
    return None


def _is_refusal(found: Found) -> bool:
    return isinstance(found, Trouble) and found.status in {400, 401, 403, 404, 410}


def _file(path: Path, size: int) -> Mapping[str, Any]:
    return {"file": str(path), "size": size}
