"""Authlib's authorization server on Flask; its storage is ours, in memory."""

from __future__ import annotations

import time
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant, RefreshTokenGrant
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc8628 import (
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    DeviceCredentialDict,
)
from flask import Flask

from servers.makers.wsgi import DEVICE, INTERVAL, JOB, JOB_SECRET, Counted, Operation, serve

PERSON = "ada"


class Client(ClientMixin):
    def __init__(self, name: str, secret: str, grants: set[str]) -> None:
        self.name = name
        self.secret = secret
        self.grants = grants

    def get_client_id(self) -> str:
        return self.name

    def get_allowed_scope(self, scope: str | None) -> str:
        return scope or ""

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        del endpoint
        return (method == "none") != bool(self.secret)

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grants


class IssuedToken(TokenMixin):
    def __init__(self, client: Client, user: str | None, token: dict[str, Any]) -> None:
        self.client = client
        self.user = user
        self.token = token
        self.access_ends_at = time.time() + token["expires_in"]
        self.login_ends_at = time.time() + 86400
        self.is_void = False

    def check_client(self, client: Client) -> bool:
        return client is self.client

    def get_scope(self) -> str:
        return str(self.token.get("scope", ""))

    def get_expires_in(self) -> int:
        return int(self.token["expires_in"])

    def is_expired(self) -> bool:
        return bool(time.time() >= self.access_ends_at)

    def is_revoked(self) -> bool:
        return self.is_void

    def get_user(self) -> str | None:
        return self.user

    def get_client(self) -> Client:
        return self.client


CLIENTS = {
    JOB: Client(JOB, JOB_SECRET, {ClientCredentialsGrant.GRANT_TYPE}),
    DEVICE: Client(DEVICE, "", {DeviceCodeGrant.GRANT_TYPE, RefreshTokenGrant.GRANT_TYPE}),
}
TOKENS: list[IssuedToken] = []
DEVICES: list[DeviceCredentialDict] = []
DECISIONS: dict[str, bool] = {}
OPERATION = Operation()


def save_token(token: dict[str, Any], request: Any) -> None:
    TOKENS.append(IssuedToken(request.client, request.user, token))


class JobGrant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")


class RotatingGrant(RefreshTokenGrant):
    """A refresh token that comes a second time ends the login (RFC 9700 §4.14.2)."""

    INCLUDE_NEW_REFRESH_TOKEN = True
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def authenticate_refresh_token(self, refresh_token: str) -> IssuedToken | None:
        for each in TOKENS:
            if each.token.get("refresh_token") != refresh_token:
                continue
            if each.is_void:
                revoke_login("")
            return None if each.is_void or time.time() >= each.login_ends_at else each
        return None

    def authenticate_user(self, refresh_token: IssuedToken) -> str | None:
        return refresh_token.user

    def revoke_old_credential(self, refresh_token: IssuedToken) -> None:
        refresh_token.is_void = True


class DeviceGrant(DeviceCodeGrant):
    def query_device_credential(self, device_code: str) -> DeviceCredentialDict | None:
        return next((each for each in DEVICES if each["device_code"] == device_code), None)

    def query_user_grant(self, user_code: str) -> tuple[str, bool] | None:
        return (PERSON, DECISIONS[user_code]) if user_code in DECISIONS else None

    def should_slow_down(self, credential: DeviceCredentialDict) -> bool:
        del credential
        return False


class Validator(BearerTokenValidator):
    def authenticate_token(self, token_string: str) -> IssuedToken | None:
        return next((each for each in TOKENS if each.token["access_token"] == token_string), None)


def expire_access(_: str) -> None:
    for each in TOKENS:
        each.access_ends_at = 0.0


def expire_login(_: str) -> None:
    for each in TOKENS:
        each.access_ends_at = each.login_ends_at = 0.0


def revoke_login(_: str) -> None:
    for each in TOKENS:
        each.is_void = True


def refresh_tokens(_: str) -> list[str]:
    return [
        each.token["refresh_token"]
        for each in TOKENS
        if not each.is_void and "refresh_token" in each.token
    ]


def app(base: str) -> Counted:
    class DeviceEndpoint(DeviceAuthorizationEndpoint):
        def get_verification_uri(self) -> str:
            return f"{base}/activate"

        def save_device_credential(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
            ends_at = time.time() + data["expires_in"]
            about = {"client_id": client_id, "scope": scope, "expires_at": ends_at}
            DEVICES.append(DeviceCredentialDict(data, **about))

    DeviceEndpoint.INTERVAL = INTERVAL
    flask = Flask("maker")
    flask.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
    server = AuthorizationServer()
    server.init_app(flask, query_client=CLIENTS.get, save_token=save_token)
    for each in (JobGrant, RotatingGrant, DeviceGrant):
        server.register_grant(each)
    server.register_endpoint(DeviceEndpoint)
    protector = ResourceProtector()
    protector.register_token_validator(Validator())

    def operation(name: str) -> dict[str, str]:
        return OPERATION.answer(name)

    def token() -> Any:
        return server.create_token_response()

    def device() -> Any:
        return server.create_endpoint_response(DeviceEndpoint.ENDPOINT_NAME)

    flask.add_url_rule("/ops/<name>", "operation", protector()(operation))
    flask.add_url_rule("/token", "token", token, methods=["POST"])
    flask.add_url_rule("/device", "device", device, methods=["POST"])
    verbs = {
        "urls": lambda _: {"token": f"{base}/token", "device": f"{base}/device"},
        "finish": OPERATION.finish,
        "approve": lambda code: DECISIONS.update({code: True}),
        "deny": lambda code: DECISIONS.update({code: False}),
        "expire_access": expire_access,
        "expire_login": expire_login,
        "revoke_login": revoke_login,
        "refresh_tokens": refresh_tokens,
    }
    return Counted(flask, "/token", verbs)


if __name__ == "__main__":
    serve(app)
