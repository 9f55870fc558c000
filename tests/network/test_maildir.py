"""Delivery into a Maildir: the order of its steps, and what is there after each of them."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest

from reply_metadata.network.asyncio_server import MailServer
from reply_metadata.network.blocking_server import BlockingMailServer
from reply_metadata.network.local_delivery import LocalSettings, local_handlers
from reply_metadata.network.maildir import FileOperations, Maildir, deliver_to_all, folder_name
from reply_metadata.network.recording import Side
from reply_metadata.server_rules import ServerSettings
from reply_metadata.transitions import Protocol

STEPS = ["write_new", "rename", "sync_folder"]


class Watched(FileOperations):
    """Writes down each step; dies before the one it is told to.  Making folders does not count."""

    def __init__(self, dies_before=None):
        self.steps = []
        self._dies_before = dies_before
        self._makes_folders = False

    def _step(self, name):
        if name == self._dies_before:
            raise KeyboardInterrupt  # as a killed process: nothing is tidied up
        self.steps.append(name)

    def make_folder(self, folder):
        self._makes_folders = True
        super().make_folder(folder)
        self._makes_folders = False

    def write_new(self, path, octets):
        if path.parent.is_dir():
            self._step("write_new")
        super().write_new(path, octets)

    def rename(self, old, new):
        self._step("rename")
        super().rename(old, new)

    def sync_folder(self, folder):
        if not self._makes_folders:
            self._step("sync_folder")
        super().sync_folder(folder)


def files(folder):
    return sorted(path.relative_to(folder).parts[0] for path in folder.rglob("*") if path.is_file())


def test_the_order_is_write_and_sync_then_rename_then_sync_of_the_folder(tmp_path):
    watched = Watched()
    stored = Maildir(tmp_path / "user", "mx.example.org", watched).deliver(b"Hi\n")
    assert watched.steps == STEPS
    assert stored.parent == tmp_path / "user" / "new"
    assert stored.read_bytes() == b"Hi\n"
    assert files(tmp_path / "user") == ["new"]


@pytest.fixture
def calls(monkeypatch):
    """What is asked of the system, in order: the call and the file, as `tmp`, `new` or a folder."""
    made = []

    def place(path):
        path = Path(path)
        return path.name if path.is_dir() else path.parent.name

    def watch(name, path_of):
        original = getattr(os, name)

        def watched(*arguments):
            made.append((name, place(path_of(arguments[0]))))
            return original(*arguments)

        monkeypatch.setattr(os, name, watched)

    watch("rename", lambda path: path)
    for name in ("write", "fsync"):
        watch(name, lambda descriptor: os.readlink(f"/proc/self/fd/{descriptor}"))
    return made


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("kind", ["blocking", "asyncio"])
def test_the_250_comes_after_the_file_and_its_folder_are_on_the_disk(
    tmp_path, calls, protocol, kind
):
    """Write, fsync, rename, fsync of the folder, 250: as the system and the client see it."""
    users = ["user1@example.com", "user2@example.com"]
    for user in users:
        Maildir(tmp_path / user, "mx").deliver(b"so that the folders are there\n")
    calls.clear()

    def record(side, octets):
        if side is Side.SERVER and octets.startswith(b"250 2.0.0 ") and b"QUEUE-ID" in octets:
            calls.append(("250", ""))

    arguments = protocol, ServerSettings("mx"), local_handlers(LocalSettings(tmp_path))
    message = [b"MAIL FROM:<>", *(f"RCPT TO:<{user}>".encode() for user in users), b"DATA", b"Hi"]
    hello = b"LHLO a" if protocol is Protocol.LMTP else b"EHLO a"
    dialogue = b"\r\n".join((hello, *message, b".", b"QUIT", b""))
    if kind == "blocking":
        with BlockingMailServer(*arguments, record=record) as server:
            said = talk(server.start("127.0.0.1", 0).port, dialogue)
    else:

        async def scenario():
            async with MailServer(*arguments, record=record) as server:
                bound = await server.start("127.0.0.1", 0)
                return await asyncio.to_thread(talk, bound.port, dialogue)

        said = asyncio.run(scenario())
    assert b"\r\n221 " in said
    one = [("write", "tmp"), ("fsync", "tmp"), ("rename", "tmp"), ("fsync", "new"), ("250", "")]
    if protocol is Protocol.LMTP:
        assert calls == one[:4] * 2 + one[4:] * 2  # each says its own result, after both are stored
    else:
        written, shown, synced = one[:2] * 2, one[2:3] * 2, one[3:4] * 2
        assert calls == [*written, *shown, *synced, ("250", "")]


def talk(port, octets):
    with socket.create_connection(("127.0.0.1", port), 5) as raw:
        raw.sendall(octets)
        said = b""
        while more := raw.recv(65536):
            said += more
    return said


def test_folders_that_are_made_are_on_the_disk_too(tmp_path, calls):
    Maildir(tmp_path / "all" / "user", "mx").deliver(b"Hi\n")
    above = [name for call, name in calls if call == "fsync"]
    assert above == [tmp_path.name, "all", "user", "user", "user", "tmp", "new"]


@pytest.mark.parametrize("fails_at", ["write_new", "rename", "sync_folder"])
def test_a_message_for_several_is_stored_for_all_of_them_or_for_none(tmp_path, fails_at):
    class Failing(FileOperations):
        def fail(self, name):
            if name == fails_at:
                raise OSError(28, "No space left on device")

        def write_new(self, path, octets):
            self.fail("write_new")
            super().write_new(path, octets)

        def rename(self, old, new):
            self.fail("rename")
            super().rename(old, new)

        def sync_folder(self, folder):
            self.fail("sync_folder")
            super().sync_folder(folder)

    for name in ("user1", "user2"):
        Maildir(tmp_path / name, "mx").deliver(b"before\n")
    before = files(tmp_path)
    maildirs = [
        Maildir(tmp_path / "user1", "mx"),
        Maildir(tmp_path / "user2", "mx", Failing()),
    ]
    with pytest.raises(OSError, match="No space"):
        deliver_to_all([(maildir, b"Hi\n") for maildir in maildirs])
    assert files(tmp_path) == before
    for stored in tmp_path.glob("*/new/*"):
        assert stored.read_bytes() == b"before\n"


def test_how_much_a_maildir_holds_is_read_from_the_names(tmp_path):
    maildir = Maildir(tmp_path, "mx")
    assert maildir.usage() == (0, 0)
    maildir.deliver(b"12345")
    stored = maildir.deliver(b"1234567")
    stored.rename(tmp_path / "cur" / f"{stored.name}:2,S")
    (tmp_path / "cur" / "of-another-program").write_bytes(b"123")
    assert maildir.usage() == (15, 3)


@pytest.mark.parametrize(
    ("dies_before", "left"), [("write_new", []), ("rename", ["tmp"]), ("sync_folder", ["new"])]
)
def test_a_reader_never_sees_half_a_message(tmp_path, dies_before, left):
    maildir = Maildir(tmp_path, "mx", Watched(dies_before))
    with pytest.raises(KeyboardInterrupt):
        maildir.deliver(b"Hi\n")
    assert files(tmp_path) == left
    Maildir(tmp_path, "mx").deliver(b"Again\n")
    assert (tmp_path / "new").is_dir()
    assert files(tmp_path).count("new") == left.count("new") + 1


def test_what_could_not_be_stored_leaves_nothing_and_is_an_error(tmp_path):
    class Full(FileOperations):
        def rename(self, old, new):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        Maildir(tmp_path, "mx", Full()).deliver(b"Hi\n")
    assert files(tmp_path) == []


def test_a_name_is_never_used_twice_and_nothing_is_overwritten(tmp_path, monkeypatch):
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000)
    maildir = Maildir(tmp_path, "mx")
    assert len({maildir.deliver(b"%d" % number) for number in range(20)}) == 20
    taken = tmp_path / "tmp" / "taken"
    taken.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        FileOperations().write_new(taken, b"new")
    assert taken.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("mailbox", "name"),
    [
        ("user1@example.com", "user1@example.com"),
        ("a/../../b@example.com", "a%2F..%2F..%2Fb@example.com"),
        (".hidden@example.com", "%2Ehidden@example.com"),
        ('"a b"@example.com', "%22a%20b%22@example.com"),
    ],
)
def test_a_mailbox_makes_one_folder_and_never_a_path(mailbox, name):
    assert folder_name(mailbox) == name
