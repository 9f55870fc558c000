"""What AUTH PLAIN carries (RFC 4616; RFC 4954, Section 4), and how little of it is ever shown.

Rule: no password, and nothing that could be one, stands in a `repr`, in the text of an error or in
a record of octets.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass, field
from typing import Final

MAX_PART_OCTETS: Final = 255
"""RFC 4616, Section 2, wants at least this much of each part."""


class CredentialsSyntaxError(ValueError):
    """No credentials of PLAIN; says nothing of what stood there."""


@dataclass(frozen=True, slots=True)
class PlainCredentials:
    """The message of PLAIN.

    Args:
        user_name: who authenticates.
        password: the secret.
        authorization: whom to act for; "" is the user.
    """

    user_name: str
    password: str = field(repr=False)
    authorization: str = ""

    def __post_init__(self) -> None:
        parts = (self.authorization, self.user_name, self.password)
        try:
            octets = [part.encode("utf-8") for part in parts]
        except UnicodeEncodeError:
            raise CredentialsSyntaxError("credentials are Unicode text") from None
        if not octets[1] or not octets[2] or any(b"\0" in part for part in octets):
            raise CredentialsSyntaxError("credentials have a name and a password, and no NUL")
        if max(map(len, octets)) > MAX_PART_OCTETS:
            raise CredentialsSyntaxError(f"a part is longer than {MAX_PART_OCTETS} octets")

    @classmethod
    def parse(cls, octets: bytes) -> PlainCredentials:
        """The credentials this base64 text is.

        Raises:
            CredentialsSyntaxError: it is none.
        """
        try:
            message = binascii.a2b_base64(octets, strict_mode=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise CredentialsSyntaxError("not UTF-8 in base64") from None
        parts = message.split("\0")
        if len(parts) != 3:
            raise CredentialsSyntaxError("not three parts")
        return cls(parts[1], parts[2], parts[0])

    def to_octets(self) -> bytes:
        """The base64 text."""
        message = f"{self.authorization}\0{self.user_name}\0{self.password}"
        return binascii.b2a_base64(message.encode("utf-8"), newline=False)
