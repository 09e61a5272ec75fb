"""Tells in a terminal what the demonstration showed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from rich.console import Console

from jobs.demo.stage import Staged
from jobs.show import say, show


def tell(console: Console, staged: Staged) -> None:
    """Planted against found, then where to look and how to go on."""
    truth, score = staged.truth, staged.score
    say(console, f"{staged.counts.accepted:,} invented complaints in five languages, replayed day by day as if live.\n")
    show(console, _rows(staged), COLUMNS, as_json=False, empty="Nothing was planted.")
    say(
        console,
        f"\n{len(score.found)} of {score.planted} planted rises found; {score.other_alerts} other alerts "
        f"in {score.weeks:.0f} weeks. (seed {truth.seed}; the pipeline never saw what was planted)\n",
    )
    everybody = next((path for path in staged.digests if "everybody" in path.name), staged.digests[0])
    say(console, f"The digest of the last week: open {_shown(everybody)} in a browser; .md beside it is plain text.")
    say(console, f"All weeks are in {_shown(everybody.parent.parent)}. To look further:")
    say(console, "  FEEDBACK_DATA_DIR=var/demo FEEDBACK_TIME_ZONE=Europe/Berlin feedback alerts   (or topics, status)")
    say(console, "Your own complaints, as JSON Lines or CSV with an id, a date and a text:")
    say(console, "  feedback init && feedback ingest FILE --map text=COLUMN && feedback replay --from DAY --to DAY")


COLUMNS = {"planted": "Planted rise", "onset": "Began (UTC)", "alert": "Alert raised (UTC)", "delay": "After (days)"}


def _rows(staged: Staged) -> list[dict[str, object]]:
    found = {each.planted.kind: each for each in staged.score.found}
    rows: list[dict[str, object]] = []
    for planted in staged.truth.planted:
        report = found.get(planted.kind)
        rows.append(
            {
                "planted": planted.description,
                "onset": planted.onset,
                "alert": planted.onset + report.delay if report else None,
                "delay": report.delay / timedelta(days=1) if report else None,
            }
        )
    return rows


def _shown(path: Path) -> str:
    """Relative to here where that is shorter."""
    return str(path.relative_to(Path.cwd())) if path.is_absolute() and path.is_relative_to(Path.cwd()) else str(path)
