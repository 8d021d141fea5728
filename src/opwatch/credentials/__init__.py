"""Where a secret comes from, when it is renewed, and to which origin it may go.

``open_credential`` makes a ``Credential`` of a profile's scheme; its
``authorize`` is the one function that adds a secret to a request.
"""

from opwatch.credentials.credential import Credential, CredentialStatus
from opwatch.credentials.keychain import SystemKeychain
from opwatch.credentials.login import Login
from opwatch.credentials.opening import open_credential
from opwatch.credentials.passive import UnstartedError, passive
from opwatch.credentials.places import name_of
from opwatch.credentials.prompt import DevicePrompt
from opwatch.credentials.redaction import Redactor
from opwatch.credentials.surroundings import Send, Surroundings, Waiting

__all__ = [
    "Credential",
    "CredentialStatus",
    "DevicePrompt",
    "Login",
    "Redactor",
    "Send",
    "Surroundings",
    "SystemKeychain",
    "UnstartedError",
    "Waiting",
    "name_of",
    "open_credential",
    "passive",
]
