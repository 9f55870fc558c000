"""Delivery into a Maildir: the order of its steps, and what is there after each of them."""

from __future__ import annotations

import pytest

from reply_metadata.network.maildir import FileOperations, Maildir, folder_name

STEPS = ["write_new", "rename", "sync_folder"]


class Watched(FileOperations):
    """Writes down each step; dies before the one it is told to."""

    def __init__(self, dies_before=None):
        self.steps = []
        self._dies_before = dies_before

    def _step(self, name):
        if name == self._dies_before:
            raise KeyboardInterrupt  # as a killed process: nothing is tidied up
        self.steps.append(name)

    def write_new(self, path, octets):
        self._step("write_new")
        super().write_new(path, octets)

    def rename(self, old, new):
        self._step("rename")
        super().rename(old, new)

    def sync_folder(self, folder):
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


def test_the_file_is_on_the_disk_before_it_is_renamed(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("os.fsync", lambda descriptor: synced.append(descriptor))
    watched = Watched(dies_before="rename")
    with pytest.raises(KeyboardInterrupt):
        Maildir(tmp_path, "mx", watched).deliver(b"Hi\n")
    assert len(synced) == 1


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
