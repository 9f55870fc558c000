"""What a peer sends reaches a terminal or a log only as printable ASCII, one event a line."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
from threading import Thread

import pytest

from hostile_peers.families.display import LINES, SCREEN
from hostile_peers.families.referrals import encoded
from hostile_peers.socket_peer import HOST
from reply_metadata.__main__ import main
from reply_metadata.commands import MailFrom, Parameter, RcptTo
from reply_metadata.network.asyncio_server import MailServer
from reply_metadata.network.backend import Dialer
from reply_metadata.network.proxy import Backend, ProxySettings, proxy_handlers
from reply_metadata.network.resolver import TableResolver
from reply_metadata.paths import Path
from reply_metadata.policy.referral import ReferralPolicy
from reply_metadata.programs import transcript_text
from reply_metadata.server_rules import ServerSettings
from reply_metadata.transitions import Protocol

STRINGS = {**SCREEN, **LINES}
POINTS = [
    *(*range(0x20), 0x5C, *range(0x7F, 0xA0), 0xAD),
    *(0x200B, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)),
    *(0xFEFF, 0xFF4C, 0x1F600),
]
OUR_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
NOT_IN_A_LINE = "\r\n\0"


def raw_strings():
    """Octets a reply line can hold: points in UTF-8, each octet, and the strings of A14, A15."""
    yield from (text.encode("latin-1") for text in STRINGS.values())
    yield from (chr(point).encode("utf-8") for point in POINTS if chr(point) not in NOT_IN_A_LINE)
    yield bytes(octet for octet in range(1, 256) if octet not in b"\r\n")


def is_printable(text):
    return all(line.isascii() and line.isprintable() for line in text.split("\n"))


@pytest.fixture
def printed(capsys, tmp_path):
    """What `replymeta parse` prints of octets."""

    def parse(octets, *options):
        file = tmp_path / "replies"
        file.write_bytes(octets)
        main(["parse", *options, str(file)])
        shown = capsys.readouterr()
        return shown.out + shown.err

    return parse


@pytest.mark.parametrize("options", [(), ("--json",), ("--plain",)], ids=repr)
def test_parse_prints_replies_in_printable_ascii(printed, options):
    replies = b"".join(b"250 2.0.0 " + octets + b"\r\n" for octets in raw_strings())
    shown = printed(replies, *options)
    assert is_printable(shown)
    count = sum(1 for _ in raw_strings())
    if options == ("--json",):
        assert len(shown.splitlines()) == count  # one event, one line
        assert all(json.loads(line)["code"] == 250 for line in shown.splitlines())
    else:
        assert shown.count("reply     250") == count


@pytest.mark.parametrize("options", [(), ("--json",)], ids=repr)
def test_parse_prints_decoded_values_in_printable_ascii(printed, options):
    values = [chr(point).encode("utf-8") for point in POINTS]
    values += [text.encode("latin-1") for text in STRINGS.values()]
    replies = b"".join(
        b"250 2.0.0 [org.example.x %s] OK\r\n" % encoded(value.decode("latin-1")).encode("ascii")
        for value in values
    )
    shown = printed(replies, *options)
    assert is_printable(shown)
    if options:
        assert len(shown.splitlines()) == len(values)
        values_shown = [
            json.loads(line)["metadata"][0]["arguments"][0] for line in shown.splitlines()
        ]
        for value, argument in zip(values, values_shown, strict=True):
            if "value_hex" not in argument:
                assert argument["value"].encode("utf-8") == value  # JSON gives back what was sent


@pytest.mark.parametrize("options", [(), ("--json",)], ids=repr)
def test_parse_prints_what_it_refuses_in_printable_ascii(printed, options):
    for octets in (*raw_strings(), b"\0", b"\r", b"\n"):
        for reply in (b"2x0 " + octets + b"\r\n", b"250 " + octets, octets + b"\r\n"):
            assert is_printable(printed(reply, *options))


@pytest.mark.parametrize("negotiated", [True, False])
def test_a_dialogue_is_printed_in_printable_ascii_but_for_our_own_colours(negotiated):
    for octets in raw_strings():
        text = octets.decode("latin-1")
        for line in (f"250 2.0.0 {text}", f"250 2.0.0 [TRACE-ID 7f3a] {text}", text):
            for style in (transcript_text.PLAIN, transcript_text.Style(colour=True)):
                shown = transcript_text.server_lines(line, style, negotiated=negotiated)
                shown.append(transcript_text.client_line(line, style))
                for one in shown:
                    bare = OUR_COLOURS.sub("", one) if style.colour else one
                    assert bare.isascii()
                    assert bare.isprintable()


def hostile_server(octets, place):
    """A server for one message, with the octets at one place of its dialogue."""
    listener = socket.create_server((HOST, 0))

    def at(where):
        return b" " + octets if place == where else b""

    def serve():
        connection, _ = listener.accept()
        with connection, listener, connection.makefile("rb") as lines:
            connection.sendall(b"220 mx" + at("greeting") + b"\r\n")
            in_content = False
            for line in lines:
                if in_content:
                    in_content = line != b".\r\n"
                    if not in_content:
                        connection.sendall(b"250 2.0.0" + at("result") + b" saved\r\n")
                elif line.startswith(b"EHLO"):
                    connection.sendall(b"250-mx" + at("hello") + b"\r\n250 REPLYMETA\r\n")
                elif line.startswith(b"RCPT") and place == "refusal":
                    connection.sendall(b"550 5.1.1" + at("refusal") + b"\r\n")
                elif line.startswith(b"RCPT") and place == "malformed":
                    connection.sendall(b"2x0" + at("malformed") + b"\r\n")
                    return
                elif line.startswith(b"DATA"):
                    connection.sendall(b"354 go on\r\n")
                    in_content = True
                else:
                    connection.sendall(b"250 2.0.0 OK\r\n")

    Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


@pytest.mark.parametrize("place", ["greeting", "hello", "refusal", "malformed", "result"])
def test_send_prints_what_a_server_says_in_printable_ascii(capsys, tmp_path, place):
    message = tmp_path / "message"
    message.write_bytes(b"Subject: a\n\nHi\n")
    for octets in (b"".join(raw_strings())[:3500], SCREEN["clipboard-osc-52"].encode("latin-1")):
        port = hostile_server(octets, place)
        words = f"send --smtp {HOST}:{port} --from s@example.org --to u@example.com --timeout 5"
        main([*words.split(), str(message)])
        shown = capsys.readouterr()
        assert is_printable(shown.out)
        assert is_printable(shown.err)
        assert len(shown.err.splitlines()) <= 1
        assert shown.out.count("C: MAIL FROM") == 1


HOSTILE_LOCAL_PARTS = ["a\u2028b", "a\u2029b", "a\u202eb", "a\u2066b", "a\ufeffb"]


@pytest.mark.parametrize("local_part", HOSTILE_LOCAL_PARTS, ids=ascii)
def test_one_event_of_a_proxy_is_one_line_of_its_log(caplog, local_part):
    """The mailbox of a client and the error of a backend stand in the log of a proxy, escaped."""
    port = hostile_server(SCREEN["clear-screen"].encode("latin-1"), "malformed")
    settings = ProxySettings(
        routes={"*": Backend(HOST, port)},
        dialer=Dialer("proxy", protocol=Protocol.SMTP),
        referral=ReferralPolicy(follow=True),
        resolver=TableResolver({}),
    )
    mail = MailFrom(Path.of("s@example.org"), (Parameter("SMTPUTF8"),))
    recipient = RcptTo(Path.of(f"{local_part}@example.com"))

    async def ask():
        async with MailServer(
            Protocol.SMTP, ServerSettings("proxy"), proxy_handlers(settings)
        ) as server:
            bound = await server.start(HOST, 0)
            reader, writer = await asyncio.open_connection(HOST, bound.port)
            writer.write(b"EHLO a\r\n" + mail.to_octets() + recipient.to_octets() + b"QUIT\r\n")
            said = await reader.read()
            writer.close()
            return said

    with caplog.at_level(logging.INFO):
        said = asyncio.run(ask())
    assert b"\r\n221 " in said
    assert caplog.records
    for record in caplog.records:
        line = record.getMessage()
        assert line.isascii()
        assert line.isprintable()
