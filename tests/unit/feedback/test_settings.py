"""Settings: every one explained, and a wrong one stops the start with a message that helps."""

from __future__ import annotations

import re
import stat
import tomllib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from feedback.errors import SettingError
from feedback.kpi import Scale
from feedback.settings import Settings, commented_file, hash_key, load_settings

IMPOSSIBLE: list[tuple[str, Any, str]] = [
    ("time_zone", "Europe/Berln", "did you mean 'Europe/Berlin'"),
    ("time_zone", "", "not an IANA time zone"),
    ("time_zone", "../../etc/passwd", "not an IANA time zone"),
    ("languages", "no", "write 'nb'"),
    ("languages", "deu", "two-letter ISO 639-1"),
    ("languages", "DE", "two-letter ISO 639-1"),
    ("languages", "de fi de", "named twice"),
    ("languages", "", "at least 1 item"),
    ("taxonomy", "casio", "there is no such file"),
    ("entities", "casio", "there is no such file"),
    ("false_alarms_per_week", "0", "greater than 0"),
    ("false_alarms_per_week", "nan", "finite number"),
    ("false_alarms_per_week", "many", "valid number"),
    ("digest_day", "someday", "'monday'"),
    ("digest_hour", "24", "less than or equal to 23"),
    ("redact", "email, shoe_size", "'shoe_size' is not one of email"),
    ("segments", "market country", "'country' is not one of market"),
    ("segments", "market market", "named twice"),
    ("rating_scales", "helpdesk", "SOURCE=WORST..BEST"),
    ("rating_scales", "helpdesk=5..5", "SOURCE=WORST..BEST"),
    ("threads", "-1", "greater than or equal to 0"),
    ("threads", "1.5", "valid integer"),
    ("warm_up_days", "0", "greater than or equal to 7"),
    ("training_limit", "99", "greater than or equal to 100"),
    ("topic_resolution", "-1", "greater than or equal to 0"),
    ("catch_up_days", "0", "greater than or equal to 1"),
    ("port", "70000", "less than or equal to 65535"),
    ("default_owner", "", "at least 1 character"),
    ("default_owner", "   ", "at least 1 character"),
    ("database_url", "feedback.db", "not a database URL"),
    ("database_url", "mysql://host/name", "not supported; use sqlite:/// or postgresql+psycopg://"),
    ("database_url", "postgresql://host/name", "use sqlite:/// or postgresql+psycopg://"),
]


def write(text: str) -> None:
    Path("feedback.toml").write_text(text, encoding="utf-8")


def refusal(**overrides: Any) -> str:
    with pytest.raises(SettingError) as refused:
        load_settings(**overrides)
    return str(refused.value)


def test_every_setting_is_explained() -> None:
    for name, info in Settings.model_fields.items():
        assert info.description, name
        assert info.description.endswith("."), name


def test_without_a_file_the_defaults_hold() -> None:
    settings = load_settings()
    assert settings == Settings()
    assert settings.url == "sqlite:///var/feedback.db"
    assert settings.inbox_dir == Path("var/inbox")
    assert settings.zone.key == settings.time_zone == "UTC"
    assert settings.languages == ("de", "pl", "nb", "fi", "en")


def test_the_defaults_keep_their_own_rules() -> None:
    assert Settings.model_validate(Settings().model_dump()) == Settings()


def test_the_commented_file_says_nothing_until_it_is_uncommented() -> None:
    assert tomllib.loads(commented_file()) == {}


def test_uncommented_the_file_gives_the_defaults() -> None:
    lines = [re.sub(r"^# (\w+ = )", r"\1", line) for line in commented_file().splitlines()]
    write("\n".join(lines))
    assert set(tomllib.loads("\n".join(lines))) == set(Settings.model_fields)
    assert load_settings() == Settings()


def test_variables_win_over_the_file_and_arguments_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    write("digest_hour = 1\nport = 1\nthreads = 1\n")
    monkeypatch.setenv("FEEDBACK_PORT", "2")
    monkeypatch.setenv("FEEDBACK_THREADS", "2")
    settings = load_settings(threads=3)
    assert (settings.digest_hour, settings.port, settings.threads) == (1, 2, 3)


