"""A server that keeps mail in Maildirs, and refers, defers or rejects the recipients it does not.

Rule 1: trusted-hop metadata (REFERRAL) goes to listed peers only; others get the reply without it.
Rule 2: 250 is said after the message is on the disk: in LMTP for each recipient on its own; in
SMTP, where one reply stands for all, when it is stored for all, and otherwise for none.
Rule 3: each transaction has an identifier; every line of the log about it shows it, and so do the
reply to MAIL and all failures, to a client that reads metadata (TRACE-ID).
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache, partial
from pathlib import Path as FilePath
from typing import Final, TypeVar

from reply_metadata.codec import build_reply
from reply_metadata.commands import HelloVerb, MailFrom, RcptTo
from reply_metadata.errors import ReplyHint
from reply_metadata.keys import QueueId, TraceId
from reply_metadata.network.event_log import log_event
from reply_metadata.network.maildir import (
    FileOperations,
    Maildir,
    Usage,
    deliver_to_all,
    folder_name,
)
from reply_metadata.network.prepared_reply import PreparedReply
from reply_metadata.network.server_dialogue import Answer, HandlerFactory, Peers
from reply_metadata.network.steps import Blocking
from reply_metadata.paths import Path
from reply_metadata.policy.one_reply import one_reply_for_all
from reply_metadata.policy.recipient import Decision, Deliver, reply_to_recipient
from reply_metadata.policy.referral import Endpoint, Network, within_any
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import DIALECTS, Protocol, ResultCount
from reply_metadata.values import Reply

_LOG: Final = logging.getLogger("reply_metadata.delivery")
_NOT_STORED: Final = ReplyHint(451, "4.3.0", "Not stored, try again later")
_FULL_NOW: Final = ReplyHint(452, "4.2.2", "Mailbox full")
_FULL: Final = ReplyHint(552, "5.2.2", "Mailbox full")
_Value = TypeVar("_Value")
_Other = TypeVar("_Other")


@dataclass(frozen=True, slots=True)
class Quota:
    """How much a mailbox may hold.

    Args:
        octets: of all messages; None: any.
        messages: how many; None: any.
        permanent: whether a full mailbox is a 552 5.2.2, which makes the client give up, in place
            of a 452 4.2.2.
    """

    octets: int | None = None
    messages: int | None = None
    permanent: bool = False

    def refusal(self, usage: Usage, more_octets: int) -> ReplyHint | None:
        """Why a message of that size is not taken, or None."""
        full = (self.octets is not None and usage.octets + more_octets > self.octets) or (
            self.messages is not None and usage.messages + 1 > self.messages
        )
        return (_FULL if self.permanent else _FULL_NOW) if full else None


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What a delivering server is told.

    The tables have mailboxes in lower case and "@domain" for all others of a domain.

    Args:
        folder: the folder that holds a Maildir for each mailbox.
        decisions: mailbox or "@domain" -> what is done with it.
        others: what is done with all other mailboxes.
        quotas: mailbox or "@domain" -> how much each may hold; the first found counts.
        trusted_peers: who sees trusted-hop metadata.
        trusted_users: who also does, once they have authenticated.
        send_trace_id: whether clients are told TRACE-ID.
        queue_id: makes the identifiers the log and QUEUE-ID show.
        trace_id: makes the identifiers of transactions.
        operations: how files are written.
    """

    folder: FilePath
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    others: Decision = field(default_factory=Deliver)
    quotas: Mapping[str, Quota] = field(default_factory=dict)
    trusted_peers: tuple[Network, ...] = ()
    trusted_users: frozenset[str] = frozenset()
    send_trace_id: bool = False
    queue_id: Callable[[], str] = field(default=lambda: secrets.token_hex(5))
    trace_id: Callable[[], str] = field(default=lambda: secrets.token_hex(6))
    operations: FileOperations = field(default_factory=FileOperations)


