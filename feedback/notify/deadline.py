"""An end to every attempt: a receiver that sends a byte a minute keeps each single read within its time limit."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def cut_off(seconds: float, connection: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Break the connection after so many seconds in all; what fails by that is raised as a TimeoutError.

    `connection` gives the socket in use at that moment, None where there is none.
    """
    cut = threading.Event()

    def end() -> None:
        cut.set()
        _break(connection())

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if cut.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()


def _break(connection: socket.socket | None) -> None:
    if connection is not None:
        with contextlib.suppress(OSError):  # it may have ended by itself
            connection.shutdown(socket.SHUT_RDWR)


def failure(error: BaseException) -> str:
    """An error in words fit for the outbox: its kind, without what it says, which may hold an address or a secret."""
    reason = error.strerror if isinstance(error, OSError) else None
    kind = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
    return f"{kind}: {reason}" if reason and not isinstance(error, TimeoutError) else kind
