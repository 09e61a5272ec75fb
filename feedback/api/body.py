"""A request's body as JSON, and the numbers in it. How long it may be `feedback.api.bounds` sees to."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import Depends, Request
from pydantic import BeforeValidator

from feedback.api.problems import ProblemError


async def _read(request: Request) -> bytes:
    """The body; a problem with status 415 when it is compressed."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise ProblemError(415, "compressed-body", "Send the body as it is, without Content-Encoding.")
    return await request.body()


Body = Annotated[bytes, Depends(_read)]
"""A route's parameter that holds the bytes of the body."""


def _number(value: object) -> object:
    """Neither a text that reads like a number nor true, which Python would count as 1, is one in JSON."""
    if isinstance(value, bool | str):
        raise ValueError("write a number, without quotes")  # noqa: TRY004 - pydantic takes a TypeError for a bug
    return value


Whole = Annotated[int, BeforeValidator(_number)]
"""A whole number of a body."""
Real = Annotated[float, BeforeValidator(_number)]
"""A number of a body."""


def parsed(body: bytes) -> object:
    """The body's value; NaN and Infinity, which JSON does not have, count as null. A problem (422) otherwise."""
    try:
        value: object = json.loads(body.decode("utf-8-sig"), parse_constant=lambda _: None)
    except UnicodeDecodeError as error:
        raise _unreadable(f"Byte {error.start + 1} of the body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _unreadable(f"The body is not JSON: {error.msg} at {where}.") from None
    except (ValueError, RecursionError):
        raise _unreadable("The body holds a number too long or values nested too deeply to read.") from None
    return value


def _unreadable(detail: str) -> ProblemError:
    return ProblemError(422, "unreadable-body", detail)
