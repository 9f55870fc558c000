"""kill -9 in the middle of deliveries, and a count of what is there: `make test-kill`.

Four clients send messages to `replymeta serve`, each to two mailboxes and with an id of its own; at
a random moment the server is killed, and the next round starts another on the same Maildirs.  No
message is sent twice, so its id tells it apart from every other attempt.

Every message acknowledged with 250 must be in each of its Maildirs exactly once, any other at most
once.
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "reference"))

from reply_metadata.commands import MailFrom, RcptTo, StartData  # noqa: E402  the path is set above
from reply_metadata.network.blocking_client import BlockingClientConnection  # noqa: E402
from reply_metadata.network.client_dialogue import PeerUnavailable  # noqa: E402
from reply_metadata.paths import NULL_PATH  # noqa: E402
from reply_metadata.paths import Path as Mailbox  # noqa: E402
from reply_metadata.policy.referral import endpoint  # noqa: E402
from reply_metadata.transitions import Protocol  # noqa: E402

USERS = ("user1@example.com", "user2@example.com")
CLIENTS = 4


@dataclass
class Round:
    """One server, killed before it has taken all messages."""

    number: int
    folder: Path
    protocol: Protocol
    messages: int
    kill_at: int
    kill_after_s: float
    sent: int = 0
    acknowledged: Counter = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self):
        """Start, send, kill; True when it was killed while messages were under way."""
        words = [sys.executable, "-m", "reply_metadata", "serve"]
        words += [f"--{self.protocol.value.lower()}", "--listen", "127.0.0.1:0"]
        self._server = subprocess.Popen(
            [*words, "--maildir", str(self.folder)],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(PROJECT / "reference")},
        )
        line = self._server.stderr.readline()
        self._port = int(re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)[1])
        log = threading.Thread(target=self._server.stderr.read)
        clients = [threading.Thread(target=self._send_all) for _ in range(CLIENTS)]
        for thread in (log, *clients):
            thread.start()
        for thread in clients:
            thread.join()
        killed = self.sent >= self.kill_at and self._server.wait(5) == -signal.SIGKILL
        self._server.kill()
        log.join()
        self._server.stderr.close()
        return killed and self.sent < self.messages

    def _next_id(self):
        with self._lock:
            if self.sent >= self.messages:
                return None
            self.sent += 1
            if self.sent == self.kill_at:
                threading.Timer(self.kill_after_s, self._server.kill).start()
            return f"id-{self.number}-{self.sent}"

    def _send_all(self):
        try:
            where = endpoint("127.0.0.1", self._port)
            with BlockingClientConnection.open(where, self.protocol, "client") as connection:
                while (message_id := self._next_id()) is not None:
                    for user in deliver(connection, message_id):
                        with self._lock:
                            self.acknowledged[message_id, user] += 1
        except PeerUnavailable:
            pass  # it was killed


def deliver(connection, message_id):
    """The users for whom a message was acknowledged."""
    commands = (MailFrom(NULL_PATH), *(RcptTo(Mailbox.of(user)) for user in USERS), StartData())
    if connection.ask_all(commands)[-1].code != 354:
        return []
    content = f"Subject: {message_id}\r\n\r\n".encode() + b"x" * 70 + b"\r\n"
    results = connection.send_content(content)
    if connection.session.protocol is Protocol.SMTP:
        results *= len(USERS)
    return [user for user, reply in zip(USERS, results, strict=True) if reply and reply.code == 250]


def stored(folder):
    """How often each message is in the Maildir of each user."""
    found = Counter()
    for path in folder.glob("*/new/*"):
        (message_id,) = re.findall(rb"(?m)^Subject: (\S+)$", path.read_bytes())
        found[message_id.decode(), path.parts[-3]] += 1
    return found


def mistakes(acknowledged, found):
    """What is lost, and what is there too often."""
    lost = sorted(key for key in acknowledged if found[key] == 0)
    twice = sorted(key for key, times in found.items() if times > 1)
    return lost, twice


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--messages", type=int, default=1000, help="of each round")
    parser.add_argument("--folder", type=Path, help="where the Maildirs are made")
    parser.add_argument("--seed", type=int, default=None, help="of the moments of the kills")
    arguments = parser.parse_args(arguments)
    seed = random.randrange(2**32) if arguments.seed is None else arguments.seed
    moments = random.Random(seed)
    acknowledged, sent, killed = Counter(), 0, 0
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        for number in range(arguments.kills):
            protocol = (Protocol.LMTP, Protocol.SMTP)[number % 2]
            kill_at = moments.randint(1, arguments.messages * 3 // 4)
            one = Round(
                number, folder, protocol, arguments.messages, kill_at, moments.uniform(0, 0.005)
            )
            killed += one.run()
            sent += one.sent
            acknowledged += one.acknowledged
        found = stored(folder)
        hidden = sum(1 for _ in folder.glob("*/tmp/*"))
    lost, twice = mistakes(acknowledged, found)
    unanswered = sum(1 for key in found if key not in acknowledged)
    sys.stdout.write(
        f"seed {seed}: {killed} of {arguments.kills} rounds killed under way;"
        f" {sent} messages sent to {len(USERS)} mailboxes each\n"
        f"acknowledged {len(acknowledged)}, of them stored once"
        f" {sum(found[key] == 1 for key in acknowledged)}, lost {len(lost)}\n"
        f"stored {sum(found.values())}, twice {len(twice)}, without an answer {unanswered};"
        f" unfinished in tmp {hidden}\n"
    )
    return 0 if killed == arguments.kills and acknowledged and not lost and not twice else 1


if __name__ == "__main__":
    sys.exit(main())
