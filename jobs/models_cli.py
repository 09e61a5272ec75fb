"""The commands of `feedback models`: versions of the topic model, and which is in force."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from feedback.comparison import ComparedTopic, ComparisonReport, ComparisonSentences, as_dict, measures
from feedback.errors import FeedbackError
from feedback.store.topics import StoredVersion, lineage_of, topic_names, versions
from jobs.console import Json, open_context, out, wall
from jobs.context import Context
from jobs.show import say, show, write_json

models = typer.Typer(
    help="Versions of the topic model: candidates, the one in force, and earlier ones.", no_args_is_help=True
)

Version = Annotated[str, typer.Argument(help="The id of a version, or its beginning.")]


@models.command("list")
def list_versions(as_json: Json = False) -> None:
    """Show all versions, the last trained first."""
    context = open_context()
    with context.database.read() as connection:
        rows = [_row(each) for each in versions(connection)]
    columns = {"key": "Id", "status": "Status", "trained_at": "Trained (UTC)", "published_at": "Published (UTC)"}
    more = {"topics": "Topics", "covered": "Coverage", "shifted": "Moved"}
    show(out, rows, {**columns, **more}, as_json=as_json, empty="No topic model has been trained yet.")


@models.command("show")
def show_version(version: Version, as_json: Json = False) -> None:
    """Show a version: its metrics, and what became of the topics before it."""
    context = open_context()
    found = find_version(context, version)
    with context.database.read() as connection:
        names = topic_names(connection)
        lines = [
            {
                "fate": each.fate,
                "before_id": each.before_id,
                "after_id": each.after_id,
                "before": names[each.before_id].name if each.before_id in names else None,
                "after": names[each.after_id].name if each.after_id in names else None,
                "similarity": each.similarity,
            }
            for each in lineage_of(connection, found.id)
        ]
    if as_json:
        write_json(out, {**_row(found), "metrics": dict(found.metrics), "lineage": lines})
        return
    say(out, f"{found.id}, {found.status}, trained {found.trained_at:%Y-%m-%d %H:%M} UTC: {figures(found.metrics)}")
    columns = {"fate": "Fate", "before": "Before", "after": "After", "similarity": "Similarity"}
    show(out, lines, columns, as_json=False, empty="It is the first version.")
    if any(each["fate"] == "doubtful" for each in lines):
        say(out, "Where two are the same after all: `feedback topics merge AFTER --into BEFORE`, once it is published.")


@models.command()
def compare(
    before: Annotated[str | None, typer.Argument(help="A version's id or its beginning; the one in force.")] = None,
    after: Annotated[str | None, typer.Argument(help="Another; the newest candidate.")] = None,
    html: Annotated[Path | None, typer.Option(help="Where the page goes; reports/ in data_dir if left out.")] = None,
    as_json: Json = False,
) -> None:
    """Let two versions judge the same complaints: what became of each topic, and which is better. Writes a page."""
    from jobs.compare import choose, compare_versions, report_path, write_report
    from jobs.pages import beside_erasures

    context = open_context()
    named = [find_version(context, each) if each else None for each in (before, after)]
    one, two = choose(context, *named)
    path = html or report_path(context, one, two)

    def written() -> ComparisonReport:
        found = compare_versions(context, one, two, wall())
        write_report(found, path)
        return found

    report = beside_erasures(context, written)
    if as_json:
        write_json(out, {**as_dict(report), "report": path})
        return
    _tell(report)
    say(out, f"The whole of it, with words, quotes and a map: {path}")


@models.command()
def publish(version: Version) -> None:
    """Put a version in force: the whole history is assigned and counted under it, then all readers switch."""
    from jobs.publish import publish as put_in_force

    context = open_context()
    found = find_version(context, version)
    if found.status == "published":
        say(out, f"{str(found.id)[:8]} is in force already.")
        return
    put_in_force(context, found, wall())
    say(out, f"{str(found.id)[:8]} is in force. `feedback models rollback` goes back to the one before.")


@models.command()
def rollback() -> None:
    """Put the version that was in force before in force again."""
    from jobs.publish import rollback as go_back

    version = go_back(open_context(), wall())
    say(out, f"{str(version.id)[:8]}, trained {version.trained_at:%Y-%m-%d}, is in force again.")


def find_version(context: Context, named: str) -> StoredVersion:
    """The version whose id is or begins so. FeedbackError when there is none, or more than one."""
    wanted = named.strip().lower()
    with context.database.read() as connection:
        found = [each for each in versions(connection) if wanted and str(each.id).startswith(wanted)]
    if len(found) != 1:
        what = "no version" if not found else f"{len(found)} versions"
        raise FeedbackError(f"There is {what} {named!r}; `feedback models list` shows all.")
    return found[0]


def figures(metrics: Mapping[str, float]) -> str:
    """A version's metrics in a phrase."""
    told = [f"{metrics['topics']:.0f} topics", f"{metrics['coverage']:.0%} of {metrics['texts']:,.0f} texts have one"]
    if "moved" in metrics:
        told.append(f"{metrics['moved']:.1%} get another than before")
    return ", ".join(told)


def _tell(report: ComparisonReport) -> None:
    """The comparison in a terminal: measures, what is doubtful, and every topic's fate."""
    words = ComparisonSentences(report)
    say(out, f"Before: {words.version(report.before)}. After: {words.version(report.after)}.")
    say(out, " ".join(filter(None, [words.sample(), words.lead(), words.stability()])))
    rows = [{"name": each.name, "before": each.before, "after": each.after} for each in measures(report)]
    show(out, rows, {"name": "Measure", "before": "Before", "after": "After"}, as_json=False, empty="")
    for pair in report.doubtful:
        say(out, f"{pair.old.name!r} before and {pair.new.name!r} after: the same? ({words.alike(pair)})")
        say(out, f"  {words.condition()}: {pair.command}")
    columns = {"number": "No.", "fate": "Fate", "name": "Topic", "before": "Before", "after": "After"}
    rows = [_topic_row(each, words) for each in report.topics]
    show(out, rows, {**columns, "stayed": "Stayed", "most": "From or to"}, as_json=False, empty="There are no topics.")


def _topic_row(each: ComparedTopic, words: ComparisonSentences) -> dict[str, Any]:
    return {
        "number": each.number,
        "fate": f"{each.fate}, doubtful" if each.doubtful else str(each.fate),
        "name": words.name(each.name),
        "before": each.size_before,
        "after": each.size_after,
        "stayed": each.stayed,
        "most": words.neighbour(each) or None,
    }


def _row(each: StoredVersion) -> dict[str, Any]:
    return {
        "id": each.id,
        "key": str(each.id)[:8],
        "status": each.status,
        "trained_at": each.trained_at,
        "published_at": each.published_at,
        "topics": int(each.metrics.get("topics", 0)),
        "coverage": each.metrics.get("coverage"),
        "moved": each.metrics.get("moved"),
        "covered": _percent(each.metrics.get("coverage")),
        "shifted": _percent(each.metrics.get("moved")),
    }


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"
