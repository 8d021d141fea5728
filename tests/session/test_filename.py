"""A server proposes a name; it never chooses a place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.session.download import (
    LONGEST,
    name_from_id,
    numbered_name,
    proposed_name,
    safe_name,
    with_suffix,
)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (None, ""),
        ("inline", ""),
        ("attachment; filename=report.csv", "report.csv"),
        ('attachment; filename="two words.csv"', "two words.csv"),
        (r'attachment; filename="a \"b\".csv"', 'a "b".csv'),
        ('attachment; FileName="r.csv"; size=3', "r.csv"),
        ("attachment; filename=\"e.csv\"; filename*=UTF-8''%e2%82%ac.csv", "€.csv"),
        ("attachment; filename*=iso-8859-1'en'%A3.csv", "£.csv"),
        ("attachment; filename*=utf-16''x; filename=plain.csv", "plain.csv"),
        ('attachment; filename="caf\u00c3\u00a9.csv"', "café.csv"),
        ('attachment; filename="caf\u00e9.csv"', "café.csv"),
        ("attachment; filename=first.csv; filename=second.csv", "first.csv"),
        ('attachment; filename="open', ""),
        ("attachment; notfilename=x", ""),
    ],
)
def test_the_proposal_is_read_as_rfc_6266_says(header: str | None, name: str) -> None:
    assert proposed_name(header) == name


@pytest.mark.parametrize(
    ("proposal", "name"),
    [
        ("report.json.gz", "report.json.gz"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\temp\\x.csv", "x.csv"),
        ("C:x.csv", "C_x.csv"),
        (".bashrc", "bashrc"),
        ("..", ""),
        ("/", ""),
        ("dir/", ""),
        ("-rf", "rf"),
        ("a\x00b\nc\x1b[2J.csv", "abc[2J.csv"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("x. . ", "x"),
        ("e\u0301.csv", "é.csv"),
    ],
)
def test_a_name_leads_nowhere(proposal: str, name: str) -> None:
    assert safe_name(proposal) == name


@given(st.text())
def test_whatever_is_proposed_is_one_plain_name(proposal: str) -> None:
    for name in (safe_name(proposal), name_from_id(proposal)):
        assert not set(name) & set('/\\<>:"|?*\x00')
        assert name[:1] not in {".", "-", " "}
        assert len(name.encode()) <= LONGEST + 1
    assert name_from_id(proposal)


def test_a_long_name_keeps_its_suffix() -> None:
    name = safe_name("ü" * 200 + ".csv")

    assert name.endswith("ü.csv")
    assert len(name.encode()) <= LONGEST
    assert len(safe_name("x." + "y" * 300).encode()) <= LONGEST


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ("YnVsazo1/NA==", "YnVsazo1_NA=="),
        ("https://api.example.com/jobs/7", "https_api.example.com_jobs_7"),
        ("", "result"),
    ],
)
def test_an_id_becomes_a_name(identity: str, name: str) -> None:
    assert name_from_id(identity) == name


def test_an_alternative_is_numbered_before_all_suffixes() -> None:
    assert [
        numbered_name("a.json.gz", 0),
        numbered_name("a.json.gz", 2),
        numbered_name("a", 1),
    ] == [
        "a.json.gz",
        "a-2.json.gz",
        "a-1",
    ]


@pytest.mark.parametrize(
    ("name", "content_type", "expected"),
    [
        ("7", "text/csv; charset=utf-8", "7.csv"),
        ("7", "TEXT/CSV", "7.csv"),
        ("7.csv", "text/plain", "7.csv"),
        ("report.v2", "application/pdf", "report.v2.pdf"),
        ("7", "application/octet-stream", "7"),
        ("7", None, "7"),
        ("7", "../../x", "7"),
    ],
)
def test_a_file_named_by_its_id_gets_the_suffix_of_its_kind(
    name: str, content_type: str | None, expected: str
) -> None:
    assert with_suffix(name, content_type) == expected
