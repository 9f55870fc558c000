"""One transaction of a proxy with one host behind it.

Rule 1: parameters go on as the client gave them; one that only advises (SIZE, BODY=7BIT) is left
out where the host does not list its extension, any other makes the host unfit.
Rule 2: a host that says our own name in its greeting is ourselves: going on would be a loop.
Rule 3: whatever happens, each recipient gets a reply; where the host gave none it is a 4yz.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reply_metadata.codec import build_reply
from reply_metadata.commands import MailFrom, Parameter, RcptTo, StartData
from reply_metadata.network.asyncio_client import ClientConnection, PeerUnavailable
from reply_metadata.network.recording import Record, unrecorded
from reply_metadata.policy.referral import Endpoint, NotFollowed, TlsLevel, refusal_of_session
from reply_metadata.timeouts import DEFAULT_CLIENT_TIMEOUTS, ClientTimeouts
from reply_metadata.transitions import Answer, Protocol, answer_class
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
    """How a proxy calls the hosts behind it.

    Args:
        host_name: its own name.
        protocol: what it speaks with them.
        timeouts: how long each reply may take.
        record_for: who is told the octets of a connection.
    """

    host_name: str
    protocol: Protocol = Protocol.LMTP
    timeouts: ClientTimeouts = DEFAULT_CLIENT_TIMEOUTS
    record_for: Callable[[Endpoint], Record] = _record_nothing


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
        mail: MailFrom,
        tls_before: TlsLevel = TlsLevel.NONE,
    ) -> BackendTransaction:
        """Connect and say MAIL.

        Args:
            dialer: how hosts are called.
            endpoint: the host.
            mail: the MAIL command of the client.
            tls_before: how the connection was protected that a referral to this host came on.

        Raises:
            PeerUnavailable: the host is not there, or went away.
            HostUnfit: it lacks an extension or protection, or is ourselves.
        """
        connection = await ClientConnection.open(
            endpoint,
            dialer.protocol,
            dialer.host_name,
            timeouts=dialer.timeouts,
            record=dialer.record_for(endpoint),
        )
        try:
            session = connection.session
            if session.server_name.lower() == dialer.host_name.lower():
                raise HostUnfit(endpoint, NotFollowed.VISITED)
            needed = {one.extension for one in mail.parameters if not _only_advises(one)}
            refused = refusal_of_session(needed, session.extensions, tls_before, connection.tls)
            if refused is not None:
                raise HostUnfit(endpoint, refused)
            taken = tuple(one for one in mail.parameters if session.takes_parameter(one))
            reply = await connection.ask(MailFrom(mail.sender, taken))
        except HostUnfit:
            await connection.close()
            raise
        return cls(endpoint, connection, reply)

    async def ask(self, recipient: RcptTo) -> Reply:
        """The host's reply to this recipient: to MAIL when it refused that, else to RCPT.

        Raises:
            PeerUnavailable: the host went away.
        """
        if answer_class(self._mail_reply.code) is not Answer.SUCCESS:
            return self._mail_reply
        return await self._connection.ask(recipient)

    async def deliver(self, content: bytes) -> tuple[Reply, ...]:
        """The replies to the content, one for each recipient the host accepted, in order."""
        count = len(self._connection.session.accepted)
        try:
            reply = await self._connection.ask(StartData())
            if answer_class(reply.code) is not Answer.INTERMEDIATE:
                return (reply,) * count
            replies = await self._connection.send_content(content)
        except PeerUnavailable:
            return (_no_reply(),) * count
        return tuple(_no_reply() if one is None else one for one in replies)

    @property
    def tls(self) -> TlsLevel:
        """How the connection is protected."""
        return self._connection.tls

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()


def _only_advises(parameter: Parameter) -> bool:
    return bool(_ADVICE.intersection({parameter.keyword, f"{parameter}".upper()}))


def _no_reply() -> Reply:
    return build_reply(451, "4.4.2", "The host behind this one gave no reply")
