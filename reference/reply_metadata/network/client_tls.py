"""What a client needs to start TLS: the caller's context, and how much it matters."""

from __future__ import annotations

import ssl
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
