"""What a reader finds while another process writes the same entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keyring.errors
import pytest

from opwatch.credentials import keyring_worker as worker

if TYPE_CHECKING:
    from collections.abc import Callable

LONG = "".join(f"{n:04}-canary-" for n in range(400))
OLD = "".join(f"{n:04}-former-" for n in range(300))
SHORT = "canary-7f3aQ"


class Library:
    """The ``keyring`` library over *entries*; ``states`` are all that these ever were."""

    errors = keyring.errors

    def __init__(self, entries: dict[str, str] | None = None) -> None:
        self.entries = dict(entries or {})
        self.states = [dict(self.entries)]
        self.before_each_read: Callable[[], None] = lambda: None

    def get_keyring(self) -> object:
        return self

    def get_password(self, service: str, account: str) -> str | None:
        del service
        self.before_each_read()
        return self.entries.get(account)

    def set_password(self, service: str, account: str, value: str) -> None:
        del service
        self.entries[account] = value
        self.states.append(dict(self.entries))

    def delete_password(self, service: str, account: str) -> None:
        del service
        if self.entries.pop(account, None) is None:
            raise keyring.errors.PasswordDeleteError(account)
        self.states.append(dict(self.entries))

    def get_credential(self, service: str, account: str | None) -> None:
        """Know no other account."""


def request(value: str = "") -> dict[str, Any]:
    return {"service": "opwatch:mine", "account": "https://x", "limit": 1200, "value": value}


def read(library: Library) -> Any:
    return worker.read_entry(library, request())["value"]


def written(*values: str) -> Library:
    library = Library()
    for each in values:
        worker.write_entry(library, request(each))
    return library


@pytest.mark.parametrize("new", [SHORT, LONG], ids=["short", "in parts"])
@pytest.mark.parametrize("old", ["former-1", OLD], ids=["short", "in parts"])
def test_an_entry_is_the_old_or_the_new_one_at_each_moment_of_a_write(old: str, new: str) -> None:
    library = Library(written(old).entries)
    worker.write_entry(library, request(new))

    seen = [read(Library(each)) for each in library.states]

    assert seen == sorted(seen, key=[old, new].index)
    assert set(seen) == {old, new}
    assert library.entries == written(new).entries, "nothing of the old one is left"


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_write_in_the_middle_of_a_read_in_parts_gives_the_new_one(at: int) -> None:
    library = written(OLD)
    reads = 0

    def write_once() -> None:
        nonlocal reads
        reads += 1
        if reads == at:
            library.before_each_read = lambda: None
            worker.write_entry(library, request(LONG))

    library.before_each_read = write_once

    assert read(library) == LONG


def test_a_write_of_the_same_value_again_keeps_it() -> None:
    assert read(written(LONG, LONG)) == LONG
