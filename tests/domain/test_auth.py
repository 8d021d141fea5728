"""What a profile can say of a credential, and what can be said of one without showing it."""

from __future__ import annotations

import pytest

from opwatch.domain.auth import (
    GRANTS,
    BasicAuth,
    HeaderAuth,
    NoAuth,
    OAuth2Auth,
    QueryAuth,
    Scheme,
    template_of,
)


@pytest.mark.parametrize(
    ("scheme", "template"),
    [
        (HeaderAuth(()), "Bearer {secret}"),
        (HeaderAuth((), "X-Key", "Key {secret}"), "Key {secret}"),
        (NoAuth(), ""),
        (QueryAuth((), "key"), ""),
        (BasicAuth(()), ""),
        (OAuth2Auth("device_code", "https://login.example/token"), ""),
    ],
)
def test_only_what_is_sent_in_a_header_is_put_into_something(scheme: Scheme, template: str) -> None:
    assert template_of(scheme) == template


def test_the_words_for_how_a_token_is_obtained_are_those_of_a_profile() -> None:
    assert GRANTS == ("client_credentials", "device_code", "refresh_token")
