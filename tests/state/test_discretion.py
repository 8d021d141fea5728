"""What is masked before it is kept, and what is not."""

from __future__ import annotations

import pytest

from opwatch.state.discretion import is_whole, kept_reference, kept_text, kept_values

CANARY = "s3cr3tc4n4ry0123456789abcdef"


def as_it_is(text: str) -> str:
    return text


@pytest.mark.parametrize(
    "url",
    [
        f"https://api.example.com/ops/1?token={CANARY}",
        f"https://api.example.com/ops/1?a=b&access_token={CANARY}&c=d",
        f"https://x.blob.core.windows.net/r?se=2026&sig={CANARY}",
        f"https://s3.example.com/r?X-Amz-Signature={CANARY}",
        f"https://f.example.com/api/op?code={CANARY}",
        f"https://me:{CANARY}@api.example.com/ops/1",
        f"https://api.example.com/ops/1#access_token={CANARY}",
        f"https://api.example.com/ops/1?key={CANARY}",
    ],
)
def test_what_may_be_a_secret_in_a_url_is_masked(url: str) -> None:
    kept = kept_reference(url, as_it_is)

    assert CANARY not in kept
    assert not is_whole(kept)


@pytest.mark.parametrize(
    "reference",
    [
        "YnVsazo1NzQ5NTY2MzMzMTcwNjg4MQ==",
        "https://api.example.com/ops/1",
        "https://management.azure.com/x/operationStatuses/1?api-version=2024-01-01&t=638000000000",
        "/ops/0f8fad5b-d9cb-469f-a165-70867728950e?view=full",
    ],
)
def test_an_id_and_a_plain_url_stay_whole(reference: str) -> None:
    assert kept_reference(reference, as_it_is) == reference


def test_a_url_that_needs_no_credential_may_be_one_itself() -> None:
    url = f"https://api.example.com/ops/1?ticket={CANARY}"

    assert CANARY in kept_reference(url, as_it_is)
    assert CANARY not in kept_reference(url, as_it_is, signed=True)


def test_a_secret_that_is_known_is_masked_wherever_it_stands() -> None:
    kept = kept_reference(f"op-{CANARY}", lambda text: text.replace(CANARY, "***"))

    assert not is_whole(kept)


def test_values_are_masked_by_their_names() -> None:
    kept = kept_values({"api_key": CANARY, "client_secret": CANARY, "repo": "a/b"}, as_it_is)

    assert kept == {"api_key": "***", "client_secret": "***", "repo": "a/b"}


def test_a_header_is_masked_by_its_look_as_well() -> None:
    kept = kept_values({"X-Custom": CANARY, "X-Tenant": "acme"}, as_it_is, opaque=True)

    assert kept == {"X-Custom": "***", "X-Tenant": "acme"}


@pytest.mark.parametrize(
    "text",
    [
        f"see https://x.example.com/log?x={CANARY}",
        f"token: {CANARY}",
        f'{{"password": "hunter2 {CANARY}"}}',
        f"Authorization: Bearer {CANARY}",
        f"cloned https://u:{CANARY}@git.example.com/x",
        f"key {CANARY} refused",
    ],
)
def test_an_apis_text_keeps_no_secret(text: str) -> None:
    assert CANARY not in (kept_text(text, as_it_is) or "")


def test_an_apis_text_stays_readable_and_short() -> None:
    assert kept_text("row 17: bad column 'x'", as_it_is) == "row 17: bad column 'x'"
    assert len(kept_text("long " * 1000, as_it_is) or "") <= 300
    assert kept_text(None, as_it_is) is None
