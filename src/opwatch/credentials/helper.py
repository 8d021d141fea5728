"""Helper programs: which one a name means, what it may see, and how its output is read.

Decides that a bare name is looked for in the absolute folders of ``PATH`` only, never
in the current one (fault 88); that a helper sees the variables of the list below and
those that its profile declares, and no others (rule S9); and which outputs hold a
secret: one bare line; a JSON text; an object with a token and perhaps an expiry under
one of the names below, among them the Kubernetes ExecCredential
(client.authentication.k8s.io) and AWS's ``credential_process``. A banner, two lines or
nothing is refused (fault 92). Any exit code but 0 is an error that names the program,
the code and at most one line of standard error (fault 89). Standard output is never
repeated.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, assert_never

from opwatch.credentials.context import CredentialContext, WaitingFor, announced
from opwatch.credentials.process import Program, ProgramOutcome, ProgramResult
from opwatch.credentials.redaction import Redactor
from opwatch.credentials.secret_file import expand
from opwatch.credentials.validation import UnusableError, decoded, expiry_of
from opwatch.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from opwatch.domain.auth import FromCommand

_LONGEST_LINE: Final = 200
_REASON: Final = re.compile(r"\s*(?:error|fatal)\b", re.IGNORECASE)
_TOKENS: Final = re.compile(r"[^\s\"',:{}]{8,}")
# Own name first; then ExecCredential, OAuth2, az, aws codeartifact, credential_process, docker.
TOKEN_NAMES: Final = (
    "token",
    "access_token",
    "accessToken",
    "authorizationToken",
    "SessionToken",
    "Secret",
)
# az prints "expiresOn" in local time without an offset, so its epoch "expires_on" goes first.
EXPIRY_NAMES: Final = (
    "expires_at",
    "expirationTimestamp",
    "expires_on",
    "expiresOn",
    "expiration",
    "Expiration",
    "expiry",
)
# What a command-line program needs to find its home, its configuration and the network.
PASSED: Final = frozenset(
    {
        "HOME", "PATH", "LANG", "LANGUAGE", "TERM", "TZ", "USER", "LOGNAME", "SHELL", "TMPDIR",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "GPG_TTY",
        "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "USERNAME",
        "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)", "TEMP",
        "TMP", "HOMEDRIVE", "HOMEPATH",
    }
)  # fmt: skip
PASSED_PREFIXES: Final = ("LC_", "XDG_")


class ProgramMissingError(UnusableError):
    """There is no such program as the profile names."""


async def ask_helper(source: FromCommand, context: CredentialContext) -> HelperReply:
    """Return what the helper of *source* printed.

    Raises:
        ProgramMissingError: there is no such program.
        UnusableError: it failed, took too long, or printed no secret.
    """
    path = find_program(source.argv[0], context.environ) if source.argv else None
    if path is None:
        raise ProgramMissingError(_why_missing(source.argv))
    program = Program(
        (path, *source.argv[1:]),
        environment_for(source.environ, context.environ),
        source.timeout,
        at_terminal=source.interactive and context.interactive,
    )
    running = context.run(program)
    result = await announced(running, WaitingFor.HELPER, context.announce)
    match result.outcome:
        case ProgramOutcome.NOT_STARTED:
            raise UnusableError(f"could not be started: {result.detail}")
        case ProgramOutcome.TIMED_OUT:
            raise UnusableError(f"did not end within {source.timeout:g} s and was stopped")
        case ProgramOutcome.FLOODED:
            raise UnusableError("printed more than 64 KiB")
        case ProgramOutcome.EXITED if result.code != 0:
            raise UnusableError(_failure(result, context.redactor))
        case ProgramOutcome.EXITED:
            return parse_reply(result.out)
        case _:
            assert_never(result.outcome)


def _why_missing(argv: tuple[str, ...]) -> str:
    name = argv[0] if argv else ""
    if os.path.isabs(name) or name.startswith("~"):  # noqa: PTH117, it is text of the configuration
        return "is not a program that can be run"
    if os.sep in name:
        return "is a relative path; write it in full"
    return "is not a program on PATH"


def _failure(result: ProgramResult, redactor: Redactor) -> str:
    """Return the exit code and the most telling line of standard error."""
    lines = [line.strip() for line in result.err.decode(errors="replace").splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        return result.ending
    line = next((each for each in lines if _REASON.match(each)), lines[-1])
    # It may have printed a secret before it failed, and repeat it in its error message.
    own = Redactor()
    for text in _TOKENS.findall(result.out.decode(errors="replace")):
        own.learn(Secret(text))
    return f"{result.ending}: {redactor(own(line))[:_LONGEST_LINE]}"


@dataclass(frozen=True, slots=True)
class HelperReply:
    """A *secret*, and its end in seconds since the epoch."""

    secret: Secret
    expires_at: float | None = None


def parse_reply(output: bytes) -> HelperReply:
    """Return the secret in *output*.

    Raises:
        UnusableError: it has none of the accepted forms.
    """
    text = decoded(output)
    if text is None:
        raise UnusableError("printed something that is not UTF-8 text")
    if text.lstrip().startswith(("{", '"')):
        return _parse_json(text)
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise UnusableError("printed nothing")
    if len(lines) > 1:
        raise UnusableError(f"printed {len(lines)} lines, expected a token")
    return HelperReply(Secret(lines[0]))


def _parse_json(text: str) -> HelperReply:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UnusableError("printed something that is neither a token nor JSON") from None
    if isinstance(document, str):
        return HelperReply(Secret(document))
    if document.get("kind") == "ExecCredential":
        document = document.get("status")
    if not isinstance(document, dict):
        raise UnusableError("printed an ExecCredential without a status")
    token = _first(document, TOKEN_NAMES)
    if not isinstance(token, str) or not token:
        raise UnusableError(f"printed JSON without a text under {', '.join(TOKEN_NAMES[:3])}")
    return HelperReply(Secret(token), expiry_of(_first(document, EXPIRY_NAMES)))


def _first(document: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((document[name] for name in names if document.get(name) is not None), None)


def find_program(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the absolute path of the program that *name* means, None if there is none.

    A *name* with a separator in it must be absolute, or begin with ``~``.
    """
    expanded = expand(name, environ)
    if os.path.isabs(expanded):  # noqa: PTH117, it is text of the user's configuration
        return next((each for each in _candidates(expanded, environ) if _is_program(each)), None)
    if os.sep in expanded or (os.altsep and os.altsep in expanded):
        return None
    candidates = (
        each
        for folder in _folders(environ)
        for each in _candidates(os.path.join(folder, expanded), environ)  # noqa: PTH118, as above
    )
    return next((each for each in candidates if _is_program(each)), None)


def environment_for(declared: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the part of *environ* that a helper may see."""
    names = {*declared}
    passed = {
        name: value
        for name, value in environ.items()
        if name in names or name.upper() in PASSED or name.upper().startswith(PASSED_PREFIXES)
    }
    if "PATH" in passed:
        passed["PATH"] = os.pathsep.join(_folders(environ))
    return passed


def _folders(environ: Mapping[str, str]) -> Iterator[str]:
    for folder in environ.get("PATH", "").split(os.pathsep):
        if os.path.isabs(folder):  # noqa: PTH117, as above
            yield folder


def _candidates(path: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield *path* with each extension that the system would add."""
    yield path
    if os.name == "nt":
        yield from (path + each for each in environ.get("PATHEXT", ".EXE").split(os.pathsep))


def _is_program(path: str) -> bool:
    return Path(path).is_file() and os.access(path, os.X_OK)
