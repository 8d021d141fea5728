"""The world as a credential of a test sees it: two clocks, an environment, a network."""

from __future__ import annotations

import gc
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opwatch.credentials import Credential, CredentialContext, Redactor, open_credential
from opwatch.credentials.context import KeyringEntry
from opwatch.domain.messages import Request, Response
from opwatch.domain.origin import AllowedOrigins

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from opwatch.credentials.context import Keyring
    from opwatch.credentials.validation import UnusableError
    from opwatch.domain.auth import Scheme
    from opwatch.domain.secret import Secret
    from opwatch.domain.trouble import Trouble

CANARY = "canary-7f3aQ+/9x"
OTHER = "canary-0b1cZ+/2y"
BASE = "https://api.example.com"
PROFILE = "my-api"


@dataclass
class Clock:
    """The run's clock and the wall's, moved by hand."""

    at: float = 1000.0
    epoch: float = 1_800_000_000.0

    def now(self) -> float:
        return self.at

    def wall(self) -> float:
        return self.epoch

    def advance(self, seconds: float) -> None:
        self.at += seconds
        self.epoch += seconds

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)


@dataclass
class FakeKeyring:
    """A keyring in memory. *problem* is what it fails with instead."""

    entries: dict[tuple[str, str], Secret] = field(default_factory=dict)
    problem: UnusableError | None = None
    asked: int = 0

    async def read_entry(self, service: str, account: str, *, interactive: bool) -> KeyringEntry:
        del interactive
        self._fail()
        value = self.entries.get((service, account))
        return KeyringEntry(value) if value else KeyringEntry(why="no entry in memory")

    async def write_entry(self, service: str, account: str, secret: Secret) -> str:
        self._fail()
        self.entries[service, account] = secret
        return "memory"

    async def try_entry(self, service: str, account: str) -> None:
        del service, account
        self._fail()

    async def erase_entry(self, service: str, account: str) -> bool:
        self._fail()
        return self.entries.pop((service, account), None) is not None

    def _fail(self) -> None:
        self.asked += 1
        if self.problem is not None:
            raise self.problem


async def no_network(request: Request, timeout: float) -> Response | Trouble:
    raise AssertionError(f"{request.url} was asked within {timeout} s")


@dataclass
class World:
    """Opens credentials in an empty world, whose parts a test fills."""

    clock: Clock = field(default_factory=Clock)
    environ: dict[str, str] = field(default_factory=dict)
    keyring: Keyring = field(default_factory=FakeKeyring)
    send: Callable[[Request, float], Awaitable[Response | Trouble]] = no_network
    redactor: Redactor = field(default_factory=Redactor)

    def context(self, **changes: Any) -> CredentialContext:
        usual: dict[str, Any] = {
            "send": self.send,
            "clock": self.clock,
            "environ": self.environ,
            "keyring": self.keyring,
            "redactor": self.redactor,
        }
        return CredentialContext(**usual | changes)

    def open(
        self,
        scheme: Scheme,
        *,
        profile: str = PROFILE,
        base_url: str = BASE,
        allow_hosts: tuple[str, ...] = (),
        **changes: Any,
    ) -> Credential:
        return open_credential(
            scheme,
            profile=profile,
            base_url=base_url,
            origins=AllowedOrigins.of(base_url, allow_hosts),
            context=self.context(**changes),
        )


def get(path: str = "/v1/ops/1", base: str = BASE) -> Request:
    return Request("GET", base + path)


def carried(request: Request | Trouble) -> list[tuple[str, str, str]]:
    """Return what *request* carries, opened: place, name and value."""
    assert isinstance(request, Request)
    return [(each.location.value, each.name, each.value.reveal()) for each in request.sensitive]


def shown(*things: object) -> str:
    """Return every way in which *things* may be shown by accident."""
    texts = []
    for each in things:
        texts += [repr(each), str(each), f"{each}", f"{vars(each) if _has_vars(each) else ''!r}"]
        if isinstance(each, BaseException):
            texts += traceback.format_exception(each)
            texts += [repr(each.args), repr(each.__context__), repr(each.__cause__)]
    return "\n".join(texts)


def settle() -> None:
    """Collect what is left, so that a warning about it belongs to this test."""
    gc.collect()


def _has_vars(thing: object) -> bool:
    return hasattr(thing, "__dict__")
