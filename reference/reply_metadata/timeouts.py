"""How long a session waits, as data; the sessions read no clock.

RFC 5321, Section 4.5.3.2, has the times below as the least a host should wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reply_metadata.transitions import Step


@dataclass(frozen=True, slots=True)
class ClientTimeouts:
    """Seconds a client waits for a whole reply, however slowly its octets come.

    Args:
        connect_s: for the connection itself; the RFC says nothing.  Postfix waits 30 seconds.
        greeting_s: for the greeting, Section 4.5.3.2.1.
        command_s: for the reply to a command but DATA and QUIT, Sections 4.5.3.2.2 and 4.5.3.2.3.
        data_s: for the reply to DATA, Section 4.5.3.2.4.
        result_s: for a reply to the content, Section 4.5.3.2.6: long, because a client that gives
            up early makes a second copy of the message.
        quit_s: for the reply to QUIT, with which nothing is decided any more.
    """

    connect_s: float = 30
    greeting_s: float = 300
    command_s: float = 300
    data_s: float = 120
    result_s: float = 600
    quit_s: float = 5

    def seconds_for(self, step: Step) -> float:
        """How long the reply to a step may take."""
        by_step = {
            Step.GREETING: self.greeting_s,
            Step.DATA: self.data_s,
            Step.RESULT: self.result_s,
            Step.LAST_RESULT: self.result_s,
            Step.QUIT: self.quit_s,
        }
        return by_step.get(step, self.command_s)


@dataclass(frozen=True, slots=True)
class ServerTimeouts:
    """Seconds a server waits for its client.

    Args:
        command_s: for a whole command line, Section 4.5.3.2.7.
        content_s: for the whole content of a message.  The RFC counts three minutes a block; one
            bound for all blocks leaves a client that drips octets no way round it.
    """

    command_s: float = 300
    content_s: float = 1800


DEFAULT_CLIENT_TIMEOUTS: Final = ClientTimeouts()
DEFAULT_SERVER_TIMEOUTS: Final = ServerTimeouts()
