"""An OAuth 2.0 server on loopback: tokens, device codes, and an API that they open.

It checks what it is sent as a real one does (the client, the grant, the refresh
token's rotation), and a test may tell it what to answer instead, in order:

    with OAuthServer() as server:
        server.answers.append(refused("invalid_grant"))
        ...  # the next request for a token is refused
    assert server.asked == 1
"""

from __future__ import annotations

import base64
import itertools
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, unquote_plus

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

LOOPBACK = "127.0.0.1"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True)
class Reply:
    """What is answered: a JSON *body*, or bytes as they are."""

    status: int = 200
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


def refused(error: str, *, status: int = 400, description: str | None = None) -> Reply:
    """Return an error as RFC 6749 §5.2 writes it."""
    more = {} if description is None else {"error_description": description}
    return Reply(status, {"error": error} | more)


@dataclass(frozen=True)
class Asked:
    """A request as it came: its path, headers in lower case, and form."""

    path: str
    headers: dict[str, str]
    form: dict[str, str]
    raw: bytes = b""


@dataclass
class OAuthServer:
    """Gives tokens to one client. Access tokens are ``access-1``, ``access-2`` …

    *rotates* gives a new refresh token with each access token and revokes the
    old one. *expires_in* goes into the answer as it is, None for not at all.
    """

    client_id: str = "client"
    client_secret: str | None = "client-secret-canary"
    refresh_token: str = "refresh-1"
    rotates: bool = False
    expires_in: Any = 3600
    prefix: str = "access"
    tls: ssl.SSLContext | None = None
    answers: deque[Reply] = field(default_factory=deque)
    requests: list[Asked] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    device_is_confirmed: bool = False
    issued: int = 0

    def __post_init__(self) -> None:
        self.hold.set()
        self._lock = threading.Lock()
        self._revoked: set[str] = set()
        self._server: ThreadingHTTPServer

    @property
    def base(self) -> str:
        """The server's own origin."""
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://{LOOPBACK}:{self._server.server_address[1]}"

    @property
    def token_url(self) -> str:
        """The token endpoint."""
        return self.base + "/oauth/token"

    @property
    def device_url(self) -> str:
        """The device authorization endpoint."""
        return self.base + "/oauth/device"

    @property
    def asked(self) -> int:
        """How often a token was asked for."""
        return sum(each.path == "/oauth/token" for each in self.requests)

    @property
    def token(self) -> str:
        """The access token that opens the API."""
        return f"{self.prefix}-{self.issued}"

    def expire(self) -> None:
        """Let no token issued until now open the API."""
        with self._lock:
            self._revoked |= {f"{self.prefix}-{n}" for n in range(self.issued + 1)}

    def __enter__(self) -> Self:
        self._server = _Server((LOOPBACK, 0), _handler_for(self))
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, asked: Asked) -> Reply:
        """Return what *asked* is answered."""
        with self._lock:
            self.requests.append(asked)
            if asked.path not in {"/oauth/token", "/oauth/device"}:
                return self._api(asked)
            if self.answers:
                return self.answers.popleft()
            if asked.path == "/oauth/device":
                return self._device()
            return self._grant(asked)

    def _api(self, asked: Asked) -> Reply:
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        known = {f"{self.prefix}-{n + 1}" for n in range(self.issued)}
        if token in known - self._revoked:
            return Reply(body={"status": "RUNNING"})
        return Reply(401, {"message": "the token has expired"})

    def _device(self) -> Reply:
        return Reply(
            body={
                "device_code": "device-code-canary",
                "user_code": "WDJB-MJHT",
                "verification_uri": "https://login.example.com/device",
                "verification_uri_complete": "https://login.example.com/device?code=WDJB-MJHT",
                "expires_in": 900,
                "interval": 5,
            }
        )

    def _grant(self, asked: Asked) -> Reply:
        form, grant = asked.form, asked.form.get("grant_type")
        if _client_of(asked) != (self.client_id, self.client_secret):
            return refused("invalid_client", status=401)
        if grant == "refresh_token" and form.get("refresh_token") != self.refresh_token:
            return refused("invalid_grant", description="the refresh token is not known")
        if grant == DEVICE and not self.device_is_confirmed:
            return refused("authorization_pending")
        self.issued += 1
        body: dict[str, Any] = {"access_token": self.token, "token_type": "bearer"}
        if self.expires_in is not None:
            body["expires_in"] = self.expires_in
        if self.rotates:
            self.refresh_token = f"refresh-{self.issued + 1}"
        if self.rotates or grant == DEVICE:
            body["refresh_token"] = self.refresh_token
        return Reply(body=body)


class RotatingServer(OAuthServer):
    """Revokes the whole login when a refresh token comes a second time, as vendors do.

    For *grace* more uses the one before gives the present tokens once more, for an answer that
    got lost. Each request waits for *gate* before anything is done; then it is forgotten
    if its number is among *forgotten*, as by a server that was started anew meanwhile.
    """

    def __init__(self, *, grace: int = 0) -> None:
        super().__init__(client_secret=None, rotates=True)
        self.grace = grace
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Semaphore(0)
        self.forgotten: set[int] = set()
        self._before = ""
        self._number = itertools.count(1)

    def answer(self, asked: Asked) -> Reply:
        """Return what *asked* is answered, in its time."""
        if asked.path != "/oauth/token":
            return super().answer(asked)
        number = next(self._number)
        self.arrived.release()
        self.gate.wait(30.0)
        if number in self.forgotten:
            return Reply(503)
        return super().answer(asked)

    def _api(self, asked: Asked) -> Reply:
        reply = super()._api(asked)
        name = asked.path.rpartition("/")[2]
        return Reply(body={"id": name, "status": "done"}) if reply.status == 200 else reply

    def _grant(self, asked: Asked) -> Reply:
        given, present = asked.form.get("refresh_token"), self.refresh_token
        if given == self._before and self.grace:
            self.grace -= 1
            return Reply(body={"access_token": self.token, "refresh_token": present})
        reply = super()._grant(asked)
        self._before = present
        if reply.status != 200:
            self.refresh_token = "none; the login is revoked"
        return reply


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent when a client leaves."""


def _client_of(asked: Asked) -> tuple[str | None, str | None]:
    header = asked.headers.get("authorization", "")
    if header.startswith("Basic "):
        pair = base64.b64decode(header.removeprefix("Basic ")).decode()
        name, _, secret = pair.partition(":")
        return unquote_plus(name), unquote_plus(secret)
    return asked.form.get("client_id"), asked.form.get("client_secret")


def _handler_for(server: OAuthServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5.0
        wbufsize = -1  # one packet an answer, or each costs a delayed ACK

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            form = {name: values[0] for name, values in parse_qs(raw.decode()).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = server.answer(Asked(self.path, headers, form, raw))
            server.hold.wait(5.0)
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _serve  # noqa: N815, the names that the library calls

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, its signature
            """Write nothing to a test's standard error."""

    return Handler
