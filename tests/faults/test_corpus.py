"""What a fuzzer has found worth keeping goes through every door again."""

from __future__ import annotations

import pytest

from campaign.corpus import GUIDED, folder_of, put_through, seeds_of


@pytest.mark.parametrize("door", GUIDED)
def test_no_input_that_was_kept_breaks_its_door(door: str) -> None:
    kept = [path.read_bytes() for path in sorted(folder_of(door).iterdir())]

    assert kept
    for each in (*kept, *seeds_of(door)):
        put_through(door, each)


def test_a_door_that_breaks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaign.fuzz.clean", lambda text: f"{text}\x1b")

    with pytest.raises(AssertionError):
        put_through("show a text", b"\0plain")
