"""What people ask for that takes a worker: it trains, or assigns the whole history anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

JOB = "request"
"""The job that does what was asked for; its run is for the moment of the asking."""


class RequestKind(StrEnum):
    RETRAIN = "retrain"
    COMPARE = "compare"
    PUBLISH = "publish"
    ROLL_BACK = "roll back"
    MERGE = "merge"
    SPLIT = "split"
    MOVE = "move"
    PIN = "pin"
    RETIRE = "retire"
    UNDO = "undo"
    RETRY_REJECTED = "retry rejected"


class RequestState(StrEnum):
    WAITING = "waiting"
    """No worker has begun with it, or it was interrupted and is begun again."""

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    """It could not be done; asking again would change nothing."""

    FAILED = "failed"
    """Something broke, as the log says. It was tried several times."""


@dataclass(frozen=True, slots=True)
class Request:
    """Who asked for what, when and why.

    `detail` by kind: *compare* holds `before` and `after`, *publish* and *roll back* `version`; what is done to topics
    holds `topic`, and *merge* `into`, *split* `parts`, *move* `complaints`; *undo* holds `edit`.

    No two are of the same moment. `result` is what came of it, or why it was refused.
    """

    id: int
    kind: RequestKind
    detail: Mapping[str, Any]
    at: datetime
    who: str
    why: str
    state: RequestState = RequestState.WAITING
    finished_at: datetime | None = None
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state not in (RequestState.WAITING, RequestState.RUNNING)
