"""`GET /metrics`: the service's vital signs for Prometheus, read from the database when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from fastapi import APIRouter, Depends, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from feedback.api.principal import allowed
from feedback.api.problems import documented
from feedback.api.service import Given
from feedback.domain import Severity
from feedback.inbox import failed_files, waiting_files
from feedback.roles import Right
from feedback.store.vitals import Vitals, vitals

router = APIRouter(tags=["health"], dependencies=[Depends(allowed(Right.READ))])

UNSCHEDULED = ("request", "deliver", "repeat")
"""Jobs that are due whenever something waits for them, which has a metric of its own, or an alert is open."""

SHOWN = {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text format."}


@router.get(
    "/metrics", summary="Metrics", response_class=Response, responses={200: SHOWN, **documented(401, 403, 500, 503)}
)
def read_metrics(service: Given) -> Response:
    """Gauges for Prometheus: how far jobs are behind, what waits, silent sources, open alerts. By the database, so any
    API process gives the same; of complaints a scrape looks at those that wait, and counts the others by index."""
    now = service.clock()
    with service.database.read() as connection:
        found = vitals(connection, now)
    overdue = {job: each.total_seconds() for job, each in service.look.overdue(now).items()}
    registry = CollectorRegistry()
    registry.register(_Read([*families(found, now), *work(found, now, overdue, service.settings.inbox_dir)]))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def families(found: Vitals, now: datetime) -> Iterator[Metric]:
    """The metrics that Prometheus is told; what is not known is left out."""
    lags = {each.job: (now - each.window_start).total_seconds() for each in found.jobs if each.window_start}
    silences = {source: (now - last).total_seconds() for source, last in found.heard.items()}
    open_alerts = {**{str(severity): 0 for severity in Severity}, **found.alerts}
    yield _gauge("job_lag_seconds", "Time since the window up to which a job has done its work.", lags, "job")
    yield _gauge("runs_failed", "Runs that failed and are not done yet.", _one(found.failed_runs))
    yield _gauge("notices", "Messages in the outbox that are pending or dead.", found.notices, "state")
    yield _gauge("source_silence_seconds", "Time since a source's last complaint was received.", silences, "source")
    yield _gauge("alerts_open", "Alerts that are open, by severity.", open_alerts, "severity")
    about = "Share of the last seven days' complaints that no topic took."
    yield _gauge("unassigned_ratio", about, _one(found.unassigned))
    about = "Texts embedded a second, over the last runs that had any."
    yield _gauge("embedded_texts_per_second", about, _one(found.embedded))


def work(found: Vitals, now: datetime, overdue: Mapping[str, float], inbox: Path) -> Iterator[Metric]:
    """What there is to do, and what should have been done by now; jobs that have done all that was due are at 0."""
    due = {**dict.fromkeys((each.job for each in found.jobs if each.job not in UNSCHEDULED), 0.0), **overdue}
    yield _gauge("job_overdue_seconds", "Time since a job was due first that has not been done since.", due, "job")
    yield _gauge("complaints_waiting", "Complaints that wait for a step.", found.waiting, "step")
    waits = (now - found.unembedded_since).total_seconds() if found.unembedded_since else 0.0
    yield _gauge(
        "unembedded_seconds", "Time since the complaint came in that waits longest for its vector.", _one(waits)
    )
    yield _gauge("requests_waiting", "What people asked for and no worker has done yet.", _one(found.requests))
    yield _gauge("inbox_files", "Files that lie in the watched folder.", _one(waiting_files(inbox)))
    yield _gauge("inbox_failed_files", "Files of the watched folder that could not be read.", _one(failed_files(inbox)))
    yield _gauge("rejected_records", "Records that could not become complaints.", _one(found.rejected))


class _Read(Collector):
    """What was read, as prometheus-client wants it."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _one(value: float | None) -> Mapping[str, float]:
    return {} if value is None else {"": value}


def _gauge(name: str, about: str, samples: Mapping[str, float], label: str = "") -> Metric:
    """A gauge with a sample for each value of its label, or with one and no label."""
    family = GaugeMetricFamily(f"feedback_{name}", about, labels=[label] if label else None)
    for value, number in samples.items():
        family.add_metric([value] if label else [], number)
    return family
