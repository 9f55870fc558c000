"""What a client needs to start TLS: the caller's context, and how much it matters.

Rule: opportunistic TLS (RFC 7435) takes any certificate, for it would take none at all; it keeps
listeners out, and no claim is made that it does more.
"""

from __future__ import annotations

import ssl
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from reply_metadata.policy.referral import TlsLevel


class ClientTls(NamedTuple):
    """How a client starts TLS (RFC 3207).

    Args:
        context: the caller's; it says how certificates are checked.
        server_name: what the certificate is checked against.
        required: whether a server that does not start TLS is not used.
    """

    context: ssl.SSLContext
    server_name: str | None = None
    required: bool = True

    @property
    def level(self) -> TlsLevel:
        """How a connection is protected once TLS is on."""
        checked = self.context.verify_mode is ssl.CERT_REQUIRED and self.context.check_hostname
        return TlsLevel.VERIFIED if checked else TlsLevel.ENCRYPTED


class TlsMode(Enum):
    """What an operator can want of STARTTLS."""

    OFF = "off"
    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"


def client_tls(mode: TlsMode, ca_file: Path | None = None) -> ClientTls | None:
    """How TLS is started in a mode; None when it never is.

    Args:
        mode: required means with a certificate that is checked.
        ca_file: who may have signed it, in PEM; None: whom the system trusts.

    Raises:
        OSError: the file cannot be read or holds no certificate.
    """
    if mode is TlsMode.OFF:
        return None
    context = ssl.create_default_context(cafile=None if ca_file is None else f"{ca_file}")
    if mode is TlsMode.REQUIRED:
        return ClientTls(context)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return ClientTls(context, required=False)


def server_tls(certificate: Path, private_key: Path) -> ssl.SSLContext:
    """What a server offers STARTTLS with.

    Raises:
        OSError: a file cannot be read, or the key is not that of the certificate.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, private_key)
    return context
