"""What YAML a profile may be written in (faults 108 to 116)."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.errors import ProfileError, UsageError
from opwatch.profiles.config import read_file
from opwatch.profiles.yaml.parser import MAX_BYTES, core_scalar, decode, parse

if TYPE_CHECKING:
    from pathlib import Path


def problems(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(ProfileError) as caught:
        parse("p.yaml", text)
    return [(each.line, each.column, each.message) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("y", "y"),
        ("Yes", "Yes"),
        ("1:30", "1:30"),
        ("2026-03-01", "2026-03-01"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-7", -7),
        ("+5", 5),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("0x", "0x"),
        ("0xZZ", "0xZZ"),
        ("-", "-"),
        ("1.2.3", "1.2.3"),
        ("١٢", "١٢"),
        ("9" * 301, "9" * 301),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = core_scalar(text)

    assert found == value
    assert type(found) is type(value)


def test_a_number_in_the_place_of_a_text_stays_as_it_was_written() -> None:
    text = "version: 1.10"
    node = parse("p.yaml", text).get("version")

    assert node is not None
    assert node.text == "1.10"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x 1\nb: 2", (1, 4, "anchors and aliases are not supported; use 'extends'")),
        ("a: 1\nb: *x", (2, 4, "anchors and aliases are not supported; use 'extends'")),
        ("a: !!python/object/apply:os.system [x]", (1, 4, "the tag")),
        ("a: !mine x", (1, 4, "the tag '!mine' is not supported")),
        ("a: 1\n---\nb: 2", (2, 1, "the file holds more than one document")),
        ("a:\n\t- 1", (2, 1, "a tab; YAML is indented with spaces")),
        ("a: {b: /c/{id}}", (1, 11, "in {…} a text with braces needs quotes: '/c/{id}'")),
        ("- 1", (1, 1, "the top of the file must be a mapping")),
        ("just words", (1, 1, "the top of the file must be a mapping")),
        ("", (1, 1, "the file is empty")),
        ("# nothing", (1, 1, "the file is empty")),
        ("a: [1\nb: 2", (2, 2, "")),
        ("? [a, b]\n: 1", (1, 3, "a key must be a single value")),
        ("a: \x01", (1, 4, "the file holds a control character")),
        ("a: " + "[" * 40 + "]" * 40, (1, 35, "nested deeper than 32 levels")),
    ],
)
def test_what_a_profile_may_not_hold_is_refused_where_it_stands(
    text: str, expected: tuple[int, int, str]
) -> None:
    line, column, message = problems(text)[0]

    assert (line, column) == expected[:2]
    assert message.startswith(expected[2])


@pytest.mark.every(4)
@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        pytest.param("a: " + "[" * 5000, 1, 35, id="lists in brackets"),
        pytest.param("a: " + "[" * 200_000, 1, 35, id="as many as the file can hold"),
        pytest.param("a:\n  " + "[\r\n" * 5000, 33, 1, id="a bracket on each line"),
        pytest.param("{" * 5000, 1, 33, id="mappings in braces"),
        pytest.param("a: " + "{a: " * 5000, 1, 125, id="mappings under a key each"),
        pytest.param("é: " + "[{b: " * 5000, 1, 80, id="lists and mappings by turns"),
        pytest.param("a:\n" + "- " * 5000, 2, 63, id="lists by dashes"),
        pytest.param(
            "\n".join(" " * depth + "a:" for depth in range(700)), 32, 32, id="by indentation"
        ),
    ],
)
def test_the_bound_of_depth_is_ours_whatever_the_parser_could_bear(
    text: str, line: int, column: int, loader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if hasattr(yaml, loader):
        monkeypatch.setattr(yaml, "CSafeLoader", getattr(yaml, loader), raising=False)

    assert problems(text) == [(line, column, "nested deeper than 32 levels")]


def test_what_stands_first_is_told_even_if_the_parser_gives_up_as_it_reads_ahead() -> None:
    assert problems("a: &x " + "[" * 5000)[0][:2] == (1, 4)
    assert problems("a: [b: c, d: ]]")[0][2] != "nested deeper than 32 levels"


def test_a_parser_out_of_its_depth_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr(yaml, "parse", parse)

    assert problems("a: 1") == [(0, 0, "the file is not YAML")]


def test_every_duplicate_key_is_told_with_both_places() -> None:
    assert problems("a: 1\nb:\n  c: 1\n  c: 2\na: 2\n") == [
        (4, 3, "duplicate key 'c'; it is first on line 3"),
        (5, 1, "duplicate key 'a'; it is first on line 1"),
    ]


def test_keys_that_yaml_1_1_takes_for_one_are_two() -> None:
    text = "1: a\ntrue: b\nyes: c"

    assert parse("p.yaml", text).plain() == {"1": "a", "true": "b", "yes": "c"}


def test_a_file_that_is_too_large_or_no_utf_8_is_refused() -> None:
    with pytest.raises(ProfileError, match="larger than 256 KiB"):
        decode("p.yaml", b"x" * (MAX_BYTES + 1))
    with pytest.raises(ProfileError, match=r"p\.yaml:2:1: the file is not UTF-8"):
        decode("p.yaml", b"a: 1\nb: \xff")


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert decode("p.yaml", b"\xef\xbb\xbfa: 1") == "a: 1"


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.yaml"
    os.mkfifo(fifo)

    for path in (tmp_path, fifo):
        with pytest.raises(UsageError, match="not a regular file"):
            read_file(path)
    with pytest.raises(UsageError, match="No such file"):
        read_file(tmp_path / "nothing.yaml")


@given(st.text(alphabet=st.sampled_from("ab:-[]{}#&*!|>'\"%@` \n\t0.,?~\x00é"), max_size=60))
def test_no_text_makes_the_reader_raise_anything_but_its_own_error(text: str) -> None:
    with suppress(ProfileError):
        assert parse("p.yaml", text).is_map
