"""The limits of the draft and of this reader, in one frozen value.

Rule 1: a limit of the draft comes from `grammar/limits.toml`, through `_generated.limit_table`.
Rule 2: a limit of this reader holds while octets arrive, for every reply, with and without
metadata; breaking it is an error of the connection.  Breaking a limit of the draft only makes the
metadata of that reply unused.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from reply_metadata._generated.limit_table import DRAFT_LIMITS


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds, each inclusive; Draft: #limits for those that are not `max_received_...`.

    Args:
        max_line_octets: a reply line, CRLF included.
        max_reply_octets: a reply that carries metadata, all lines with CRLF.
        max_reply_lines: lines of a reply that carries metadata.
        max_groups: groups of a reply, all lines together.
        max_arguments: arguments of a group.
        max_group_octets: a group, brackets included.
        max_value_octets: an argument value before decoding.
        max_registered_key_octets: a registered key.
        max_private_key_octets: a private key.
        max_received_line_octets: any reply line with CRLF.  Between 2,000 (a Go library) and 8,192
            (aiosmtplib), at what KumoMTA takes.
        max_received_reply_octets: any reply with its CRLFs.  Between 32,768 (aiosmtplib) and
            100,000 (lettre).
        max_received_reply_lines: lines of any reply.  msmtp stops at 50; EHLO replies of 30 exist.
        max_command_octets: a command line with CRLF.  RFC 5321, Section 4.5.3.1.4, has 512 and lets
            extensions add; 12,288 is what RFC 4954, Section 4, asks for AUTH.
        max_message_line_octets: a line of message data with CRLF.  RFC 5321, Section 4.5.3.1.6, has
            1,000; receivers in the field take far more, so this bounds memory only.
        max_message_octets: message data after DATA or BDAT, dots taken out.  RFC 5321, Section
            4.5.3.1.7, wants at least 65,536; this is Postfix' default.
    """

    max_line_octets: int = DRAFT_LIMITS["max_line_octets"]
    max_reply_octets: int = DRAFT_LIMITS["max_reply_octets"]
    max_reply_lines: int = DRAFT_LIMITS["max_reply_lines"]
    max_groups: int = DRAFT_LIMITS["max_groups"]
    max_arguments: int = DRAFT_LIMITS["max_arguments"]
    max_group_octets: int = DRAFT_LIMITS["max_group_octets"]
    max_value_octets: int = DRAFT_LIMITS["max_value_octets"]
    max_registered_key_octets: int = DRAFT_LIMITS["max_registered_key_octets"]
    max_private_key_octets: int = DRAFT_LIMITS["max_private_key_octets"]
    max_received_line_octets: int = 4096
    max_received_reply_octets: int = 65_536
    max_received_reply_lines: int = 100
    max_command_octets: int = 12_288
    max_message_line_octets: int = 65_536
    max_message_octets: int = 10_240_000

    def __post_init__(self) -> None:
        for item in fields(self):
            if getattr(self, item.name) < 1:
                raise ValueError(f"{item.name} must be at least 1")


DEFAULT_LIMITS = Limits()