class LocalHandler:
    """Decides for one connection; see `Handler`."""

    def __init__(self, settings: LocalSettings, session: ServerSession, peers: Peers) -> None:
        self._settings = settings
        self._session = session
        self._client = peers.client
        self._trusted_peer = within_any(peers.client.address, settings.trusted_peers)
        self._trace_id = ""
        self._log("connected")

    def sender(self, mail: MailFrom) -> Reply:
        """Every sender is taken."""
        self._trace_id = self._settings.trace_id()
        self._log("mail", sender=mail.sender.mailbox)
        reply = _sender_ok(self._session.protocol)
        if self._settings.send_trace_id and self._session.negotiated:
            return reply.with_value(self._trace_id)
        return reply.without_group

    def recipient(self, mail: MailFrom, recipient: RcptTo) -> Answer[Reply]:
        """The reply the tables say."""
        key = recipient.recipient.mailbox.lower()
        decision = _entry(self._settings.decisions, recipient.recipient, self._settings.others)
        has_quota = _entry(self._settings.quotas, recipient.recipient, None) is not None
        if has_quota and isinstance(decision, Deliver):
            size = next((one.value for one in mail.parameters if one.keyword == "SIZE"), None)
            return Blocking(partial(self._room, recipient.recipient, int(size or 0)))
        reply = reply_to_recipient(decision, trusted=self._trusted)
        self._log("recipient", recipient=key, code=reply.code)
        return self._traced(reply)

    def content(
        self, mail: MailFrom, recipients: Sequence[RcptTo], content: bytes
    ) -> Blocking[Sequence[Reply]]:
        """Store one copy for each recipient; one reply each in LMTP, one for all in SMTP."""
        one = DIALECTS[self._session.protocol].result_count is ResultCount.ONE
        store = self._store_for_all if one else self._store_for_each
        return Blocking(partial(store, mail, recipients, content))

    def forget(self) -> None:
        """Nothing is kept between transactions."""
        self._trace_id = ""

    @property
    def _trusted(self) -> bool:
        return self._trusted_peer or self._session.user_name in self._settings.trusted_users

    def _room(self, path: Path, size: int) -> Reply:
        """The reply to RCPT for a mailbox with a quota."""
        full = self._full(path, size)
        code = 250 if full is None else full.code
        self._log("recipient", recipient=path.mailbox.lower(), code=code)
        return reply_to_recipient(Deliver()) if full is None else self._failure(full)

    def _full(self, path: Path, size: int) -> ReplyHint | None:
        """Why a message of that size is not taken for a mailbox, or None."""
        quota = _entry(self._settings.quotas, path, None)
        if quota is None:
            return None
        return quota.refusal(self._maildir(path.mailbox.lower()).usage(), size)

    def _store_for_each(
        self, mail: MailFrom, recipients: Sequence[RcptTo], content: bytes
    ) -> Sequence[Reply]:
        return [self._store(mail, (recipient,), content) for recipient in recipients]

    def _store_for_all(
        self, mail: MailFrom, recipients: Sequence[RcptTo], content: bytes
    ) -> Sequence[Reply]:
        return (self._store(mail, recipients, content),)

    def _store(self, mail: MailFrom, recipients: Sequence[RcptTo], content: bytes) -> Reply:
        """Store it for all of these or none; the reply that says so."""
        queue_id = self._settings.queue_id()
        size = len(content)
        text = content.replace(b"\r\n", b"\n")
        refusals = [
            self._failure(full)
            for recipient in recipients
            if (full := self._full(recipient.recipient, size)) is not None
        ]
        if refusals:
            self._log("not stored", queue_id=queue_id, octets=size, reason="mailbox full")
            return one_reply_for_all(refusals)
        messages = (  # one copy at a time is in memory
            (
                self._maildir(recipient.recipient.mailbox.lower()),
                self._trace(mail, recipient, queue_id) + text,
            )
            for recipient in recipients
        )
        try:
            deliver_to_all(messages)
        except OSError as error:
            self._log("not stored", logging.ERROR, queue_id=queue_id, reason=f"{error}")
            return self._failure(_NOT_STORED)
        for recipient in recipients:
            key = recipient.recipient.mailbox.lower()
            self._log("stored", queue_id=queue_id, recipient=key, octets=size)
        reply = _saved(self._session.protocol)
        return reply.with_value(queue_id) if self._session.negotiated else reply.without_group

    def _maildir(self, key: str) -> Maildir:
        folder = self._settings.folder / folder_name(key)
        return Maildir(folder, self._session.settings.host_name, self._settings.operations)

    def _failure(self, hint: ReplyHint) -> Reply:
        return self._traced(build_reply(hint.code, hint.enhanced_code, hint.text))

    def _traced(self, reply: Reply) -> Reply:
        """A failure with the identifier of its transaction."""
        if not (self._settings.send_trace_id and self._session.negotiated) or reply.positive:
            return reply
        groups = (*reply.metadata, TraceId(self._trace_id))
        return build_reply(reply.code, reply.enhanced_code, reply.text, groups)

    def _log(self, event: str, level: int = logging.INFO, **fields: str | int) -> None:
        trace_id = self._trace_id or None
        log_event(_LOG, event, level=level, client=f"{self._client}", trace_id=trace_id, **fields)

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
        return "".join(f"{line}\n" for line in lines).encode("utf-8")


def local_handlers(settings: LocalSettings) -> HandlerFactory:
    """What a server needs to deliver into Maildirs."""

    def make(session: ServerSession, peers: Peers) -> LocalHandler:
        return LocalHandler(settings, session, peers)

    return make


@lru_cache
def _sender_ok(protocol: Protocol) -> PreparedReply:
    lmtp = protocol is Protocol.LMTP
    return PreparedReply(250, "2.1.0", "OK", TraceId, command="MAIL", lmtp=lmtp)


@lru_cache
def _saved(protocol: Protocol) -> PreparedReply:
    lmtp = protocol is Protocol.LMTP
    return PreparedReply(250, "2.0.0", "Saved", QueueId, command="DATA", lmtp=lmtp)


def _entry(table: Mapping[str, _Value], path: Path, others: _Other) -> _Value | _Other:
    """What a table says about a mailbox."""
    return table.get(path.mailbox.lower(), table.get(f"@{path.domain.lower()}", others))


def _address_literal(client: Endpoint) -> str:
    """RFC 5321, Section 4.1.3."""
    tag = "IPv6:" if client.address.version == 6 else ""
    return f"[{tag}{client.address}]"
