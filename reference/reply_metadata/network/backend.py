"""One transaction with one host: of a proxy with a host behind it, of a client with its server.

Rule 1: parameters go on as they were given; one that only advises (SIZE, BODY=7BIT) is left out
where the host does not list its extension, any other makes the host unfit.
Rule 2: a host that says our own name in its greeting is ourselves: going on would be a loop.
Rule 3: credentials are an argument of `open`, so that a referred host never gets any by accident
(Draft: #req-referral-no-auth).
Rule 4: whoever stops waiting for a reply loses the connection: a reply that comes late must not be
taken for the answer to the next command.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from reply_metadata.commands import MailFrom, Parameter, RcptTo, StartData
from reply_metadata.credentials import PlainCredentials
from reply_metadata.errors import LocalProtocolError
from reply_metadata.network.asyncio_client import ClientConnection, PeerUnavailable
from reply_metadata.network.client_tls import ClientTls
from reply_metadata.network.recording import Record, unrecorded
from reply_metadata.policy.referral import Endpoint, NotFollowed, TlsLevel, refusal_of_session
from reply_metadata.timeouts import DEFAULT_CLIENT_TIMEOUTS, ClientTimeouts
from reply_metadata.transitions import DIALECTS, Answer, Protocol, ResultCount, answer_class
from reply_metadata.values import Reply

_ADVICE: Final = frozenset({"SIZE", "BODY=7BIT"})


class HostUnfit(Exception):
    """The host cannot be used for this transaction; nothing was sent about it."""

    def __init__(self, endpoint: Endpoint, reason: NotFollowed) -> None:
        self.endpoint = endpoint
        self.reason = reason
        super().__init__(f"{endpoint}: {reason.value}")


def _record_nothing(_endpoint: Endpoint) -> Record:
    return unrecorded


@dataclass(frozen=True, slots=True)
class Dialer:
    """How hosts are called.

    Args:
        host_name: our own name.
        protocol: what is spoken with them.
        timeouts: how long each reply may take.
        record_for: who is told the octets of a connection.
        tls: how TLS is started with each of them; its `server_name` is replaced by the name each
            host is called by.  None: never.
        is_server: whether `host_name` is also the name of a server, so that a host that calls
            itself so is ourselves.
    """

    host_name: str
    protocol: Protocol = Protocol.LMTP
    timeouts: ClientTimeouts = DEFAULT_CLIENT_TIMEOUTS
    record_for: Callable[[Endpoint], Record] = _record_nothing
    tls: ClientTls | None = None
    is_server: bool = True

    def tls_for(self, name: str) -> ClientTls | None:
        """How TLS is started with the host of that name: its certificate must be for it."""
        return None if self.tls is None else self.tls._replace(server_name=name)


class BackendTransaction:
    """An open transaction; `open` says MAIL, `ask` RCPT, `deliver` DATA."""

    def __init__(self, endpoint: Endpoint, connection: ClientConnection, mail_reply: Reply) -> None:
        self.endpoint: Final = endpoint
        self._connection = connection
        self._mail_reply = mail_reply

    @classmethod
    async def open(
        cls,
        dialer: Dialer,
        endpoint: Endpoint,
        name: str,
        mail: MailFrom,
        tls_before: TlsLevel = TlsLevel.NONE,
        credentials: PlainCredentials | None = None,
    ) -> BackendTransaction:
        """Connect and say MAIL.

        Args:
            dialer: how hosts are called.
            endpoint: the host.
            name: what it is called, which is what its certificate is checked against.
            mail: the MAIL command.
            tls_before: how the connection was protected that a referral to this host came on.
            credentials: said before MAIL; never to a host that a referral named.

        Raises:
            PeerUnavailable: the host is not there, went away, or refused the credentials.
            HostUnfit: it lacks an extension or protection, or is ourselves.
        """
        connection = await ClientConnection.open(
            endpoint,
            dialer.protocol,
            dialer.host_name,
            timeouts=dialer.timeouts,
            tls=dialer.tls_for(name),
            record=dialer.record_for(endpoint),
        )
        try:
            session = connection.session
            if dialer.is_server and session.server_name.lower() == dialer.host_name.lower():
                raise HostUnfit(endpoint, NotFollowed.VISITED)
            needed = _needed(mail.parameters)
            refused = refusal_of_session(needed, session.extensions, tls_before, connection.tls)
            if refused is not None:
                raise HostUnfit(endpoint, refused)
            if credentials is not None:
                await _authenticate(connection, credentials)
            taken = tuple(one for one in mail.parameters if session.takes_parameter(one))
            reply = await connection.ask(MailFrom(mail.sender, taken))
        except BaseException:
            await connection.close()
            raise
        return cls(endpoint, connection, reply)

    async def ask(self, recipient: RcptTo) -> Reply:
        """The host's reply to this recipient: to MAIL when it refused that, else to RCPT.

        Raises:
            PeerUnavailable: the host went away.
            HostUnfit: it lacks an extension that a parameter belongs to.
        """
        if self.mail_refused:
            return self._mail_reply
        if not _needed(recipient.parameters) <= set(self._connection.session.extensions):
            raise HostUnfit(self.endpoint, NotFollowed.LACKS_EXTENSION)
        try:
            return await self._connection.ask(recipient)
        except asyncio.CancelledError:
            await self._connection.close()
            raise

    async def deliver(self, content: bytes) -> tuple[Reply | None, ...]:
        """The replies to the content, one for each recipient the host accepted, in order.

        None: no reply came, and whether the host took the message is not known.

        Raises:
            PeerUnavailable: the host went away before anything was sent.
        """
        count = len(self._connection.session.accepted)
        reply = await self._connection.ask(StartData())
        if answer_class(reply.code) is not Answer.INTERMEDIATE:
            return (reply,) * count
        replies = await self._connection.send_content(content)
        one_for_all = DIALECTS[self._connection.session.protocol].result_count is ResultCount.ONE
        return replies * count if one_for_all else replies

    @property
    def mail_refused(self) -> bool:
        """Whether the host refused MAIL, so that its reply is about every recipient."""
        return answer_class(self._mail_reply.code) is not Answer.SUCCESS

    @property
    def tls(self) -> TlsLevel:
        """How the connection is protected."""
        return self._connection.tls

    @property
    def secured(self) -> bool:
        """Whether the session is authenticated and encrypted."""
        return self._connection.session.authenticated and self.tls > TlsLevel.NONE

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()


async def _authenticate(connection: ClientConnection, credentials: PlainCredentials) -> None:
    try:
        reply = await connection.authenticate(credentials)
    except LocalProtocolError as error:  # no TLS, or no AUTH PLAIN
        raise PeerUnavailable(connection.endpoint, f"{error}") from error
    if answer_class(reply.code) is not Answer.SUCCESS:
        raise PeerUnavailable(connection.endpoint, "the server refused the credentials", reply)


def _needed(parameters: Iterable[Parameter]) -> set[str]:
    """The extensions a host must list for these parameters."""
    return {one.extension for one in parameters if not _only_advises(one)}


def _only_advises(parameter: Parameter) -> bool:
    return bool(_ADVICE.intersection({parameter.keyword, f"{parameter}".upper()}))
