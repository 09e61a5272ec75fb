"""The commands of `feedback exposure`: what complaints are in proportion to, day by day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from feedback.errors import FeedbackError
from feedback.exposure import Exposure, Unusable, read_exposure
from feedback.phrases import amount
from feedback.store.exposure import exposure_columns, store_exposure
from jobs.console import Json, err, open_context, out
from jobs.show import say, show

SHOWN = 20

exposure = typer.Typer(
    help="What complaints are in proportion to, such as active players, payouts or deposits a day. The setting "
    "'exposure' names the column that rises are judged by, in place of the number of all other complaints.",
    no_args_is_help=True,
)


@exposure.command("ingest")
def ingest(
    file: Annotated[
        Path, typer.Argument(help="CSV with a header, or JSON Lines: a column 'day', others with numbers.")
    ],
) -> None:
    """Take in numbers a day. A later file's number for a day replaces an earlier's; what cannot be read is listed."""
    found = list(read_exposure(file))
    good = [each for each in found if isinstance(each, Exposure)]
    bad = [each for each in found if isinstance(each, Unusable)]
    context = open_context()
    with context.write() as connection:
        store_exposure(connection, good)
    say(out, f"{amount(len(good), 'number')} of {amount(len({each.day for each in good}), 'day')} taken in.")
    for each in bad[:SHOWN]:
        say(err, f"{file}, line {each.line}: {each.reason}")
    if bad:
        more = f" ({len(bad) - SHOWN} more than shown)" if len(bad) > SHOWN else ""
        raise FeedbackError(f"{amount(len(bad), 'number')} could not be read{more}; mend the file and send it again.")
    _remind(context.settings.exposure, {each.name for each in good})


def _remind(chosen: str, names: set[str]) -> None:
    if names and chosen not in names:
        name = min(names)
        say(out, f"Rises are judged by it once the setting 'exposure' says so, for instance exposure = \"{name}\".")


@exposure.command("list")
def list_columns(*, as_json: Json = False) -> None:
    """Show the columns there are."""
    context = open_context()
    with context.database.read() as connection:
        rows = [row._asdict() for row in exposure_columns(connection)]
    shown = [{**row, "in_force": row["name"] == context.settings.exposure} for row in rows]
    columns = {
        "name": "Column",
        "days": "Days",
        "first": "First",
        "last": "Last",
        "mean": "Mean",
        "in_force": "In force",
    }
    show(out, shown, columns, as_json=as_json, empty="Nothing was taken in. `feedback exposure ingest FILE` does.")
