"""Passwords as a file keeps them: a hash by scrypt (RFC 7914), never the password.

Rule: whether a user is known does not show in how long the answer takes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reply_metadata.credentials import PlainCredentials
from reply_metadata.network.steps import Blocking

_SCHEME: Final = "scrypt"
_COST: Final = 2**14  # with _BLOCK 16 MiB and some 50 ms: RFC 7914, Section 2, for logins
_BLOCK: Final = 8
_SALT_OCTETS: Final = 16
_MOST_COST: Final = 2**20


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """`scrypt:COST:SALT:HASH`, the last two in base64."""

    cost: int
    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, password: str) -> PasswordHash:
        """The hash of a password, with a salt of its own."""
        salt = secrets.token_bytes(_SALT_OCTETS)
        return cls(_COST, salt, _digest(password, _COST, salt))

    @classmethod
    def parse(cls, text: str) -> PasswordHash:
        """The hash that stands in a file.

        Raises:
            ValueError: it is none.
        """
        parts = text.split(":")
        try:
            scheme, cost, salt, digest = parts
            read = cls(int(cost), _decoded(salt), _decoded(digest))
        except (ValueError, binascii.Error):
            scheme, read = "", cls(0, b"", b"")
        good_cost = 1 < read.cost <= _MOST_COST and not read.cost & (read.cost - 1)
        if scheme != _SCHEME or not good_cost or len(read.digest) != 32 or len(read.salt) < 8:
            raise ValueError("no hash of a password; `replymeta serve --hash-password` makes one")
        return read

    def __str__(self) -> str:
        salt, digest = (base64.b64encode(part).decode("ascii") for part in (self.salt, self.digest))
        return f"{_SCHEME}:{self.cost}:{salt}:{digest}"

    def fits(self, password: str) -> bool:
        """Whether this is the password."""
        return hmac.compare_digest(_digest(password, self.cost, self.salt), self.digest)


class PasswordTable:
    """The users of a server; to be given as its `verify`."""

    def __init__(self, users: Mapping[str, PasswordHash]) -> None:
        self._users = dict(users)
        self._nobody = PasswordHash.of(secrets.token_hex())

    def __call__(self, credentials: PlainCredentials) -> Blocking[bool]:
        """Whether they are right; nobody may act for another (RFC 4616, Section 2)."""
        return Blocking(lambda: self._right(credentials))

    def _right(self, credentials: PlainCredentials) -> bool:
        name = credentials.user_name
        fits = self._users.get(name, self._nobody).fits(credentials.password)
        return fits and name in self._users and credentials.authorization in {"", name}


def _digest(password: str, cost: int, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8"),
        salt=salt,
        n=cost,
        r=_BLOCK,
        p=1,
        maxmem=256 * cost * _BLOCK,
        dklen=32,
    )


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
