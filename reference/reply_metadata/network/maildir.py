"""Delivery into a Maildir so that a power cut loses nothing that was answered with 250.

Rule 1: the order is write to `tmp`, fsync the file, rename into `new`, fsync the folder.  Before
the rename nobody sees the message; after the last step it is there for good, and only then is it
reported as stored.
Rule 2: names are unique by time, process, counter and host; a name is never reused.
Rule 3: the file operations are an argument, so that a test can watch their order and stop at each.
"""

from __future__ import annotations

import os
import time
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import quote

FOLDERS: Final = ("tmp", "new", "cur")
_DELIVERIES: Final = count(1)


class FileOperations:
    """The operations a delivery makes, in the order it makes them."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it; a folder that is there is left alone."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write_new(self, path: Path, octets: bytes) -> None:
        """Make a file that is not there yet, write it and wait until the disk has it."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())

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
        operations = self._operations
        for name in FOLDERS:
            operations.make_folder(self.folder / name)
        name = self._unique_name()
        written, stored = self.folder / "tmp" / name, self.folder / "new" / name
        try:
            operations.write_new(written, octets)
            operations.rename(written, stored)
        except OSError:
            operations.remove(written)
            raise
        operations.sync_folder(self.folder / "new")
        return stored

    def _unique_name(self) -> str:
        seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
        micros = nanoseconds // 1000
        return f"{seconds}.M{micros:06}P{os.getpid()}Q{next(_DELIVERIES)}.{self._host_name}"


def folder_name(mailbox: str) -> str:
    """The name of a mailbox's folder: no "/" in it and no "." in front, whatever was sent."""
    name = quote(mailbox, safe="@+=,")
    return f"%2E{name[1:]}" if name.startswith(".") else name
