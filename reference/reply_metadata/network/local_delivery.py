"""A server that keeps mail in Maildirs, and refers, defers or rejects the recipients it does not.

Rule 1: trusted-hop metadata (REFERRAL) goes to listed peers only; others get the reply without it.
Rule 2: 250 is said after the message is on the disk, for each recipient on its own.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from pathlib import Path as FilePath
from typing import Final

from reply_metadata.codec import build_reply
from reply_metadata.commands import HelloVerb, MailFrom, RcptTo
from reply_metadata.keys import QueueId
from reply_metadata.network.maildir import Maildir, folder_name
from reply_metadata.network.server_dialogue import HandlerFactory, Peers
from reply_metadata.network.steps import Blocking
from reply_metadata.octets import escaped
from reply_metadata.paths import Path
from reply_metadata.policy.one_reply import one_reply_for_all
from reply_metadata.policy.recipient import Decision, Deliver, reply_to_recipient
from reply_metadata.policy.referral import Endpoint, Network, within_any
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import Protocol
from reply_metadata.values import Reply

_LOG: Final = logging.getLogger("reply_metadata.delivery")


def mailbox_key(path: Path) -> str:
    """The mailbox as a key of a table: without regard to case."""
    return path.mailbox.lower()


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What a delivering server is told.

    Args:
        folder: the folder that holds a Maildir for each mailbox.
        decisions: mailbox in lower case -> what is done with it.
        others: what is done with all other mailboxes.
        trusted_peers: who sees trusted-hop metadata.
        queue_id: makes the identifiers the log and QUEUE-ID show.
    """

    folder: FilePath
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    others: Decision = field(default_factory=Deliver)
    trusted_peers: tuple[Network, ...] = ()
    queue_id: Callable[[], str] = field(default=lambda: secrets.token_hex(5))


class LocalHandler:
    """Decides for one connection; see `Handler`."""

    def __init__(self, settings: LocalSettings, session: ServerSession, peers: Peers) -> None:
        self._settings = settings
        self._session = session
        self._client = peers.client
        self._trusted = within_any(peers.client.address, settings.trusted_peers)

    def sender(self, mail: MailFrom) -> Reply:
        """Every sender is taken."""
        return build_reply(250, "2.1.0", "OK")

    def recipient(self, mail: MailFrom, recipient: RcptTo) -> Reply:
        """The reply the tables say."""
        key = mailbox_key(recipient.recipient)
        decision = self._settings.decisions.get(key, self._settings.others)
        return reply_to_recipient(decision, trusted=self._trusted)

    def content(
        self, mail: MailFrom, recipients: Sequence[RcptTo], content: bytes
    ) -> Blocking[Sequence[Reply]]:
        """Store one copy for each recipient; one reply each in LMTP, one for all in SMTP."""
        return Blocking(partial(self._store_all, mail, recipients, content))

    def forget(self) -> None:
        """Nothing is kept between transactions."""

    def _store_all(
        self, mail: MailFrom, recipients: Sequence[RcptTo], content: bytes
    ) -> Sequence[Reply]:
        replies = [self._store(mail, recipient, content) for recipient in recipients]
        per_recipient = len(self._session.results_owed) == len(replies)
        return replies if per_recipient else (one_reply_for_all(replies),)

    def _store(self, mail: MailFrom, recipient: RcptTo, content: bytes) -> Reply:
        queue_id = self._settings.queue_id()
        key = mailbox_key(recipient.recipient)
        maildir = Maildir(
            self._settings.folder / folder_name(key), self._session.settings.host_name
        )
        message = self._trace(mail, recipient, queue_id) + content
        try:
            maildir.deliver(message.replace(b"\r\n", b"\n"))
        except OSError as error:
            _LOG.error("%s not stored: %s", queue_id, escaped(str(error)))
            return build_reply(451, "4.3.0", "Not stored, try again later")
        _LOG.info("%s stored for %s", queue_id, escaped(key))
        return build_reply(250, "2.0.0", "Saved", (QueueId(queue_id),))

    def _trace(self, mail: MailFrom, recipient: RcptTo, queue_id: str) -> bytes:
        """The header fields final delivery adds (RFC 5321, Section 4.4)."""
        session = self._session
        hello = session.hello
        name = hello.domain if hello else "unknown"
        extended = session.protocol is Protocol.SMTP and hello and hello.verb is HelloVerb.EHLO
        with_protocol = "ESMTP" if extended else session.protocol.value
        if with_protocol != "SMTP":  # RFC 3848: S for TLS, A for AUTH
            with_protocol += "S" * session.tls + "A" * (session.user_name is not None)
        now = format_datetime(datetime.now(UTC))
        if mail.smtputf8:  # RFC 6531, Section 4.3
            with_protocol = f"UTF8{with_protocol.removeprefix('E')}"
        to = recipient.recipient.to_octets().decode("utf-8")
        lines = (
            f"Return-Path: {mail.sender.to_octets().decode('utf-8')}",
            f"Delivered-To: {recipient.recipient.mailbox}",
            f"Received: from {name} ({_address_literal(self._client)})",
            f"\tby {session.settings.host_name} with {with_protocol} id {queue_id}",
            f"\tfor {to}; {now}",
        )
        return "".join(f"{line}\r\n" for line in lines).encode("utf-8")


def local_handlers(settings: LocalSettings) -> HandlerFactory:
    """What `MailServer` needs to deliver into Maildirs."""

    def make(session: ServerSession, peers: Peers) -> LocalHandler:
        return LocalHandler(settings, session, peers)

    return make


def _address_literal(client: Endpoint) -> str:
    """RFC 5321, Section 4.1.3."""
    tag = "IPv6:" if client.address.version == 6 else ""
    return f"[{tag}{client.address}]"
