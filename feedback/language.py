"""What a reader reads: messages of their language's catalogue, and numbers, days and names as one writes them there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.units import format_unit

from feedback.errors import SettingError

LANGUAGES = ("en", "de", "pl", "nb", "fi")

DOMAIN = "feedback"

NBSP = "\u00a0"

Length = Literal["short", "long"]

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

_LOCALES = {"en": "en_GB"}  # the day before the month, and no comma before "and"
_MARKETS = {"UK": "GB"}
_NAMED_AS = {"nb": "no", "nn": "no"}  # nobody calls the language Bokmål but linguists


def N_(message: str) -> str:  # noqa: N802  # by this name gettext's tools find what is translated elsewhere
    """Mark a message that is looked up by its value later."""
    return message


def pgettext(_context: str, message: str) -> str:
    """The same for a message that is looked up in a context."""
    return message


@dataclass(frozen=True, slots=True)
class Language:
    """One of `LANGUAGES`. Messages are written in English; `{names}` in them are filled in after translation."""

    code: str

    def gettext(self, message: str, **values: object) -> str:
        found = _catalogue(self.code).gettext(message)
        return found.format(**values) if values else found

    def pgettext(self, context: str, message: str, **values: object) -> str:
        """A message that English says the same in different places, and other languages do not."""
        found = _catalogue(self.code).pgettext(context, message)
        return found.format(**values) if values else found

    def ngettext(self, one: str, many: str, number: int, **values: object) -> str:
        """The form for so many; `{number}` is the number as it is written."""
        found = _catalogue(self.code).ngettext(one, many, number)
        return found.format(**{"number": self.number(number), **values})

    def number(self, value: float) -> str:
        """Whole, with marks between the thousands: 1,204; 1.204."""
        return format_decimal(value, "#,##0", self._locale).replace(" ", NBSP)

    def number_word(self, value: int) -> str:
        """Small numbers as words, as one writes them: three, 13. Digits where words would have to be inflected."""
        return NUMBERS[value] if self.code == "en" and value < len(NUMBERS) else self.number(value)

    def decimal(self, value: float) -> str:
        """In full, without an exponent: 0.00031."""
        return format_decimal(value, "#,##0.##########", self._locale).replace(" ", NBSP)

    def percent(self, share: float, digits: int = 0) -> str:
        """A share of one in per cent; the space before the sign, if any, does not break."""
        told = format_decimal(share * 100, "#,##0." + "0" * digits if digits else "#,##0", self._locale)
        # Translators: no space where your language writes none
        return self.gettext("{number}\u00a0%", number=told)

    def listed(self, parts: Sequence[str]) -> str:
        """As one says it: a, b and c."""
        return format_list(parts, "standard", self._locale)

    def quoted(self, text: str) -> str:
        return self.gettext("“{text}”", text=text)

    def day(self, day: date) -> str:
        """9 November, in one piece."""
        return format_skeleton("MMMMd", day, locale=self._locale).replace(" ", NBSP)

    def dated(self, day: date) -> str:
        """9 November 2026, in one piece."""
        return format_date(day, "long", self._locale).replace(" ", NBSP)

    def short_day(self, day: date) -> str:
        """9 Nov, for pictures."""
        return format_skeleton("MMMd", day, locale=self._locale)

    def time(self, moment: datetime) -> str:
        """13:05, in the zone that the moment carries."""
        return format_time(moment, "short", moment.tzinfo, self._locale)

    def unit(self, value: float, unit: str, length: Length) -> str:
        """A duration in minutes, hours or days: 3.2 hrs; 3.2 hours."""
        told = Decimal(f"{value:.0f}" if value >= 9.95 else f"{value:.1f}").normalize()
        return format_unit(told, f"duration-{unit}", length, "#,##0.#", self._locale).replace(" ", NBSP)

    def country(self, market: str) -> str | None:
        """A market's name by its ISO 3166 code; None for what is no country."""
        code = market.upper()
        return self._locale.territories.get(_MARKETS.get(code, code))

    def language(self, code: str) -> str | None:
        """A language's name by its ISO 639-1 code; None for an unknown one."""
        return self._locale.languages.get(_NAMED_AS.get(code, code))

    @property
    def _locale(self) -> Locale:
        return Locale.parse(_LOCALES.get(self.code, self.code))


ENGLISH = Language("en")


def language_of(code: str) -> Language:
    """The language of that code. SettingError when there is no catalogue for it."""
    if code not in LANGUAGES:
        raise SettingError(f"{code!r} is not a language that digests and alerts come in: {', '.join(LANGUAGES)}.")
    return Language(code)


@cache
def _catalogue(code: str) -> NullTranslations:
    """Read from the text that translators edit, so that nothing has to be compiled beforehand."""
    if code == ENGLISH.code:
        return NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    path = files("feedback") / "locale" / code / "LC_MESSAGES" / f"{DOMAIN}.po"
    compiled = BytesIO()
    with path.open("rb") as text:
        write_mo(compiled, read_po(text, locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)
