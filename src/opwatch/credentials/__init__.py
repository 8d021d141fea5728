"""Where a secret comes from, when it is renewed, and to which origin it may go.

``open_credential`` makes a ``Credential`` of a profile's scheme; its
``authorize`` is the one function that adds a secret to a request.
"""

from opwatch.credentials.context import CredentialContext, DevicePrompt, Send, WaitingFor
from opwatch.credentials.credential import Credential, CredentialStatus, open_credential
from opwatch.credentials.redaction import Redactor
from opwatch.credentials.sources import source_name

__all__ = [
    "Credential",
    "CredentialContext",
    "CredentialStatus",
    "DevicePrompt",
    "Redactor",
    "Send",
    "WaitingFor",
    "open_credential",
    "source_name",
]
