"""The commands of `feedback privacy`: what the law asks of who keeps personal data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from feedback.domain import Author
from feedback.errors import FeedbackError
from jobs.console import Json, err, open_context, out, wall
from jobs.context import Context
from jobs.show import say, show, write_json

privacy = typer.Typer(help="Erase or export one customer, and say what is stored and why.", no_args_is_help=True)

CustomerOption = Annotated[
    str,
    typer.Option(
        "--customer",
        help="The customer's key as your other systems write it, or the hash that is kept of it; - reads it from "
        "standard input, so that it stands in no list of processes.",
    ),
]


@privacy.callback()
def group() -> None:
    """Erase or export one customer, and say what is stored and why."""


@privacy.command("erase")
def erase_customer(
    customer: CustomerOption,
    who: Annotated[str, typer.Option(envvar="USER", help="Who erases.")] = "",
    why: Annotated[str, typer.Option(help="Why, such as the number of the request; without the customer's name.")] = "",
    as_json: Json = False,
) -> None:
    """Erase everything of one customer: complaints, rejected records, vectors, their quotes in digests and reports,
    their ids in alerts, notices and decisions, and files of the inbox that hold them.

    Numbers stay. What the customer wrote before this moment is refused if it comes again; what they write later is
    taken in. SQLite's file is written anew, so that no byte is left: that takes as much free space as the database.
    On PostgreSQL the rows are gone for every query; run VACUUM FULL on complaint, embedding, rejected_record, alert,
    notice and edit where their bytes must go too. Backups, and messages that were sent, are beyond reach.
    """
    from jobs.erase import erase, find_customer

    context = open_context()
    found = erase(context, find_customer(context, _key(customer)), _author(who, why))
    if as_json:
        write_json(out, {"customer_hash": found.customer_hash, "erased": found.counts, "erased_before": found.before})
        return
    told = ", ".join(f"{number:,} {name}" for name, number in found.counts.items())
    if not told and found.before:
        say(out, f"No complaint of this customer is kept: they were erased on {found.before:%Y-%m-%d %H:%M} UTC.")
    else:
        say(out, f"Erased: {told or 'nothing was left'}. On record by the hash {found.customer_hash[:12]}… alone.")
    _remind(context)


@privacy.command("export")
def export_customer(
    customer: CustomerOption,
    output: Annotated[Path | None, typer.Option(help="A file to write, which must not be there yet.")] = None,
) -> None:
    """Print everything that is kept about one customer, as one JSON document."""
    from jobs.erase import find_customer
    from jobs.export import export, write_export

    context = open_context()
    found = export(context, find_customer(context, _key(customer)), wall())
    if output is None:
        write_json(out, found)
    else:
        write_export(output, found)
        say(out, f"{len(found['complaints']):,} complaints and all that hangs on them are in {output}.")


@privacy.command("report")
def report_register(as_json: Json = False) -> None:
    """Show what is stored, where, in what way it is personal, why, how long, and what erasing does with it."""
    rows = _register(open_context())
    columns = {
        "where": "Where", "rows": "Rows", "holds": "What", "personal": "Personal", "why": "Why", "kept": "Kept",
        "goes": "Erasing and expiry",
    }  # fmt: skip
    show(out, rows, columns, as_json=as_json, empty="Nothing is stored.")


def _register(context: Context) -> list[dict[str, Any]]:
    from sqlalchemy import func, select

    from feedback.register import FOLDERS, TABLES, Entry, kept_for
    from feedback.store.tables import metadata

    def row(where: str, entry: Entry, rows: int | None) -> dict[str, Any]:
        told = {"holds": entry.holds, "personal": entry.personal or "no", "why": entry.why, "goes": entry.goes}
        return {"where": where, "rows": rows, **told, "kept": kept_for(entry, context.settings.retention)}

    with context.database.read() as connection:
        sizes = {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }
    tables = [row(f"table {name}", TABLES[name], size) for name, size in sizes.items()]
    folder = context.settings.data_dir
    return tables + [row(str(folder / name), entry, None) for name, entry in FOLDERS.items()]


def _key(given: str) -> str:
    return sys.stdin.readline().strip() if given == "-" else given


def _author(who: str, why: str) -> Author:
    if not who:
        raise FeedbackError("Nobody is named as who erases; say it with --who.")
    return Author(who, why, wall())


def _remind(context: Context) -> None:
    from feedback.store.departures import rewritten

    if context.database.engine.dialect.name == "postgresql":
        with context.database.read() as connection:
            tables = ", ".join(rewritten(connection))
        say(err, f"The rows are gone; to free their bytes too, run: VACUUM (FULL) {tables};")
    say(err, "Backups, and messages that were sent, still hold what they held.")
