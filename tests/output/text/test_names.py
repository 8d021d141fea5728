import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.operation import Operation
from opwatch.output.text.clean import cells
from opwatch.output.text.names import Names
from output.script import target


def operations(*references: str) -> list[Operation]:
    return [
        Operation(target(each, id=each.partition("?")[0].rpartition("/")[2]), watched_from=0.0)
        for each in references
    ]


def names(*references: str, limit: int = 80) -> list[str]:
    found = operations(*references)
    called = Names(operations=found)
    return [called.of(each, limit) for each in found]


def test_an_id_is_called_what_was_typed_and_a_url_by_its_id() -> None:
    assert names("import-44", "https://api.example.com/v1/jobs/17") == ["import-44", "17"]


def test_urls_that_end_alike_are_called_by_the_part_that_differs() -> None:
    urls = [f"https://api.example.com/v1/jobs/{number}/status" for number in (7, 12, 40, 41, 99)]
    assert names(*urls) == ["7", "12", "40", "41", "99"]
    assert names(urls[0], "other") == ["status", "other"], "alone it is called by its id"


def test_urls_of_several_hosts_are_called_by_the_host() -> None:
    assert names("https://a.example.com/rpc", "https://b.example.com/rpc") == [
        "a.example.com",
        "b.example.com",
    ]


def test_urls_that_differ_in_their_query_are_counted_for_it_may_hold_a_key() -> None:
    url = "https://api.example.com/jsonrpc?sig="
    assert names(url + "secret-1", url + "secret-2") == ["jsonrpc #1", "jsonrpc #2"]


def test_one_id_of_two_owners_is_called_by_the_owner() -> None:
    found = [
        Operation(target("7", id="7", params={"id": "7", "owner": owner}), watched_from=0.0)
        for owner in ("a", "b")
    ]
    called = Names(operations=found)

    assert [called.of(each) for each in found] == ["7 owner=a", "7 owner=b"]


@pytest.mark.parametrize("limit", [9, 14, 20])
def test_long_names_are_cut_where_they_are_alike(limit: int) -> None:
    found = names(
        *(f"L-w40-nightly-export-of-the-tables-{n:02d}-ok" for n in range(5)), limit=limit
    )
    assert len(set(found)) == 5
    assert all(cells(each) <= limit for each in found)
    assert all(each.startswith("L-w") and f"{n}-ok" in each for n, each in enumerate(found))


def test_names_that_are_apart_when_cut_keep_both_ends() -> None:
    assert names("export-7f3a6c91d207ab", "import-44", limit=14) == ["export-7f…07ab", "import-44"]


def test_the_names_of_a_crowd_are_cut_where_all_are_alike() -> None:
    found = names(*(f"nightly-export-of-the-tables-{n:04d}-ok" for n in range(2000)), limit=14)
    assert len(set(found)) == 2000
    assert found[7] == "nig…es-0007-ok"


IDS = st.lists(st.text("ab-0", min_size=1, max_size=40), min_size=2, max_size=8, unique=True)


@given(IDS, st.integers(10, 40))
def test_a_name_never_takes_more_than_its_room_and_is_never_empty(
    ids: list[str], limit: int
) -> None:
    found = names(*ids, limit=limit)
    assert all(0 < cells(each) <= limit for each in found)
    assert all(
        short == whole for short, whole in zip(found, ids, strict=True) if len(whole) <= limit
    )
