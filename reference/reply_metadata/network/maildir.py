"""Delivery into a Maildir so that a power cut or a kill loses nothing that was answered with 250.

Rule 1: the order is write to `tmp`, fsync the file, rename into `new`, fsync the folder.  Before
the rename nobody sees the message; after the last step it is there for good, and only then is it
reported as stored.  A folder that is made is synced into the one above it.
Rule 2: names are unique by time, process, counter and host; a name is never reused.
Rule 3: one message for several Maildirs is in all of them or in none: all are written before the
first is renamed, and what was renamed is taken back when another cannot be.  (Only a kill between
two renames leaves some; no answer was given then.)
Rule 4: the file operations are an argument, so that a test can watch their order and stop at each.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

FOLDERS: Final = ("tmp", "new", "cur")
_DELIVERIES: Final = count(1)


class FileOperations:
    """The operations a delivery makes, in the order it makes them."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it, each synced into the one above."""
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for one in reversed(missing):
            one.mkdir(mode=0o700, exist_ok=True)
            self.sync_folder(one.parent)

    def write_new(self, path: Path, octets: bytes) -> None:
        """Make a file that is not there yet, write it and wait until the disk has it."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            rest = memoryview(octets)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Move a file within one file system."""
        os.rename(old, new)

    def sync_folder(self, folder: Path) -> None:
        """Wait until the disk has the names in a folder."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Remove a file if it is there."""
        path.unlink(missing_ok=True)


class Usage(NamedTuple):
    """How much a Maildir holds."""

    octets: int
    messages: int


class Maildir:
    """One Maildir.

    Args:
        folder: the folder that holds tmp, new and cur.
        host_name: the last part of the names of its files.
        operations: how files are written.
    """

    def __init__(
        self, folder: Path, host_name: str, operations: FileOperations | None = None
    ) -> None:
        self.folder: Final = folder
        self._host_name = host_name.replace("/", r"\057").replace(":", r"\072")
        self._operations = operations or FileOperations()

    def deliver(self, octets: bytes) -> Path:
        """Store one message; its file in `new`.

        Raises:
            OSError: it is not stored.
        """
        (stored,) = deliver_to_all([(self, octets)])
        return stored

    def usage(self) -> Usage:
        """How much is in it; the size of a file is read from its name, where that has it."""
        sizes = []
        for name in ("new", "cur"):
            with contextlib.suppress(FileNotFoundError), os.scandir(self.folder / name) as entries:
                sizes += [_size(entry) for entry in entries]
        return Usage(sum(sizes), len(sizes))

    def write(self, octets: bytes) -> Written:
        """Put one message in `tmp`, where nobody sees it.

        Raises:
            OSError: it is not there.
        """
        name = self._unique_name(len(octets))
        written = Written(self.folder / "tmp" / name, self.folder / "new" / name, self._operations)
        try:
            try:
                self._operations.write_new(written.hidden, octets)
            except FileNotFoundError:
                for folder in FOLDERS:
                    self._operations.make_folder(self.folder / folder)
                self._operations.write_new(written.hidden, octets)
        except OSError:
            written.take_back()
            raise
        return written

    def _unique_name(self, size: int) -> str:
        """The size is part of it, as in Maildir++, so that nobody needs to ask the disk for it."""
        seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
        unique = f"M{nanoseconds // 1000:06}P{os.getpid()}Q{next(_DELIVERIES)}"
        return f"{seconds}.{unique}.{self._host_name},S={size}"


class Written(NamedTuple):
    """A message on the disk: `show` makes it one of the mailbox, `take_back` removes it."""

    hidden: Path
    shown: Path
    operations: FileOperations

    def show(self) -> None:
        """Rename it into `new`."""
        self.operations.rename(self.hidden, self.shown)

    def sync(self) -> None:
        """Wait until the disk has it in `new`."""
        self.operations.sync_folder(self.shown.parent)

    def take_back(self) -> None:
        """Remove it, wherever it is; what cannot be removed stays."""
        for path in (self.hidden, self.shown):
            with contextlib.suppress(OSError):
                self.operations.remove(path)


def deliver_to_all(messages: Iterable[tuple[Maildir, bytes]]) -> tuple[Path, ...]:
    """Store a message in each Maildir, or in none; the files in `new`.

    Raises:
        OSError: it is stored in none.
    """
    written: list[Written] = []
    try:
        for maildir, octets in messages:
            written.append(maildir.write(octets))
        for one in written:
            one.show()
        for one in written:
            one.sync()
    except OSError:
        for one in written:
            one.take_back()
        raise
    return tuple(one.shown for one in written)


def folder_name(mailbox: str) -> str:
    """The name of a mailbox's folder: no "/" in it and no "." in front, whatever was sent."""
    name = quote(mailbox, safe="@+=,")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def _size(entry: os.DirEntry[str]) -> int:
    _, found, size = entry.name.partition(",S=")
    size = size.partition(":")[0].partition(",")[0]
    return int(size) if found and size.isascii() and size.isdigit() else entry.stat().st_size
