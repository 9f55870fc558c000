"""Where a server's connections come in: what they share, how many there may be, what is too many.

Rule 1: a client above a limit is told to come back, with RETRY-AFTER, as soon as it can read that
(Draft: #where: not in the greeting); `spare` connections are kept for this.
Rule 2: above those, a 421 in place of the greeting (RFC 5321, Section 3.8), and nothing is read.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final

from reply_metadata.codec import build_reply
from reply_metadata.events import Greeting
from reply_metadata.network.recording import Record, Side, unrecorded
from reply_metadata.network.server_dialogue import (
    HandlerFactory,
    Peers,
    ServerDialogue,
    Service,
    Verifier,
)
from reply_metadata.network.steps import Dialogue, Linger, Write
from reply_metadata.policy.referral import Address
from reply_metadata.server_rules import ServerSettings
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import Protocol


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """Upper bounds, each inclusive.

    Args:
        connections: that are served at once.  Postfix runs 100 processes (default_process_limit).
        per_client: of them from one address.  Postfix takes 50
            (smtpd_client_connection_count_limit).
        spare: connections above these that are told when to come back.
        commands: without a message between them, before the client gets a 421.  Postfix stops at
            100 that do nothing (smtpd_junk_command_limit); a transaction of 1,000 recipients needs
            1,002.
        retry_after_s: what a client is told that is sent away: when to come back.
    """

    connections: int = 100
    per_client: int = 50
    spare: int = 20
    commands: int = 2_000
    retry_after_s: int = 60

    def __post_init__(self) -> None:
        if min(self.connections, self.per_client, self.commands) < 1:
            raise ValueError(
                "a server takes at least one connection, one of each client, and one command"
            )
        if self.spare < 0 or not 0 <= self.retry_after_s <= 9_999_999:
            raise ValueError("spare and retry_after_s are not negative; RETRY-AFTER has 7 digits")


DEFAULT_SERVICE_LIMITS: Final = ServiceLimits()


class Reception:
    """Takes the connections of one server; may be asked from several threads.

    Args:
        protocol: SMTP or LMTP.
        settings: of every session.
        make_handler: makes the handler of each connection.
        offer_tls: whether the adapter can start TLS.
        verify: offers AUTH PLAIN inside TLS, and is asked.
        record: is told all octets of all connections, but not what a client sends that may still
            authenticate.
        limits: how many connections and commands there may be.
        clock: the time, in seconds.
    """

    def __init__(
        self,
        protocol: Protocol,
        settings: ServerSettings,
        make_handler: HandlerFactory,
        *,
        offer_tls: bool = False,
        verify: Verifier | None = None,
        record: Record = unrecorded,
        limits: ServiceLimits = DEFAULT_SERVICE_LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._protocol = protocol
        self._settings = replace(settings, offer_starttls=offer_tls, offer_auth=verify is not None)
        self._service = Service(
            make_handler, verify, record, limits.commands, limits.retry_after_s, clock
        )
        self._limits = limits
        self._lock = Lock()
        self._served: dict[Address, int] = {}
        self._total = 0
        self._sent_away = 0

    def receive(self, peers: Peers) -> Visit:
        """A connection came in; its `Visit` must be told when it has ended."""
        limits, client = self._limits, peers.client.address
        with self._lock:
            same = self._served.get(client, 0)
            served = self._total < limits.connections and same < limits.per_client
            away = not served and self._sent_away < limits.spare
            if served:
                self._served[client] = same + 1
            self._total += served
            self._sent_away += away
        session = ServerSession(self._protocol, self._settings)
        if not (served or away):
            return Visit(_refuse(session, self._service), lambda: None)
        try:
            dialogue = ServerDialogue(self._service, session, peers, too_many=away)
        except BaseException:  # no handler could be made
            self._release(client, away=away)
            raise
        return Visit(dialogue.run(), lambda: self._release(client, away=away))

    def _release(self, client: Address, *, away: bool) -> None:
        with self._lock:
            if away:
                self._sent_away -= 1
                return
            self._total -= 1
            self._served[client] -= 1
            if not self._served[client]:
                del self._served[client]


@dataclass(slots=True)
class Visit:
    """A connection as the adapter sees it: steps to carry out, and whom to tell at the end."""

    dialogue: Dialogue[None]
    ended: Callable[[], None]


def _refuse(session: ServerSession, service: Service) -> Dialogue[None]:
    text = f"{session.settings.host_name} Too many connections"
    octets = session.send(Greeting(build_reply(421, None, text)))
    service.record(Side.SERVER, octets)
    yield Write(octets, service.clock() + session.settings.timeouts.command_s)
    yield Linger()
