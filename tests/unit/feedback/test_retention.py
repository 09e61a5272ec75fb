from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from feedback.errors import SettingError
from feedback.retention import Retention
from feedback.settings import Settings

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_nothing_goes_unless_somebody_says_so() -> None:
    assert not Retention().is_set
    assert not Retention(0, {"desk": 0}).is_set
    assert Retention().until("desk", NOW) is None


def test_a_source_may_be_kept_shorter_longer_or_for_good() -> None:
    rules = Retention(365, {"desk": 90, "letters": 0})
    assert rules.until("desk", NOW) == NOW - timedelta(days=90)
    assert rules.until("letters", NOW) is None
    assert rules.until("chat", NOW) == NOW - timedelta(days=365)
    assert rules.shortest == 90


def test_it_is_set_by_days_and_by_source(settings: Callable[..., Settings]) -> None:
    found = settings(retention_days=400, retention_sources=["desk=90", "chat=old=0"]).retention
    assert found == Retention(400, {"desk": 90, "chat=old": 0})


@pytest.mark.parametrize("wrong", ["desk", "desk=", "=90", "desk=-1", "desk=ninety"])
def test_what_is_no_retention_is_refused_with_what_would_be_right(
    wrong: str, settings: Callable[..., Settings]
) -> None:
    with pytest.raises(SettingError, match="is no retention: write SOURCE=DAYS, such as helpdesk=365"):
        settings(retention_sources=[wrong])


def test_less_than_a_training_needs_is_refused(settings: Callable[..., Settings]) -> None:
    with pytest.raises(SettingError, match="0, or more than warm_up_days, 42"):
        settings(retention_days=42)
    assert settings(retention_days=43).retention.days == 43