@pytest.mark.parametrize("value", ["de,en", "de en", " de ,  en "])
def test_a_variable_holds_a_list_with_commas_or_spaces(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FEEDBACK_LANGUAGES", value)
    assert load_settings().languages == ("de", "en")


def test_a_list_in_the_file_is_a_list() -> None:
    write('languages = ["fi", "sv"]\nredact = []\n')
    assert load_settings().languages == ("fi", "sv")
    assert load_settings().redact == ()


def test_a_reader_s_language_needs_a_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBACK_READER_LANGUAGE", "sv")
    with pytest.raises(SettingError, match=r"FEEDBACK_READER_LANGUAGE.*'sv'.*en, de, pl, nb, fi"):
        load_settings()
    monkeypatch.setenv("FEEDBACK_READER_LANGUAGE", "fi")
    assert load_settings().reader_language == "fi"


def test_another_file_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.toml"
    path.write_text("port = 9000\n")
    monkeypatch.setenv("FEEDBACK_CONFIG", str(path))
    assert load_settings().port == 9000


def test_a_named_file_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBACK_CONFIG", "no/such.toml")
    assert refusal() == "The settings file no/such.toml does not exist; `feedback init` writes one."


@pytest.mark.parametrize("content", [b"port = ", b"port = 1\nport = 2\n", b"default_owner = '\xff'\n"])
def test_a_damaged_file_is_named(content: bytes) -> None:
    Path("feedback.toml").write_bytes(content)
    assert refusal().startswith("The settings file feedback.toml cannot be read: ")


@pytest.mark.parametrize(("name", "value", "allowed"), IMPOSSIBLE)
def test_an_impossible_value_in_a_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(f"FEEDBACK_{name.upper()}", value)
    message = refusal()
    assert message.startswith(f"Setting '{name}' (from FEEDBACK_{name.upper()}) is ")
    assert allowed in message
    assert str(Settings.model_fields[name].description) in message


@pytest.mark.parametrize(("name", "value", "allowed"), IMPOSSIBLE)
def test_an_impossible_value_in_the_file(name: str, value: str, allowed: str) -> None:
    write(f'{name} = "{value}"\n')
    message = refusal()
    assert message.startswith(f"Setting '{name}' (from feedback.toml) is ")
    assert allowed in message
    for word in value.replace(",", " ").split():
        assert word.strip("-") in message


def test_a_list_is_no_word() -> None:
    write('default_owner = ["a"]\n')
    assert "Setting 'default_owner' (from feedback.toml) is ['a']" in refusal()


def test_all_impossible_values_are_told_at_once() -> None:
    write("port = -1\ndigest_hour = 99\n")
    assert [line.split("'")[1] for line in refusal().splitlines()] == ["digest_hour", "port"]


def test_an_unknown_name_in_the_file() -> None:
    write("tresholds = 4\ndigest_our = 5\n")
    first, second = refusal().splitlines()
    assert first.startswith("Unknown setting 'tresholds' (from feedback.toml); ")
    assert second.startswith("Unknown setting 'digest_our' (from feedback.toml); did you mean 'digest_hour'?")
    assert all(name in second for name in Settings.model_fields)


def test_an_unknown_name_in_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBACK_TIMEZONE", "UTC")
    message = refusal()
    assert message.startswith("Unknown setting 'timezone' (from FEEDBACK_TIMEZONE); did you mean 'time_zone'?")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://reader:s3cr3t@host/name", "'mysql://…@host/name'"),
        ("mysql://reader:s3cr3t@p@host/name", "'mysql://…@host/name'"),
        ("postgresql+psycopg//reader:s3cr3t@host/name", "'postgresql+psycopg//…@host/name'"),
        ("postgresql+psycopg:/reader:s3cr3t@host/name", "'postgresql+psycopg:/…@host/name'"),
        ("reader:s3cr3t@host", "'…@host'"),
        ("mysql://host/name?user=reader&password=s3cr3t&x=1", "'mysql://host/name?user=reader&password=…&x=1'"),
        ("postgresql+psycopg://reader:s3cr3t", "'postgresql+psycopg://…'"),
    ],
)
def test_a_password_is_never_shown(monkeypatch: pytest.MonkeyPatch, url: str, shown: str) -> None:
    monkeypatch.setenv("FEEDBACK_DATABASE_URL", url)
    message = refusal()
    assert "s3cr3t" not in message
    assert message.startswith(f"Setting 'database_url' (from FEEDBACK_DATABASE_URL) is {shown}: ")


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().__setattr__("port", 1)


def test_what_flaps_cannot_need_less_calm_than_others() -> None:
    write("resolve_after_days = 9\nflapping_resolve_after_days = 5\n")
    assert "less than resolve_after_days, 9: a flapping alert needs more" in refusal()
    policy = load_settings(flapping_resolve_after_days=9).alert_policy
    assert policy.flapping_resolve_after == timedelta(days=9)


def test_an_issuer_alone_lets_nobody_sign_in() -> None:
    write('oidc_issuer = "https://login.example.org"\n')
    assert "'oidc_client_id'" in refusal()
    assert load_settings(oidc_client_id="feedback").provider


def test_the_alert_policy_follows_the_settings() -> None:
    policy = load_settings(resolve_after_days=2, regress_within_days=9).alert_policy
    assert (policy.resolve_after, policy.regress_within) == (timedelta(days=2), timedelta(days=9))


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(SettingError, match=r"database_url.*names no file"):
        load_settings(database_url=url)


def test_an_encoder_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"encoder.*no such folder"):
        load_settings(encoder=str(tmp_path / "nonsense"))
    assert load_settings(encoder=str(tmp_path)).encoder == str(tmp_path)


def test_a_data_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(SettingError, match=r"data_dir.*taken"):
        hash_key(tmp_path / "taken")


def test_the_hash_key_is_made_once_for_its_user_alone(tmp_path: Path) -> None:
    key = hash_key(tmp_path / "var")
    path = tmp_path / "var" / "hash.key"
    assert len(key) == 32
    assert hash_key(tmp_path / "var") == key == path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list((tmp_path / "var").iterdir()) == [path]


def test_two_installations_have_two_keys(tmp_path: Path) -> None:
    assert hash_key(tmp_path / "a") != hash_key(tmp_path / "b")


def test_all_who_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    for attempt in range(10):
        together = Barrier(4, timeout=30)

        def start(folder: Path, together: Barrier = together) -> bytes:
            together.wait()
            return hash_key(folder)

        with ThreadPoolExecutor(4) as pool:
            found = set(pool.map(start, [tmp_path / str(attempt)] * 4))
        assert len(found) == 1
        assert len(list((tmp_path / str(attempt)).iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_damaged_key_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "hash.key").write_bytes(content)
    with pytest.raises(SettingError, match=rf"hash\.key is damaged: it holds {len(content)} bytes, 32 are right"):
        hash_key(tmp_path)
    assert (tmp_path / "hash.key").read_bytes() == content


def test_scales_of_ratings_are_told_by_source() -> None:
    write('rating_scales = ["help desk=1..5", "marks=6..1", "app=-1..1.5"]\n')
    assert load_settings().scales == {"help desk": Scale(1, 5), "marks": Scale(6, 1), "app": Scale(-1, 1.5)}
