"""The operator's settings: `feedback.toml`, then `FEEDBACK_…` variables, checked before anything starts."""

from __future__ import annotations

import codecs
import difflib
import os
import re
import secrets
import tomllib
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from feedback.accounts import Lasting
from feedback.domain import SEGMENTED, AlertPolicy
from feedback.errors import SettingError
from feedback.intake.kinds import ALL_KINDS
from feedback.kpi import Scale
from feedback.language import LANGUAGES
from feedback.links import LIFE
from feedback.provider import Given, Provider
from feedback.retention import Retention
from feedback.roles import Role
from feedback.sources.mapping import FieldMapping

LOOPBACK = "127.0.0.1"
"""What is listened on unless told otherwise: others cannot reach it."""

PREFIX = "FEEDBACK_"
FILE_VARIABLE = "FEEDBACK_CONFIG"
DEFAULT_FILE = Path("feedback.toml")


def _split(value: object) -> object:
    """A variable holds its list with spaces or commas between."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Settings(BaseSettings):
    """Everything the operator decides. Each field is a key of `feedback.toml` and a `FEEDBACK_…` variable."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, str_strip_whitespace=True, validate_default=False
    )

    data_dir: Path = Field(
        Path("var"), description="Where the database, the encoder, topic models and digests are kept."
    )
    database_url: str = Field(
        "",
        description="SQLAlchemy URL, such as postgresql+psycopg://user@host/name. Empty: SQLite in data_dir.",
    )
    time_zone: str = Field("UTC", description="The operator's IANA time zone: a day begins at its midnight.")
    languages: Words = Field(
        ("de", "pl", "nb", "fi", "en"),
        description="Languages that complaints are written in, as ISO 639-1 codes.",
        min_length=1,
    )
    taxonomy: str = Field("casino", description='Pinned topics: "casino" (shipped), "none", or a path.')
    entities: str = Field(
        "casino",
        description='Payment methods, games, amounts and durations looked for in texts: "casino" (shipped), "none", '
        "or a path.",
    )
    false_alarms_per_week: float = Field(
        1.0,
        description="How many false alarms a week, over everything, are acceptable.",
        gt=0,
        le=100,
        allow_inf_nan=False,
    )
    exposure: str = Field(
        "",
        description="What complaints are in proportion to: a column taken in by `feedback exposure ingest`, such as "
        "players. Empty: the number of all other complaints.",
    )
    segments: Words = Field(
        SEGMENTED,
        description="What topics are also judged by, beside as a whole: market, language, brand, channel, "
        "customer_segment. Empty: as a whole only.",
    )
    rating_scales: Words = Field(
        (),
        description="What ratings go from, the worst, and to, the best, by source: such as helpdesk=1..5, marks=6..1. "
        "A source that is not named has the scale that its ratings show.",
    )
    important_segments: Words = Field(
        ("vip",),
        description="Values of customer_segment whose customers make an alert graver where more of them write.",
    )
    digest_day: Weekday = Field("monday", description="The day the digest of the week before is written.")
    digest_hour: int = Field(7, description="The hour of that day, in time_zone.", ge=0, le=23)
    inbox: str = Field("", description="Folder watched for new files of complaints. Empty: inbox/ in data_dir.")
    inbox_map: Words = Field(
        (),
        description="Which column of the inbox's files is which field, by source, as `feedback ingest --map` takes it: "
        "such as helpdesk:text=subject+body.",
    )
    inbox_encoding: Words = Field(
        (), description="What the inbox's files of a source are written in if not UTF-8, such as helpdesk=windows-1252."
    )
    channels: str = Field(
        "", description="YAML file that says who is told of alerts, and how. Empty: nobody, nothing is sent."
    )
    reader_language: str = Field(
        "en",
        description="The language of digests and alert mails: en, de, pl, nb or fi. The channels file may name others "
        "by owner and by channel.",
    )
    redact: Words = Field(
        ALL_KINDS, description="Kinds of personal data that are blacked out before anything is stored."
    )
    encoder: str = Field("builtin", description='"builtin", or the folder of a Hugging Face model with an ONNX file.')
    threads: int = Field(0, description="Processor threads for embedding; 0 uses all.", ge=0, le=1024)
    warm_up_days: int = Field(42, description="Days of history before the first topic model is trained.", ge=7, le=3650)
    retrain_every_days: int = Field(28, description="Days between trainings.", ge=1, le=3650)
    training_limit: int = Field(
        50_000, description="At most so many complaints in a training sample.", ge=100, le=1_000_000
    )
    topic_resolution: float = Field(
        0.0,
        description="Granularity of discovered topics; higher makes more and smaller ones. 0: chosen such that they "
        "come again in other complaints.",
        ge=0,
        le=50,
    )
    publish_automatically: bool = Field(
        False, description="Whether a trained candidate is put in force without an analyst, if it meets the next two."
    )
    publish_least_kept: float = Field(
        0.9, description="The share of complaints that must keep their topic for that.", ge=0, le=1
    )
    publish_most_lost: float = Field(
        0.05, description="By how much the share of complaints with a topic may fall for that.", ge=0, le=1
    )
    resolve_after_days: int = Field(4, description="Calm days after which an alert resolves.", ge=1, le=60)
    regress_within_days: int = Field(
        28, description="A rise so soon after its alert resolved is the same issue back.", ge=0, le=365
    )
    flapping_returns: int = Field(
        3,
        description="An alert that came back so often within flapping_within_days is flapping. 0: none is.",
        ge=0,
        le=100,
    )
    flapping_within_days: int = Field(28, description="The days in which returns are counted.", ge=1, le=365)
    flapping_resolve_after_days: int = Field(
        12, description="Calm days after which a flapping alert resolves; resolve_after_days or more.", ge=1, le=180
    )
    flapping_told_every_days: int = Field(
        7,
        description="A flapping alert's returns within so many days of the last one told are told together.",
        ge=1,
        le=90,
    )
    catch_up_days: int = Field(
        35, description="How far back missed windows of the schedule are made up for.", ge=1, le=3650
    )
    retention_days: int = Field(
        0,
        description="Complaints older than so many days are deleted, and all that quotes them; their numbers stay. "
        "0: kept for good.",
        ge=0,
        le=36_500,
    )
    retention_sources: Words = Field(
        (), description="Other days for complaints of a source, such as helpdesk=365; 0 keeps them for good."
    )
    audit_days: int = Field(0, description="Days for which it is kept who changed what. 0: for good.", ge=0, le=36_500)
    runs_days: int = Field(
        180,
        description="Days for which it is kept what the jobs did, asked or not, which notices were sent, and what "
        "detectors found where nothing rose; at least as long as it is needed. 0: for good.",
        ge=0,
        le=36_500,
    )
    port: int = Field(8000, description="Port of the API and the pages; `--port` goes before it.", ge=0, le=65535)
    public_url: str = Field(
        "",
        description="Where people's browsers reach the service, such as https://feedback.example.org. Messages then "
        "hold links to say what an alert was. Empty: no links.",
    )
    session_idle_minutes: int = Field(
        120, description="Minutes after which somebody who does nothing is signed out.", ge=1, le=43_200
    )
    session_hours: int = Field(
        12, description="Hours after which somebody who has signed in must do so again.", ge=1, le=720
    )
    oidc_issuer: str = Field(
        "", description="The issuer of an OpenID Connect provider that people sign in through. Empty: none."
    )
    oidc_client_id: str = Field(
        "", description="What the provider knows this service as; goes with oidc_issuer.", validate_default=True
    )
    oidc_client_secret: str = Field(
        "", description="The secret agreed with the provider; better in FEEDBACK_OIDC_CLIENT_SECRET than in a file."
    )
    oidc_claim: str = Field("groups", description="The claim that says what somebody may do.")
    oidc_roles: Words = Field(
        (),
        description="Its values with the role that each brings, such as support=reader or pay-team=owner:payments; the "
        "first that fits holds, and makes an account. Without, accounts are made by hand.",
    )
    requests_per_minute: int = Field(
        6_000,
        description="At most so many requests a minute of one key or account, by process of the API. 0: any number.",
        ge=0,
        le=10_000_000,
    )
    default_owner: str = Field("unowned", description="Who gets the topics that nobody owns.", min_length=1)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, settings_file())

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"not an IANA time zone{_closest(value, available_timezones())}")
        return value

    @field_validator("languages")
    @classmethod
    def _known_languages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for code in value:
            if len(code) != 2 or not code.isascii() or not code.islower():
                raise ValueError(f"{code!r} is not a two-letter ISO 639-1 code such as 'de'")
            if code == "no":
                raise ValueError("'no' is ambiguous; write 'nb' for Norwegian Bokmål")
        if len(set(value)) < len(value):
            raise ValueError("a language is named twice")
        return value

    @field_validator("reader_language")
    @classmethod
    def _known_reader_language(cls, value: str) -> str:
        if value not in LANGUAGES:
            raise ValueError(f"not one of {', '.join(LANGUAGES)}")
        return value

    @field_validator("segments")
    @classmethod
    def _known_segments(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in SEGMENTED:
                raise ValueError(f"{name!r} is not one of {', '.join(SEGMENTED)}")
        if len(set(value)) < len(value):
            raise ValueError("an attribute is named twice")
        return value

    @field_validator("rating_scales")
    @classmethod
    def _readable_scales(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for written in value:
            source, scale = _scale(written)
            if not source or scale is None or scale.worst == scale.best:
                raise ValueError(f"{written!r} is no scale: write SOURCE=WORST..BEST, such as helpdesk=1..5")
        return value

    @field_validator("flapping_resolve_after_days")
    @classmethod
    def _longer_than_usual(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("resolve_after_days", 0):
            raise ValueError(
                f"less than resolve_after_days, {info.data['resolve_after_days']}: a flapping alert needs more"
            )
        return value

    @field_validator("retention_days")
    @classmethod
    def _long_enough(cls, value: int, info: ValidationInfo) -> int:
        least = info.data.get("warm_up_days", 0)
        if 0 < value <= least:
            raise ValueError(f"topics are trained on more days than that: 0, or more than warm_up_days, {least}")
        return value

    @field_validator("retention_sources")
    @classmethod
    def _readable_retention(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        is_days = re.compile(r"[0-9]{1,5}").fullmatch
        return _by_source(value, is_days, "retention: write SOURCE=DAYS, such as helpdesk=365")

    @field_validator("inbox_map")
    @classmethod
    def _readable_map(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for written in value:
            source, _, entry = written.partition(":")
            try:
                FieldMapping.parse([entry])
            except SettingError as error:
                raise ValueError(f"{written!r}: {error}") from None
            if not source:
                raise ValueError(f"{written!r} names no source: write SOURCE:FIELD=COLUMN")
        return value

    @field_validator("inbox_encoding")
    @classmethod
    def _known_encoding(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _by_source(value, _is_encoding, "encoding: write SOURCE=ENCODING, such as helpdesk=windows-1252")

    @field_validator("redact")
    @classmethod
    def _known_kinds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for kind in value:
            if kind not in ALL_KINDS:
                raise ValueError(f"{kind!r} is not one of {', '.join(ALL_KINDS)}")
        return value

    @field_validator("database_url")
    @classmethod
    def _usable_url(cls, value: str) -> str:
        if not value:
            return value
        try:
            url = make_url(value)
        except (ArgumentError, ValueError):  # a port that is no number is a ValueError
            raise ValueError("not a database URL such as sqlite:///var/feedback.db") from None
        driver = url.drivername
        if driver == "sqlite" and url.database in (None, "", ":memory:"):
            raise ValueError("it names no file, and what is kept in memory is gone when the command ends")
        if driver not in ("sqlite", "postgresql+psycopg"):
            raise ValueError(f"{driver!r} is not supported; use sqlite:/// or postgresql+psycopg://")
        return value

    @field_validator("taxonomy", "entities")
    @classmethod
    def _existing_list(cls, value: str) -> str:
        if value not in ("casino", "none") and not Path(value).is_file():
            raise ValueError('there is no such file; "casino", "none" or the path of a YAML file')
        return value

    @field_validator("channels")
    @classmethod
    def _existing_channels(cls, value: str) -> str:
        if value and not Path(value).is_file():
            raise ValueError("there is no such file; the path of a YAML file, or empty")
        return value

    @field_validator("public_url")
    @classmethod
    def _usable_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            raise ValueError("not a URL that begins with http:// or https://")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _safe_issuer(cls, value: str) -> str:
        parts = urlsplit(value)
        on_this_machine = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
        if value and not (parts.hostname and (parts.scheme == "https" or on_this_machine)):
            raise ValueError("not a URL that begins with https://")
        return value

    @field_validator("oidc_client_id")
    @classmethod
    def _known_to_the_issuer(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("oidc_issuer") and not value:
            raise ValueError("with oidc_issuer it takes what that provider knows this service as")
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _readable_roles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for written in value:
            if _given(written) is None:
                raise ValueError(f"{written!r} gives no role: write VALUE=ROLE, such as support=reader")
        return value

    @field_validator("encoder")
    @classmethod
    def _existing_encoder(cls, value: str) -> str:
        if value != "builtin" and not Path(value).is_dir():
            raise ValueError('there is no such folder; "builtin", or the folder of a model')
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def scales(self) -> dict[str, Scale]:
        """The scales of ratings that are told, by source."""
        return {source: scale for source, scale in map(_scale, self.rating_scales) if scale}

    @property
    def retention(self) -> Retention:
        named = (written.rpartition("=") for written in self.retention_sources)
        return Retention(self.retention_days, {source: int(days) for source, _, days in named})

    @property
    def past_kept(self) -> timedelta | None:
        """How long what was done is kept; None for good. What can still be made up for, come back, or be answered by a
        link is not forgotten."""
        needed = 1 + max(self.catch_up_days, self.regress_within_days, LIFE.days)
        return timedelta(days=max(self.runs_days, needed)) if self.runs_days else None

    def inbox_mapping(self, source: str) -> FieldMapping:
        """Which column is which field in the inbox's files of a source."""
        entries = (written.partition(":") for written in self.inbox_map)
        return FieldMapping.parse(entry for of, _, entry in entries if of == source)

    def inbox_encoding_of(self, source: str) -> str:
        """What the inbox's files of a source are written in."""
        return dict((written.rpartition("=")[::2]) for written in self.inbox_encoding).get(source, "utf-8")

    @property
    def provider(self) -> Provider | None:
        """Whom people may sign in through."""
        if not self.oidc_issuer:
            return None
        roles = {written.rpartition("=")[0].strip(): given for written in self.oidc_roles if (given := _given(written))}
        return Provider(self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret, self.oidc_claim, roles)

    @property
    def lasting(self) -> Lasting:
        """How long sessions last."""
        return Lasting(timedelta(minutes=self.session_idle_minutes), timedelta(hours=self.session_hours))

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the service encrypted."""
        return self.public_url.startswith("https://")

    @property
    def url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'feedback.db'}"

    @property
    def inbox_dir(self) -> Path:
        return Path(self.inbox) if self.inbox else self.data_dir / "inbox"

    @property
    def alert_policy(self) -> AlertPolicy:
        return AlertPolicy(
            timedelta(days=self.resolve_after_days),
            timedelta(days=self.regress_within_days),
            self.flapping_returns,
            timedelta(days=self.flapping_within_days),
            timedelta(days=self.flapping_resolve_after_days),
            timedelta(days=self.flapping_told_every_days),
        )


def settings_file() -> Path:
    """The file in force: the one that `$FEEDBACK_CONFIG` names, else `feedback.toml` here."""
    return Path(os.environ.get(FILE_VARIABLE) or DEFAULT_FILE)


def _by_source(value: tuple[str, ...], is_right: Callable[[str], object], what: str) -> tuple[str, ...]:
    """The entries, if each names a source and says of it what is right. ValueError that says what to write."""
    for written in value:
        source, _, said = written.rpartition("=")
        if not source or not is_right(said):
            raise ValueError(f"{written!r} is no {what}")
    return value


def _is_encoding(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def load_settings(**overrides: Any) -> Settings:
    """Read the settings: `overrides` win over variables, variables over the file, the file over the defaults.

    Raises SettingError that names the setting, what was found and what is allowed.
    """
    _refuse_unknown_variables()
    path = settings_file()
    if os.environ.get(FILE_VARIABLE) and not path.is_file():
        raise SettingError(f"The settings file {path} does not exist; `feedback init` writes one.")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingError("\n".join(_explain(error))) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingError(f"The settings file {path} cannot be read: {error}") from None


def hash_key(data_dir: Path) -> bytes:
    """The secret (32 bytes) that customer keys are hashed with, made at first use and readable by its user alone.

    SettingError when it is damaged, or when `data_dir` cannot be made or read.
    """
    try:
        return _hash_key(data_dir / "hash.key")
    except OSError as error:
        raise SettingError(
            f"Setting 'data_dir' is {str(data_dir)!r}: it cannot be used ({error.strerror}: {error.filename}). "
            "It is a folder that this user may write to."
        ) from None


def _hash_key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"hash.key.{secrets.token_hex(4)}")
    if not path.exists():
        fresh.touch(mode=0o600)
        fresh.write_bytes(secrets.token_bytes(32))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass  # another process was quicker; its key is the key
        finally:
            fresh.unlink()
    key = path.read_bytes()
    if len(key) != 32:
        raise SettingError(f"{path} is damaged: it holds {len(key)} bytes, 32 are right. Restore it from a backup.")
    return key


def commented_file() -> str:
    """The text of a `feedback.toml` that names and explains every setting at its default."""
    lines = ["# Settings of feedback-trends. Lines beginning with # show the defaults.", ""]
    for name, info in Settings.model_fields.items():
        lines += [f"# {info.description}", f"# {name} = {_toml(info.default)}", ""]
    return "\n".join(lines)


def _scale(written: str) -> tuple[str, Scale | None]:
    """A source with its scale, None where that cannot be read."""
    source, _, ends = written.rpartition("=")
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)", ends.strip())
    return source.strip(), Scale(float(found[1]), float(found[2])) if found else None


def _given(written: str) -> Given | None:
    """What a value of the claim brings, None where that cannot be read."""
    value, _, named = written.rpartition("=")
    role, _, owner = named.strip().partition(":")
    if not value.strip() or role not in tuple(Role) or (role == Role.OWNER) != bool(owner.strip()):
        return None
    return Given(Role(role), owner.strip() or None)


def _refuse_unknown_variables() -> None:
    for variable in os.environ:
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and variable != FILE_VARIABLE and name not in Settings.model_fields:
            hint = _closest(name, Settings.model_fields)
            raise SettingError(f"Unknown setting {name!r} (from {variable}){hint}; allowed: {_names()}.")


def _explain(error: ValidationError) -> Iterator[str]:
    for problem in error.errors():
        name = str(problem["loc"][0])
        where = f"{PREFIX}{name.upper()}" if f"{PREFIX}{name.upper()}" in os.environ else str(settings_file())
        if problem["type"] == "extra_forbidden":
            hint = _closest(name, Settings.model_fields)
            yield f"Unknown setting {name!r} (from {where}){hint}; allowed: {_names()}."
            continue
        message = problem["msg"].removeprefix("Value error, ")
        info = Settings.model_fields[name]
        found = repr(problem["input"])
        if name == "database_url":
            found = _without_password(found)
        yield f"Setting {name!r} (from {where}) is {found}: {message}. {info.description}"


def _without_password(url: str) -> str:
    """A URL's repr as it may be shown; where one is mistyped, rather too little than too much."""
    url = re.sub(r"(password=)[^&']*", r"\1…", url)
    scheme = re.match(r"'[\w+]+:?//?", url)
    start = scheme.group() if scheme else "'"
    rest = url.removeprefix(start)
    if "@" in rest:
        return f"{start}…@{rest.rpartition('@')[2]}"
    return f"{start}…'" if ":" in rest else url


def _names() -> str:
    return ", ".join(Settings.model_fields)


def _closest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return f'"{value}"' if value is not None else '""'
