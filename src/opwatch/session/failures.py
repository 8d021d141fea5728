"""Why operations failed, asked of their API after their end.

Decides how much that may cost: a few requests for each of the first operations, within
seconds, to where a result may come from too (the profile's own origins with its
credential, any other over https without). Whatever goes wrong is a note beside the
failure. It never changes how an operation ended, and delays that by no more than SECONDS.
"""

from __future__ import annotations

import asyncio
import io
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from opwatch.domain.operation import Failure, Operation
from opwatch.domain.origin import parse_origin
from opwatch.domain.trouble import Fault, Trouble
from opwatch.engine.retry import with_retries
from opwatch.session.results import refusal_to_ask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.domain.messages import Request, Response
    from opwatch.domain.pacing import Uniform
    from opwatch.profiles import Profile
    from opwatch.profiles.results import FailureSteps
    from opwatch.session.sender import Sender

    Reply: TypeAlias = Response | Trouble

MOST_OPERATIONS: Final = 10
MOST_REQUESTS: Final = 6
AT_ONCE: Final = 2
SECONDS: Final = 20.0
"""From the end of an operation, for all of its requests and for its turn."""
LARGEST_LOG: Final = 64 * 1024**2
TAIL: Final = 256 * 1024
"""Bytes at the end of a log that are kept while it is read."""


class FailureInquiry:
    """Asks why operations failed; *profiles* and *senders* are by the profile's name."""

    def __init__(
        self, profiles: Mapping[str, Profile], senders: Mapping[str, Sender], uniform: Uniform
    ) -> None:
        self._profiles = profiles
        self._senders = senders
        self._uniform = uniform
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._asked = 0

    async def __call__(self, operation: Operation) -> Operation:
        """Return *operation*, which has failed, with what its API tells of why."""
        if operation.reading is None:
            return operation
        name = operation.target.profile
        steps = self._profiles[name].failure_steps(operation.target, operation.reading)
        if steps is None:
            return operation
        if steps.fetch is not None:
            self._asked += 1
            if self._asked > MOST_OPERATIONS:
                return operation.but(failure=Failure(is_asked=False))
        asking = _Asking(self._profiles[name], self._senders[name], self._uniform, steps)
        trouble: Trouble | None
        try:
            async with asyncio.timeout(SECONDS), self._slots:
                trouble = await asking.run()
        except TimeoutError:
            trouble = Trouble(Fault.TIMEOUT, host=asking.host)
        except Exception as problem:  # noqa: BLE001, a note must not cost the verdict
            trouble = Trouble(Fault.OS_ERROR, type(problem).__name__)
        found = asking.steps.failure._replace(trouble=trouble)
        return operation if found == Failure() else operation.but(failure=found)


class _Asking:
    """The requests about one operation; *steps* is how far they are."""

    def __init__(
        self, profile: Profile, sender: Sender, uniform: Uniform, steps: FailureSteps
    ) -> None:
        self.steps = steps
        self.host = ""
        self._profile = profile
        self._sender = sender
        self._uniform = uniform

    async def run(self) -> Trouble | None:
        """Make the requests; return what went wrong, None if nothing did."""
        for _ in range(MOST_REQUESTS):
            fetch = self.steps.fetch
            if fetch is None:
                break
            refused = refusal_to_ask(fetch.request, self._profile)
            if refused is not None:
                return refused
            self.host = parse_origin(fetch.request.url).authority
            tail = Tail() if self.steps.log else None
            send = partial(self._send, fetch.request, tail)
            reply = await with_retries(send, self._uniform, is_safe=_may_pass)
            if isinstance(reply, Trouble):
                return reply
            self.steps = self.steps.after_log(tail.text) if tail else self.steps.after(reply)
        missing = self.steps.steps.missing
        return Trouble(Fault.NO_RESULT, missing, host=self.host) if missing else None

    async def _send(self, request: Request, tail: Tail | None) -> Reply:
        if tail is None:
            redirected = not self.steps.wants_redirect
            reply = await self._sender.send(request, SECONDS, redirected=redirected)
        else:
            tail.restart()
            reply = await self._sender.download(request, tail, timeout=SECONDS, limit=LARGEST_LOG)
        if isinstance(reply, Trouble) or reply.is_redirect:
            return reply
        return self._profile.trouble(reply) or reply


def _may_pass(trouble: Trouble) -> bool:
    """Tell whether the same request may be worth another try; a log does not get shorter."""
    return trouble.fault is not Fault.TOO_LARGE


class Tail(io.BytesIO):
    """A file that keeps the end of what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = bytearray()
        self._is_cut = False

    def write(self, data: Any, /) -> int:
        """Take *data*, and forget what is too long ago."""
        self._kept += data
        if len(self._kept) > TAIL:
            self._is_cut = True
            del self._kept[:-TAIL]
        return len(data)

    def restart(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._is_cut = False

    @property
    def text(self) -> str:
        """What was kept; a first line that was cut is not whole, and left out."""
        text = self._kept.decode("utf-8", "replace")
        return text.partition("\n")[2] if self._is_cut else text
