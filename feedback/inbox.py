"""The watched folder: what lies in it, and what of that could not be read."""

from __future__ import annotations

from pathlib import Path

DONE, FAILED = "done", "failed"
"""Folders in it into which what was read is put away."""


def is_put_away(path: Path, inbox: Path) -> bool:
    """Whether a file has been read, or tried."""
    return path.parent in (inbox / DONE, inbox / FAILED)


def waiting_files(inbox: Path) -> int:
    """Files that are there, be they still being written; those that were read have been moved away."""
    found = (*inbox.glob("*"), *inbox.glob("*/*"))
    return sum(path.is_file() and not is_put_away(path, inbox) for path in found)


def failed_files(inbox: Path) -> int:
    """Files in which nothing could be read; they stay until somebody puts them back or deletes them."""
    return sum(path.is_file() for path in (inbox / FAILED).glob("*"))
