"""A file under a working name until it is whole."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.errors import UnwritableError, UsageError
from opwatch.session.download import Download, ready_folder

if TYPE_CHECKING:
    from pathlib import Path


def _saved(folder: Path, name: str, data: bytes = b"new") -> Path:
    with Download(folder) as incoming:
        incoming.write(data)
        path, size = incoming.keep(name)
    assert size == len(data)
    return path


def test_it_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    with Download(tmp_path) as incoming:
        incoming.write(b"half")
        (working,) = tmp_path.iterdir()
        assert working.name.startswith(".opwatch-")
        path, _ = incoming.keep("a.csv")

    assert [path] == list(tmp_path.iterdir())
    assert path.read_bytes() == b"half"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    assert stat.S_IMODE(_saved(tmp_path, "a.csv").stat().st_mode) == 0o600


def test_what_is_not_kept_is_gone(tmp_path: Path) -> None:
    with Download(tmp_path) as incoming:
        incoming.write(b"half")

    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"old")

    names = [_saved(tmp_path, "a.csv").name for _ in range(2)]

    assert names == ["a-1.csv", "a-2.csv"]
    assert (tmp_path / "a.csv").read_bytes() == b"old"


@pytest.mark.parametrize("target", ["victim", "nowhere"])
def test_a_link_is_not_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "victim").write_bytes(b"old")
    (tmp_path / "a.csv").symlink_to(tmp_path / target)

    assert _saved(tmp_path, "a.csv").name == "a-1.csv"
    assert (tmp_path / "victim").read_bytes() == b"old"
    assert not (tmp_path / "nowhere").exists()


def test_beginning_anew_forgets_the_first_try(tmp_path: Path) -> None:
    with Download(tmp_path) as incoming:
        incoming.write(b"a long first try")
        incoming.restart()
        incoming.write(b"second")
        path, size = incoming.keep("a")

    assert (path.read_bytes(), size) == (b"second", 6)


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnwritableError, match="No such file"), Download(tmp_path / "missing"):
        pass


def test_a_folder_is_made_ready_beforehand(tmp_path: Path) -> None:
    folder = ready_folder(tmp_path / "a" / "b")

    assert folder.is_absolute()
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_a_file_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"")

    with pytest.raises(UsageError, match="cannot write into"):
        ready_folder(tmp_path / "out")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nobody forbids this to this user")
def test_a_folder_that_is_forbidden_is_a_usage_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(UsageError, match="Permission denied"):
        ready_folder(tmp_path)
