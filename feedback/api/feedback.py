"""`POST /v1/feedback`: complaints in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from feedback.api.body import Body, parsed
from feedback.api.items import NOT_YOURS, Batch, RefusedItem, as_batch, batch_schema
from feedback.api.principal import allowed
from feedback.api.problems import ProblemError, documented
from feedback.api.service import Given, Service
from feedback.api.turns import Turn
from feedback.ingest import Taken
from feedback.roles import Principal, Right

router = APIRouter(prefix="/v1", tags=["feedback"], dependencies=[Depends(allowed(Right.SEND))])
TURN = Turn("feedback")
Sender = Annotated[Principal, Depends(allowed(Right.SEND))]


class ItemResult(BaseModel):
    """What became of one item."""

    index: int = Field(description="Its place in the batch, from 0.")
    source: str = Field(description="The source it was filed under.")
    source_id: str | None = Field(description="Its id in that source, as far as it could be read.")
    status: Literal["accepted", "updated", "unchanged", "rejected"]
    reason: str | None = Field(None, description="Why it was rejected, as a short code.")
    detail: str | None = Field(None, description="Why it was rejected, as a sentence.")
    ignored: list[str] = Field([], description="Fields that were not taken over: nested, too long, or personal.")


class FeedbackResult(BaseModel):
    """What became of a request's items: how many of each status, then each in the order sent."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "accepted": 1,
                    "updated": 0,
                    "unchanged": 0,
                    "rejected": 1,
                    "results": [
                        {"index": 0, "source": "zendesk", "source_id": "48213", "status": "accepted"},
                        {
                            "index": 1,
                            "source": "zendesk",
                            "source_id": "48214",
                            "status": "rejected",
                            "reason": "empty_text",
                            "detail": "The text is empty.",
                        },
                    ],
                }
            ]
        }
    )

    accepted: int = Field(description="New complaints.")
    updated: int = Field(description="Known complaints that have changed.")
    unchanged: int = Field(description="Known complaints that are as they were.")
    rejected: int = Field(description="Items that could not become complaints.")
    results: list[ItemResult]


@router.post(
    "/feedback",
    summary="Send complaints",
    response_model=FeedbackResult,
    responses={
        200: {"description": "Every item was taken."},
        207: {"description": "Some items were taken, some rejected.", "model": FeedbackResult},
        **documented(401, 403, 413, 415, 422, 500, 503),
    },
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": batch_schema()}}},
)
async def send_feedback(
    request: Request,
    service: Given,
    sender: Sender,
    body: Body,
    source: Annotated[
        str | None,
        Query(
            description="Where items come from that do not say so themselves; `api` if left out, or the only source "
            "that the key is bound to.",
            min_length=1,
            max_length=200,
        ),
    ] = None,
) -> JSONResponse:
    """Takes one complaint, an array of them, or an object with an array `items`; at most 1,000 and 10 MB.

    A key may be bound to sources (`feedback keys add NAME --source …`): items of others are rejected, with status 403
    where all are.

    A complaint is known by its `source` and `source_id`: sent again it is `unchanged`, or `updated` when it says more
    or something else, so that a request can be repeated safely. A bad item does not stop the good ones. Status 200
    means that all were taken, 207 that some were rejected, 422 that none was taken (`results` then says why). Texts
    are redacted before they are stored.

    Fields may have usual other names (`id`, `created_at`, `body` …) as in imported files. Unknown fields with a
    number, truth value or short string become attributes; those named after personal data (`email`, `first_name` …)
    are left behind, as is what is nested or long.
    """
    # one at a time: the intake's libraries do not promise to be thread-safe
    return _answer(await TURN.take(lambda: _take(service, body, sender, source)))


def _take(service: Service, body: bytes, sender: Principal, named: str | None) -> FeedbackResult:
    only = sender.sources[0] if len(sender.sources) == 1 else "api"
    batch = as_batch(parsed(body), only if named is None else named, sender.sources)
    taken: dict[int, Taken] = {}
    now = service.clock()
    for source, places in batch.by_source().items():
        records: list[Mapping[str, object]] = [batch.items[place].fields for place in places]
        taken.update(zip(places, service.take_in(records, source, now), strict=True))
    return _result(batch, taken)


def _result(batch: Batch, taken: Mapping[int, Taken]) -> FeedbackResult:
    results = [_refused(each) for each in batch.refused]
    for place, item in batch.items.items():
        became = taken[place]
        results.append(
            ItemResult(
                index=place,
                source=item.source,
                source_id=became.source_id,
                status=became.status,
                reason=became.reason,
                detail=became.detail,
                ignored=list(item.ignored),
            )
        )
    return _counted(sorted(results, key=lambda each: each.index))


def _refused(item: RefusedItem) -> ItemResult:
    return ItemResult(
        index=item.index,
        source=item.source,
        source_id=item.source_id,
        status="rejected",
        reason=item.reason,
        detail=item.detail,
    )


def _counted(results: Sequence[ItemResult]) -> FeedbackResult:
    number = Counter(each.status for each in results)
    return FeedbackResult(
        accepted=number["accepted"],
        updated=number["updated"],
        unchanged=number["unchanged"],
        rejected=number["rejected"],
        results=list(results),
    )


def _answer(result: FeedbackResult) -> JSONResponse:
    content = result.model_dump(mode="json")
    if result.results and result.rejected == len(result.results):
        only = result.results[0].detail if len(result.results) == 1 else f"All {result.rejected:,} items were rejected."
        if {each.reason for each in result.results} == {NOT_YOURS}:
            raise ProblemError(403, "not-your-source", result.results[0].detail or "", more=content)
        raise ProblemError(422, "nothing-taken", only or "The item was rejected.", more=content)
    return JSONResponse(content, 207 if result.rejected else 200)
