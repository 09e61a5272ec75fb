"""Tells whether some process is still writing to a file."""

from __future__ import annotations

import errno
import signal
import sys
from pathlib import Path

import psutil

NETWORKED = ("nfs", "cifs", "smb")
"""File systems, by how their names begin, that refuse a lease in the same way where only the server has not agreed."""


def is_being_written(path: Path) -> bool:
    """Whether a process of this machine has the file open for writing, as far as can be told.

    Linux grants a read lease on a file only while nobody has it open for writing. False where nothing can be learned:
    on other systems and network file systems, and where the file is somebody else's and this process may not ask.
    FileNotFoundError when it is gone.
    """
    if sys.platform != "linux":
        return False
    try:
        with path.open("rb") as file:
            return _refuses_lease(file.fileno()) and not _is_networked(path)
    except PermissionError:
        return False


def _refuses_lease(descriptor: int) -> bool:
    if sys.platform == "linux":
        import fcntl

        # who opens the file for writing while it is leased has this process told: not by SIGIO, which would end it
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError as error:
            return error.errno == errno.EAGAIN
    return False


def _is_networked(path: Path) -> bool:
    whole = path.resolve()
    mounts = [each for each in psutil.disk_partitions(all=True) if whole.is_relative_to(each.mountpoint)]
    innermost = max(mounts, key=lambda each: len(each.mountpoint), default=None)
    return innermost is not None and innermost.fstype.startswith(NETWORKED)
