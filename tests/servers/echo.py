"""An API that says back the credential that it is shown, in every way it can think of.

The operation's id chooses the way: ``/ops/failed`` answers with a failure whose
error is full of it. What may reveal it, and how to find that in a text, is worked
out here, apart from the program that is to mask it.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

from servers.oauth import Asked, OAuthServer, Reply

PIECE: Final = 8
"""Characters in a row that give a secret away."""


def spelled(secret: str) -> list[str]:
    """Return what a server may make of *secret*."""
    raw = secret.encode()
    around = (raw, b"a:" + raw, b"ab" + raw + b"!", b"user:" + raw)
    encoded = [each(part).decode() for part in around for each in (base64.b64encode, _urlsafe)]
    quoted = [quote(secret, safe=""), quote_plus(secret), quote(secret)]
    quoted += [quote(quoted[0], safe=""), quoted[0].replace("~", "%7E")]
    return [
        secret,
        secret.lower(),
        *encoded,
        *quoted,
        json.dumps(secret)[1:-1],
        html.escape(secret),
    ]


def _urlsafe(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw)


def pieces(secret: str) -> set[str]:
    """Return every run of characters that gives away a part of *secret*, however it is spelled."""
    found = set()
    quoted = quote(secret, safe="")
    twice = quote(quoted, safe="")
    for text in (
        secret,
        secret.lower(),
        quoted,
        quoted.replace("~", "%7E"),
        twice,
        json.dumps(secret)[1:-1],
        html.escape(secret),
    ):
        found |= {text[at : at + PIECE] for at in range(len(text) - PIECE + 1)}
    for offset in range(3):
        # Whole groups of the secret alone, wherever in a base64 text it begins.
        part = secret[(3 - offset) % 3 :]
        sure = base64.b64encode(part[: len(part) // 3 * 3].encode()).decode()
        for text in (sure, sure.translate(str.maketrans("+/", "-_"))):
            found |= {text[at : at + PIECE] for at in range(len(text) - PIECE + 1)}
    return found


def shown_of(secret: str, text: str) -> list[str]:
    """Return the parts of *secret* that *text* shows, longest runs not joined."""
    return sorted(each for each in pieces(secret) if each in text)


Say = Callable[[str], Reply]


def _body(name: str, status: str, **more: Any) -> Reply:
    return Reply(body={"id": name, "status": status, **more})


def _everything(token: str) -> str:
    return " ".join(spelled(token))


HEADERS: Final = ("ETag", "Server", "X-Request-Id", "Retry-After", "Via", "X-Own", "Set-Cookie")

WAYS: Final[dict[str, Say]] = {
    "message": lambda token: _body("message", "running", message=_everything(token), percent=5),
    "status": lambda token: _body("status", token, message=_everything(token)),
    "failed": lambda token: _body(
        "failed",
        "failed",
        error={"code": token, "message": _everything(token), "details": {token: [token]}},
        link=f"https://example.com/?t={quote(token, safe='')}",
    ),
    "done": lambda token: _body("done", "done", result={token: token, "all": spelled(token)}),
    "cut": lambda token: _body("cut", "failed", error={"message": "x" * 1990 + token}),
    "cut-status": lambda token: Reply(400, {"message": "x" * 280 + token}),
    "cut-title": lambda token: Reply(
        400,
        f"<html><title>{'x' * 80}{html.escape(token)}</title>".encode(),
        (("Content-Type", "text/html"),),
    ),
    "wrong-id": lambda token: _body(token, "running"),
    "nonsense": lambda token: Reply(400, token.encode()),
    "nested": lambda token: Reply(400, {"error": {"errors": [{"reason": _everything(token)}]}}),
    "forbidden": lambda token: Reply(403, {"message": f"{token} may not see this"}),
    "headers": lambda token: Reply(
        200,
        {"id": "headers", "status": "running"},
        tuple((name, token) for name in HEADERS),
    ),
    "encoded": lambda token: Reply(200, b"{}", (("Content-Encoding", token),)),
    "moved": lambda token: Reply(302, {}, (("Location", f"/ops/moved?t={quote(token, safe='')}"),)),
}


class Api(OAuthServer):
    """Gives each request the answer that *say* makes for it; no token is asked for."""

    def __init__(self, say: Callable[[Asked], Reply]) -> None:
        super().__init__()
        self.say = say

    def _api(self, asked: Asked) -> Reply:
        return self.say(asked)


@dataclass
class EchoServer(OAuthServer):
    """Says back what it is shown, under ``/ops/<way>``."""

    def _api(self, asked: Asked) -> Reply:
        parts = urlsplit(asked.path)
        way = WAYS.get(parts.path.rpartition("/")[2])
        token = credential_in(asked)
        if "t=" in parts.query:
            return _body("moved", "done", message=asked.path)
        return way(token) if way and token else Reply(404, {"message": token})


def credential_in(asked: Asked) -> str:
    """Return what *asked* carries, whatever the scheme."""
    header = asked.headers.get("authorization", "")
    if header.startswith("Basic "):
        return base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")[2]
    if header:
        return header.partition(" ")[2]
    return parse_qs(urlsplit(asked.path).query).get("key", [""])[-1]
