from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials.world import CANARY
from opwatch.credentials.helper import parse_reply
from opwatch.credentials.validation import UnusableError, expiry_of, expiry_of_jwt, lifetime_of
from opwatch.domain.secret import Secret

END = 1_800_003_600.0
WRITTEN = datetime.fromtimestamp(END, UTC).isoformat().replace("+00:00", "Z")
LOCAL = datetime.fromtimestamp(END).strftime("%Y-%m-%d %H:%M:%S.%f")  # noqa: DTZ006, as az prints it

EXEC_CREDENTIAL = {
    "apiVersion": "client.authentication.k8s.io/v1",
    "kind": "ExecCredential",
    "status": {"token": CANARY, "expirationTimestamp": WRITTEN},
}
CREDENTIAL_PROCESS = {
    "Version": 1,
    "AccessKeyId": "AKIA",
    "SecretAccessKey": "key",
    "SessionToken": CANARY,
    "Expiration": WRITTEN,
}
AZ = {"accessToken": CANARY, "expiresOn": LOCAL, "expires_on": int(END), "tokenType": "Bearer"}


@pytest.mark.parametrize("output", [CANARY, CANARY + "\n", CANARY + "\r\n", f"\n{CANARY}\n\n"])
def test_one_bare_line_is_a_token(output: str) -> None:
    reply = parse_reply(output.encode())

    assert (reply.secret.reveal(), reply.expires_at) == (CANARY, None)


def test_a_json_text_is_a_token() -> None:
    assert parse_reply(json.dumps(CANARY).encode()).secret.reveal() == CANARY


@pytest.mark.parametrize(
    "document",
    [
        {"token": CANARY, "expires_at": WRITTEN},
        {"token": CANARY, "expires_at": int(END)},
        {"token": CANARY, "expires_at": END * 1000},
        {"token": CANARY, "expires_at": LOCAL},
        EXEC_CREDENTIAL,
        CREDENTIAL_PROCESS,
        AZ,
        {"authorizationToken": CANARY, "expiration": END},
    ],
    ids=["own", "epoch", "milliseconds", "local", "exec", "aws", "az", "codeartifact"],
)
def test_the_documents_of_others_are_read(document: object) -> None:
    reply = parse_reply(json.dumps(document, indent=2).encode())

    assert (reply.secret.reveal(), reply.expires_at) == (CANARY, END)


def test_an_expiry_that_cannot_be_read_is_none() -> None:
    reply = parse_reply(json.dumps({"token": CANARY, "expires_at": "soon"}).encode())

    assert reply.expires_at is None


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"token": 17},
        {"token": ""},
        {"kind": "ExecCredential"},
        {"kind": "ExecCredential", "status": {"clientCertificateData": CANARY}},
    ],
)
def test_a_document_without_a_token_is_refused(document: object) -> None:
    with pytest.raises(UnusableError) as caught:
        parse_reply(json.dumps(document).encode())

    assert CANARY not in str(caught.value)


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode(errors="ignore")))
def test_no_output_is_read_as_anything_but_a_secret_or_a_refusal(output: bytes) -> None:
    try:
        reply = parse_reply(output)
    except UnusableError:
        return
    assert repr(reply) == f"HelperReply(secret=***, expires_at={reply.expires_at})"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("soon", None),
        (True, None),
        ([], None),
        (float("nan"), None),
        ("inf", None),
        (-1, None),
        (0, None),
        (6, 6.0),
        (3600, 3600.0),
        ("3600", 3600.0),
        (10**12, 100 * 365 * 86400.0),
        (10**400, None),
    ],
)
def test_fault_95_a_lifetime_is_what_the_server_states_or_unknown(
    value: object, seconds: float | None
) -> None:
    assert lifetime_of(value) == seconds


@pytest.mark.parametrize(
    "value",
    [None, True, "", "tomorrow", {}, "9999999-01-01", "nan", 1e300, "1e300", -1, -(10**400)],
)
def test_what_is_no_moment_is_none(value: object) -> None:
    assert expiry_of(value) is None


def jwt(claims: bytes) -> Secret:
    middle = base64.urlsafe_b64encode(claims).decode().rstrip("=")
    return Secret(f"eyJhbGciOiJub25lIn0.{middle}.c2ln")


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        (jwt(b'{"exp": 1800003600}'), END),
        (jwt(b'{"exp": 1800003600, "sub": "x"}'), END),
        (jwt(b'{"sub": "x"}'), None),
        (jwt(b"[1]"), None),
        (jwt(b"\xff"), None),
        (Secret("a.b.c"), None),
        (Secret("a.!.c"), None),
        (Secret(CANARY), None),
    ],
)
def test_the_end_of_a_json_web_token_is_known(secret: Secret, expected: float | None) -> None:
    assert expiry_of_jwt(secret) == expected
