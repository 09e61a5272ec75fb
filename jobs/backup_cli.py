"""The commands `feedback backup` and `feedback restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from feedback.settings import load_settings
from jobs.console import Json, err, out, wall
from jobs.show import say, write_json


def backup(
    file: Annotated[Path, typer.Argument(help="The archive to write, such as feedback-2026-11-22.tar.")],
    as_json: Json = False,
) -> None:
    """Write database, hash.key and topic models into one archive, while the service runs. On PostgreSQL only the
    files, and the command that backs up the database."""
    from jobs.backup import KEY, back_up, dump_command

    settings = load_settings()
    made = back_up(settings, file, wall())
    if as_json:
        write_json(out, {"file": file, "made_at": made.made_at, "database": made.database, "files": made.files})
    else:
        say(out, f"Wrote {file}: {file.stat().st_size / 1e6:,.1f} MB, {len(made.files)} files.")
    if KEY in made.files:
        say(err, f"It holds {KEY}, the key to customers' hashes: keep it as you keep passwords.")
    if not made.holds_database:
        say(
            err,
            "The database is not in it. Back it up at the same time, with `umask 077`, for it holds what customers "
            "wrote; the password comes from ~/.pgpass:",
        )
        say(err, dump_command(settings.url, file))


def restore(
    file: Annotated[Path, typer.Argument(help="An archive of `feedback backup`.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what is there. It is lost.")] = False,
) -> None:
    """Check a backup, put it back and bring its database to this release's schema. Stop the service first."""
    from jobs.backup import restore as put_back
    from jobs.backup import restore_commands

    settings = load_settings()
    found = put_back(settings, file, force=force)
    say(out, f"Restored {len(found.files)} files of {found.made_at:%Y-%m-%d %H:%M} UTC; `feedback doctor` examines it.")
    if found.database == "postgresql":
        say(
            err,
            "The database is not in it. These drop all tables and put back the dump's; then run `feedback init`:",
        )
        for command in restore_commands(settings.url, file):
            say(err, command)
