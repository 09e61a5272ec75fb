"""The commands of `feedback topics`: what topics there are, and what people decide about them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer

from feedback.domain import Severity
from feedback.errors import FeedbackError
from feedback.store import edits
from feedback.store.topics import StoredTopic, published_version, quotes_of, topics_of
from jobs.console import Json, err, open_context, out, wall
from jobs.show import say, show, write_json

topics = typer.Typer(
    help="Topics, and what people decide about them: it holds at once and through every later training.",
    invoke_without_command=True,
)

Topic = Annotated[str, typer.Argument(help="Its name, its id, or the beginning of its id.")]
Who = Annotated[str, typer.Option(help="Who decides.", envvar=["USER", "LOGNAME"])]
Why = Annotated[str, typer.Option(help="Why; kept with the decision.")]


@topics.callback()
def show_topics(invoked: typer.Context, as_json: Json = False) -> None:
    """List the topics when nothing else is asked for."""
    if invoked.invoked_subcommand is None:
        list_topics(as_json=as_json)


@topics.command("list")
def list_topics(*, as_json: Json = False) -> None:
    """Show the topics of the version in force, with their words."""
    context = open_context()
    with context.database.read() as connection:
        version = published_version(connection)
        members = topics_of(connection, version.id) if version else []
    rows = [_row(each) for each in sorted(members, key=lambda each: -each.size)]
    columns = {"key": "Id", "name": "Topic", "kind": "Kind", "owner": "Owner", "size": "Complaints", "shown": "Words"}
    show(out, rows, columns, as_json=as_json, empty="No topic model has been trained yet.")


@topics.command("show")
def show_topic(topic: Topic, as_json: Json = False) -> None:
    """Show a topic: its words in each language, and complaints that speak for it."""
    from jobs.curate import find_topic

    context = open_context()
    topic_id = find_topic(context, topic)
    with context.database.read() as connection:
        version = published_version(connection)
        (found,) = [each for each in topics_of(connection, version.id) if each.id == topic_id] if version else []
        quotes = quotes_of(connection, version.id, topic_id) if version else []
    if as_json:
        write_json(out, {**_row(found), "quotes": [each._asdict() for each in quotes]})
        return
    say(out, f"{found.name} ({found.id}), {found.kind}, {found.size:,} complaints")
    graded = f"severity: {found.severity or '–'}"
    say(out, f"owner: {found.owner or '–'}, area: {found.area or '–'}, {graded}, born {found.born_at:%Y-%m-%d}")
    for language, words in found.words.items():
        say(out, f"{language}: {', '.join(words)}")
    for quote in quotes:
        say(out, f"  [{quote.language}, {quote.received_at:%Y-%m-%d}] {quote.text[:300]}")


@topics.command()
def rename(topic: Topic, name: str, why: Why = "", who: Who = "") -> None:
    """Give a topic a name for good."""
    from jobs import curate

    context = open_context()
    curate.rename(context, curate.find_topic(context, topic), name, _author(who, why))
    say(out, f"{topic!r} is called {name!r} from now on.")


@topics.command()
def owner(
    topic: Topic, name: Annotated[str, typer.Argument(help="Who answers for it.")], why: Why = "", who: Who = ""
) -> None:
    """Say who answers for a topic."""
    from jobs import curate

    context = open_context()
    curate.own(context, curate.find_topic(context, topic), name, _author(who, why))
    say(out, f"{name!r} answers for {topic!r} from now on.")


@topics.command()
def area(topic: Topic, name: Annotated[str, typer.Argument(help="The area.")], why: Why = "", who: Who = "") -> None:
    """Say to which area a topic belongs."""
    from jobs import curate

    context = open_context()
    curate.place(context, curate.find_topic(context, topic), name, _author(who, why))
    say(out, f"{topic!r} belongs to the area {name!r} from now on.")


@topics.command()
def severity(
    topic: Topic,
    level: Annotated[Severity, typer.Argument(help="How grave its complaints are.")],
    why: Why = "",
    who: Who = "",
) -> None:
    """Say how grave a topic is; it counts in the severity of its alerts."""
    from jobs import curate

    context = open_context()
    curate.grade(context, curate.find_topic(context, topic), level, _author(who, why))
    say(out, f"{topic!r} is of {level} severity from now on.")


@topics.command()
def merge(
    topic: Topic,
    into: Annotated[str, typer.Option(help="The topic that takes its complaints.")],
    why: Why = "",
    who: Who = "",
) -> None:
    """Let one topic take all complaints of another, now and later."""
    from jobs import curate

    context = open_context()
    gone, home = curate.find_topic(context, topic), curate.find_topic(context, into, of_old=True)
    edit = curate.merge(context, gone, home, _author(who, why))
    say(out, f"{topic!r} is part of {into!r} from now on; `feedback topics undo {edit.id}` takes it back.")


@topics.command()
def split(
    topic: Topic,
    parts: Annotated[int, typer.Option(help="Into how many.", min=2, max=20)] = 2,
    why: Why = "",
    who: Who = "",
) -> None:
    """Cut a topic into parts by what its complaints are about."""
    from jobs import curate

    context = open_context()
    edit = curate.split(context, curate.find_topic(context, topic), parts, _author(who, why))
    names = ", ".join(repr(part["name"]) for part in edit.detail["parts"])
    say(out, f"{topic!r} is {names} from now on; `feedback topics undo {edit.id}` takes it back.")


@topics.command()
def move(
    complaints: Annotated[list[str], typer.Argument(help="Ids of complaints.")],
    to: Annotated[str, typer.Option(help="The topic they belong to.")],
    why: Why = "",
    who: Who = "",
) -> None:
    """Say that complaints belong to a topic, whatever they are like."""
    from jobs import curate

    context = open_context()
    chosen = [_complaint_id(each) for each in complaints]
    edit = curate.move(context, chosen, curate.find_topic(context, to), _author(who, why))
    say(out, f"{len(chosen)} belong to {to!r} from now on; `feedback topics undo {edit.id}` takes it back.")


@topics.command()
def pin(topic: Topic, why: Why = "", who: Who = "") -> None:
    """Keep a topic for good as it is, like one of the taxonomy."""
    from jobs import curate

    context = open_context()
    edit = curate.pin(context, curate.find_topic(context, topic), _author(who, why))
    say(out, f"{topic!r} is pinned; `feedback topics undo {edit.id}` takes it back.")


@topics.command()
def retire(topic: Topic, why: Why = "", who: Who = "") -> None:
    """Let a topic go; complaints like its own belong to no topic then."""
    from jobs import curate

    context = open_context()
    edit = curate.retire(context, curate.find_topic(context, topic), _author(who, why))
    say(out, f"{topic!r} is retired; `feedback topics undo {edit.id}` takes it back.")


@topics.command()
def undo(
    number: Annotated[int, typer.Argument(help="The number of the decision.")], why: Why = "", who: Who = ""
) -> None:
    """Take a decision back."""
    from jobs import curate

    curate.undo(open_context(), number, _author(who, why))
    say(out, f"Decision {number} no longer holds.")


@topics.command()
def load(
    force: Annotated[bool, typer.Option("--force", help="Also if two topics cannot be told apart.")] = False,
) -> None:
    """Put an edited taxonomy file in force: names, owners and areas at once, phrases by a training."""
    from jobs.candidate import train_candidate
    from jobs.pinned import confusions
    from jobs.publish import publish
    from jobs.published import published

    context = open_context()
    unclear = confusions(context)
    for sentence in unclear:
        say(err, sentence)
    if unclear and not force:
        raise FeedbackError("Nothing was changed; --force loads the taxonomy all the same.")
    now = wall()
    publish(context, train_candidate(context, published(context), now), now)
    say(out, f"The taxonomy's {len(context.parts.pinned)} pinned topics are in force.")


@topics.command("edits")
def list_edits(as_json: Json = False) -> None:
    """Show every decision there was, with who and why, and whether it was taken back."""
    context = open_context()
    with context.database.read() as connection:
        from feedback.store.topics import topic_names

        names = topic_names(connection)
        rows: list[dict[str, Any]] = [
            {
                "id": each.id,
                "at": each.at,
                "who": each.who,
                "kind": each.kind,
                "topic_id": each.topic_id,
                "topic": names[each.topic_id].name if each.topic_id in names else str(each.topic_id),
                "detail": dict(each.detail),
                "why": each.why or None,
                "undone": each.undone_at,
                "undone_by": each.undone_by,
            }
            for each in edits.edits(connection)
        ]
    columns = {"id": "Number", "at": "When (UTC)", "who": "Who", "kind": "What", "topic": "Topic", "why": "Why"}
    show(out, rows, {**columns, "undone": "Taken back (UTC)"}, as_json=as_json, empty="Nobody has decided anything.")


def _row(each: StoredTopic) -> dict[str, Any]:
    return {
        "id": each.id,
        "key": str(each.id)[:8],
        "name": each.name,
        "kind": each.kind,
        "owner": each.owner or None,
        "area": each.area,
        "severity": each.severity,
        "size": each.size,
        "born_at": each.born_at,
        "words": each.words,
        "shown": ", ".join(next(iter(each.words.values()), ())[:3]),
    }


def _author(who: str, why: str) -> Any:
    from feedback.domain import Author

    if not who:
        say(err, "Nobody is named as who decides; say it with --who.")
    return Author(who or "unknown", why, wall())


def _complaint_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise FeedbackError(f"{text!r} is not the id of a complaint.") from None
