"""The child process that talks to the system's keyring.

Decides nothing but the protocol: a backend may hang, ask at a terminal, print, or crash,
and all of that happens here, where it can be killed. One request in JSON on
standard input, one answer in JSON on standard output. Nothing of opwatch is
imported, so that it starts fast.

A value longer than the request's ``limit`` is kept in numbered entries beside a
first one that counts them and holds their digest: Windows takes 1,280 characters
an entry.
"""

import contextlib
import hashlib
import json
import os
import sys
from typing import Any

MARK = "opwatch-parts"
READS = 2


def main() -> None:
    """Answer the one request."""
    answer_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # A backend that prints must not spoil the answer.
    os.dup2(2, 1)
    request = json.loads(sys.stdin.buffer.read())
    sys.path[:] = request["path"]
    with answer_to:
        json.dump(answer(request), answer_to)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to *request*; a failure is named by its class."""
    try:
        import keyring  # noqa: PLC0415, it is slow, and its failure is an answer

        backend = keyring.get_keyring()
        done = VERBS[request["verb"]](keyring, request)
    except Exception as problem:  # noqa: BLE001, a backend may raise anything; all of it is reported
        classes = [each.__name__ for each in type(problem).__mro__]
        return {"problem": classes, "detail": str(problem)}
    return {"backend": _name(backend).removesuffix(".Keyring"), **done}


def read_entry(keyring: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Return the value, or None and the account that an entry is for instead."""
    service, account = request["service"], request["account"]
    for _ in range(READS):
        value = keyring.get_password(service, account)
        if value is None:
            return {"value": None, "other": _other(keyring, service)}
        names, digest = _parts(account, value)
        if not names:
            return {"value": value}
        value = "".join(keyring.get_password(service, each) or "" for each in names)
        if _digest(value) == digest:
            return {"value": value}
    return {"value": None, "damaged": True}


def write_entry(keyring: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Keep the value; at each moment another process reads the old one or the new one, whole.

    Parts are named after their digest, the first entry is replaced when all are there, and
    only then the old parts go. (Nor is anything lost where this is ended in the middle.)
    """
    if refused := _refusal(keyring):
        return refused
    service, account, value = request["service"], request["account"], request["value"]
    limit = request["limit"] or len(value)
    pieces = [value[at : at + limit] for at in range(0, len(value), limit)]
    old, _ = _parts(account, keyring.get_password(service, account) or "")
    if len(pieces) > 1:
        value = f"{MARK} {len(pieces)} {_digest(value)}"
    new, _ = _parts(account, value)
    for name, piece in zip(new, pieces, strict=False):
        keyring.set_password(service, name, piece)
    keyring.set_password(service, account, value)
    _erase(keyring, service, [each for each in old if each not in new])
    return {}


def try_entry(keyring: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Write an entry beside that of the account, and delete it: it locks, prompts or fails now."""
    if refused := _refusal(keyring):
        return refused
    service, beside = request["service"], f"{request['account']} (trial)"
    keyring.get_password(service, beside)
    keyring.set_password(service, beside, "to be deleted")
    with contextlib.suppress(keyring.errors.PasswordDeleteError):
        keyring.delete_password(service, beside)
    return {}


def erase_entry(keyring: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Delete the entry and its parts; ``erased`` is whether there was one."""
    service, account = request["service"], request["account"]
    value = keyring.get_password(service, account)
    if value is None:
        return {"erased": False}
    keyring.delete_password(service, account)
    _erase(keyring, service, _parts(account, value)[0])
    return {"erased": True}


VERBS = {"read": read_entry, "write": write_entry, "try": try_entry, "erase": erase_entry}


def _refusal(keyring: Any) -> dict[str, Any]:
    """Return why nothing is stored: a backend that keeps nothing, or a plain file.

    The latter is used if a person chose it by name.
    """
    name = _name(keyring.get_keyring())
    if name.startswith("keyring.backends.null."):
        return {"refused": f"keeps nothing ({name})"}
    if "plain" in name.lower() and os.environ.get("PYTHON_KEYRING_BACKEND") != name:
        chosen = f"PYTHON_KEYRING_BACKEND={name}"
        return {"refused": f"is a plain file ({name}); {chosen}  uses it nevertheless"}
    return {}


def _name(backend: Any) -> str:
    """Return the class of *backend*; of several in a row the first, which writes."""
    row = getattr(backend, "backends", None)
    kind = type(row[0] if row else backend)
    return f"{kind.__module__}.{kind.__qualname__}"


def _other(keyring: Any, service: str) -> str | None:
    """Return the account of any entry of *service*, where the backend knows it."""
    with contextlib.suppress(Exception):
        found = keyring.get_credential(service, None)
        return found.username if found else None
    return None


def _parts(account: str, value: str) -> tuple[list[str], str]:
    """Return the names of the parts that *value* counts, and their digest; none if it has none."""
    words = value.split(" ")
    if len(words) == len((MARK, "count", "digest")) and words[0] == MARK and words[1].isdigit():
        return [f"{account} #{words[2]} {n}" for n in range(min(int(words[1]), 1000))], words[2]
    return [], ""


def _erase(keyring: Any, service: str, names: list[str]) -> None:
    for each in names:
        with contextlib.suppress(keyring.errors.PasswordDeleteError):
            keyring.delete_password(service, each)


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:16]


if __name__ == "__main__":
    main()
