"""`feedback audit`: who changed what."""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.console import Json, open_context, out
from jobs.show import show


def audit(
    who: Annotated[str, typer.Option(help="Only what this account, key or user did.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    as_json: Json = False,
) -> None:
    """Show who changed what, when and by which way, the newest first."""
    from feedback.store.audit import entries

    context = open_context()
    with context.database.read() as connection:
        rows = [row._asdict() for row in entries(connection, limit, who=who)]
    if not as_json:
        rows = [
            {**row, "subject": ", ".join(f"{name} {value}" for name, value in row["subject"].items())} for row in rows
        ]
    columns = {"at": "When (UTC)", "who": "Who", "way": "By", "what": "What", "subject": "To what"}
    show(out, rows, columns, as_json=as_json, empty="Nothing was changed yet.")
