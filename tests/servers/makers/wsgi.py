"""A server of another maker as a process: on a port of its own, and told by a test what happens.

The maker's code answers at its own paths. Beside them are ``/test/VERB?ARGUMENT``, for what a
person or an administrator does there, and the counts of what was asked. Each verb answers
with ``{"tokens": …, "operations": …, "said": …}``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Verbs: TypeAlias = "Mapping[str, Callable[[str], Any]]"

JOB, JOB_SECRET = "job", "job-secret-canary:%/+"
DEVICE = "device"
INTERVAL = 1


class Operation:
    """The one operation that the API knows: it is done when the test says so."""

    def __init__(self) -> None:
        self.is_done = False

    def finish(self, _: str) -> None:
        """Let it be done from now on."""
        self.is_done = True

    def answer(self, name: str) -> dict[str, str]:
        """Return what the API says of it."""
        return {"id": name, "status": "done" if self.is_done else "running"}


class Counted:
    """The maker's *app*, with a count of what it is asked, and the *verbs*."""

    def __init__(
        self, app: Any, token_path: str, verbs: Mapping[str, Callable[[str], Any]]
    ) -> None:
        self._app = app
        self._token_path = token_path
        self._verbs = verbs
        self._counts = {"tokens": 0, "operations": 0}

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        path = environ["PATH_INFO"]
        if path.startswith("/test/"):
            said = self._verbs[path.removeprefix("/test/")](environ["QUERY_STRING"])
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(self._counts | {"said": said}).encode()]
        self._counts["tokens"] += path == self._token_path
        self._counts["operations"] += path.startswith("/ops/")
        return list(self._app(environ, start_response))


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, its signature
        """Write nothing."""


def serve(make_app: Callable[[str], Counted]) -> None:
    """Serve what *make_app* makes of the server's own base URL, until the process is ended."""
    with WSGIServer(("127.0.0.1", 0), _Quiet) as server:
        base = f"http://127.0.0.1:{server.server_port}"
        server.set_app(make_app(base))
        print(base, flush=True)  # noqa: T201, for the test that has started it
        server.serve_forever()
