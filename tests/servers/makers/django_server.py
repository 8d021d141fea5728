"""Django OAuth Toolkit, which is built on OAuthLib, with its own tables in SQLite in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import django
from django.conf import settings

from servers.makers.wsgi import DEVICE, INTERVAL, JOB, JOB_SECRET, Counted, Operation, serve

APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
APPS += ["oauth2_provider"]
OPERATION = Operation()


def configure(base: str) -> None:
    """Set the toolkit up as its tutorial does, with the protection of RFC 9700 §4.14.2."""
    settings.configure(
        SECRET_KEY="of a test",
        ALLOWED_HOSTS=["127.0.0.1"],
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=APPS,
        MIGRATION_MODULES=dict.fromkeys(each.rpartition(".")[2] for each in APPS),  # none: at once
        ROOT_URLCONF=__name__,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        OAUTH2_PROVIDER={
            "OAUTH_DEVICE_VERIFICATION_URI": f"{base}/device/",
            "DEVICE_FLOW_INTERVAL": INTERVAL,
            "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
            "REFRESH_TOKEN_EXPIRE_SECONDS": 3600,
            "REFRESH_TOKEN_REUSE_PROTECTION": True,
        },
    )
    django.setup()


def app(base: str) -> Counted:
    configure(base)
    from django.contrib.auth import get_user_model  # noqa: PLC0415, once it is set up
    from django.core.management import call_command  # noqa: PLC0415
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415
    from django.http import HttpRequest, JsonResponse  # noqa: PLC0415
    from django.urls import include, path  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415
    from oauth2_provider.decorators import protected_resource_metadata  # noqa: PLC0415
    from oauth2_provider.models import (  # noqa: PLC0415
        AccessToken,
        Application,
        DeviceGrant,
        RefreshToken,
    )

    call_command("migrate", run_syncdb=True, verbosity=0)
    person = get_user_model().objects.create_user("ada")
    Application.objects.create(
        client_id=JOB,
        client_secret=JOB_SECRET,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
    )
    Application.objects.create(
        client_id=DEVICE,
        client_type=Application.CLIENT_PUBLIC,
        authorization_grant_type=Application.GRANT_DEVICE_CODE,
    )

    @protected_resource_metadata()  # the plain one answers 403 to a token that has ended
    def operation(_: HttpRequest, name: str) -> JsonResponse:
        return JsonResponse(OPERATION.answer(name))

    globals()["urlpatterns"] = [
        path("ops/<name>", operation),
        path("", include("oauth2_provider.urls", namespace="oauth2_provider")),
    ]

    def decide(code: str, status: str) -> None:
        grant = DeviceGrant.objects.get(user_code=code)
        grant.user, grant.status = person, status
        grant.save()

    def expire(ago: timedelta) -> None:
        AccessToken.objects.update(expires=timezone.now() - ago)

    def revoke_login(_: str) -> None:
        for each in RefreshToken.objects.filter(revoked__isnull=True):
            each.revoke()

    verbs: dict[str, Any] = {
        "urls": lambda _: {"token": f"{base}/token/", "device": f"{base}/device-authorization/"},
        "finish": OPERATION.finish,
        "approve": lambda code: decide(code, DeviceGrant.AUTHORIZED),
        "deny": lambda code: decide(code, DeviceGrant.DENIED),
        "expire_access": lambda _: expire(timedelta(seconds=1)),
        "expire_login": lambda _: expire(timedelta(hours=2)),
        "revoke_login": revoke_login,
        "refresh_tokens": lambda _: list(
            RefreshToken.objects.filter(revoked__isnull=True).values_list("token", flat=True)
        ),
    }
    return Counted(get_wsgi_application(), "/token/", verbs)


if __name__ == "__main__":
    serve(app)
