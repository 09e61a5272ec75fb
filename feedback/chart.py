"""One picture: what was counted a day against what the past predicts, as a PNG fit for mail."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

from feedback.language import ENGLISH, Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 480, 260
"""The size in CSS pixels the picture is drawn for. The file has twice as many, for dense displays."""

_DPI = 200
_FONT = 11.5
"""Points at 100 dots an inch: 16 CSS pixels, and still 9 where a phone of 320 pixels shrinks the picture to 280."""

# Told apart by lightness first, so that it survives every colour blindness and a black-and-white print.
_INK, _PAPER, _GRID = "#1f2933", "#ffffff", "#d9dee3"
_DAY, _RISEN_DAY = "#9db8d2", "#0b4f8a"
_EXPECTED, _BAND = "#b45309", "#fae0bd"
_PLANNED = "#6b4fa0"


@dataclass(frozen=True, slots=True)
class Series:
    """A topic's counts by day with what the past predicts for each, oldest first.

    All five have one length. `days` are local dates without gaps. `expected` and the 90 % prediction interval
    `low` to `high` are complaints a day; None where there was too little history to say.
    """

    days: tuple[date, ...]
    observed: tuple[int, ...]
    expected: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]

    def __post_init__(self) -> None:
        lengths = {len(part) for part in (self.days, self.observed, self.expected, self.low, self.high)}
        if len(lengths) > 1:
            raise ValueError(f"the parts of a series differ in length: {sorted(lengths)}")


@lru_cache(maxsize=64)
def rise_chart(
    series: Series,
    opened: date | None = None,
    window: tuple[date, date] | None = None,
    events: tuple[tuple[date, date], ...] = (),
    to: Language = ENGLISH,
) -> bytes:
    """The picture as PNG bytes, the same for the same arguments (and the same matplotlib): the page and the Markdown of
    two digests show one, so it is drawn once.

    `window` is the first and last day that was judged, drawn darker; `opened` the day the alert opened or came
    back, marked where it lies within the series. `events` are first and last days of what was planned, drawn as bars
    below the days; `to` is the language that is written in it. Raises ValueError for a series without days: there is
    nothing to draw.
    """
    if not series.days:
        raise ValueError("a picture needs at least one day")
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()  # an operator's matplotlibrc must not change what a digest looks like
        return _draw(series, opened, window, events, to)


def _draw(
    series: Series,
    opened: date | None,
    window: tuple[date, date] | None,
    events: Sequence[tuple[date, date]],
    to: Language,
) -> bytes:
    # Figure without pyplot: no display, no global state, nothing to close.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=_DPI, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    top = max([1.0, *series.observed, *_finite(series.high), *_finite(series.expected)])
    left = 0.045 + 0.023 * len(to.number(top))  # room for the digits of the scale
    shown = [span for span in events if span[0] <= series.days[-1] and series.days[0] <= span[1]]
    axes = figure.add_axes((left, 0.125, 0.985 - left, 0.65 if shown else 0.73))  # a fourth mark takes a second line
    _draw_observed(axes, series, window)
    _draw_expected(axes, series)
    _scale(axes, series, top, to)
    if opened is not None and opened in series.days:
        _mark_opening(axes, series, opened, top, to)
    _dress(axes, series, to)
    for span in shown:
        _draw_event(axes, series, span)
    _key(figure, to, planned=bool(shown))
    return _small_png(figure)


def _draw_event(axes: Axes, series: Series, span: tuple[date, date]) -> None:
    """A bar on the line that the days stand on, for as long as the event lasts."""
    first = max((span[0] - series.days[0]).days, 0)
    after = min((span[1] - series.days[0]).days + 1, len(series.days))
    place = axes.get_xaxis_transform()
    axes.plot([first - 0.5, after - 0.5], [0, 0], color=_PLANNED, linewidth=5, transform=place, clip_on=False, zorder=7)


def _finite(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def _draw_observed(axes: Axes, series: Series, window: tuple[date, date] | None) -> None:
    risen = [window is not None and window[0] <= day <= window[1] for day in series.days]
    colours = [_RISEN_DAY if dark else _DAY for dark in risen]
    axes.bar(range(len(series.days)), series.observed, width=0.66, color=colours, zorder=3)


def _draw_expected(axes: Axes, series: Series) -> None:
    """The band lies behind the bars and the line before them, so that each keeps its own colour."""
    edges = [position - 0.5 for position in range(len(series.days) + 1)]
    low, line, high = (_steps(part) for part in (series.low, series.expected, series.high))
    axes.fill_between(edges, low, high, step="post", color=_BAND, linewidth=0, zorder=2)
    axes.plot(edges, line, drawstyle="steps-post", color=_EXPECTED, linewidth=1.6, zorder=4)


def _steps(values: Sequence[float | None]) -> list[float]:
    """One value a left edge and the last once more, for the right edge of the last day."""
    numbers = [math.nan if value is None or math.isinf(value) else float(value) for value in values]
    return [*numbers, numbers[-1]]


def _scale(axes: Axes, series: Series, top: float, to: Language) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_xlim(-0.7, len(series.days) - 0.3)
    axes.set_ylim(0, top * 1.16)  # the rest is for the mark's label
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda count, _: to.number(count)))


def _mark_opening(axes: Axes, series: Series, opened: date, top: float, to: Language) -> None:
    position = list(series.days).index(opened)
    foot = series.observed[position]
    axes.plot([position, position], [foot, top * 1.16], color=_INK, linewidth=1.3, linestyle=(0, (3, 2)), zorder=5)
    left_half = position < (len(series.days) - 1) / 2
    axes.annotate(
        to.gettext("alert {day}", day=to.short_day(opened)),
        (position, top * 1.14),
        xytext=(4 if left_half else -4, 0),
        textcoords="offset points",
        ha="left" if left_half else "right",
        va="top",
        fontsize=_FONT,
        color=_INK,
        zorder=6,
        bbox={"facecolor": _PAPER, "edgecolor": "none", "alpha": 0.85, "pad": 1.5},
    )


def _dress(axes: Axes, series: Series, to: Language) -> None:
    places = _tick_places(series.days)
    axes.set_xticks(places, [to.short_day(series.days[place]) for place in places])
    if places[-1] > 0.93 * len(series.days):
        axes.get_xticklabels()[-1].set_horizontalalignment("right")  # or the picture's edge cuts it
    axes.tick_params(labelsize=_FONT, colors=_INK, length=0, pad=4)
    axes.grid(axis="y", color=_GRID, linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_INK)


def _tick_places(days: Sequence[date]) -> list[int]:
    """Up to five Mondays, evenly spaced and ending with the last; the first day where there is no Monday."""
    mondays = [place for place, day in enumerate(days) if day.weekday() == 0]
    if not mondays:
        return [0]
    step = math.ceil(len(mondays) / 5)
    return mondays[::-1][::step][::-1]


def _key(figure: Figure, to: Language, *, planned: bool) -> None:
    """Each a word or three, or they run into each other on a phone."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks = [
        Patch(color=_RISEN_DAY, label=to.gettext("complaints a day")),
        Line2D([], [], color=_EXPECTED, linewidth=2, label=to.pgettext("in a picture", "expected")),
        Patch(color=_BAND, label=to.gettext("90 % range")),
    ]
    if planned:
        marks.append(Line2D([], [], color=_PLANNED, linewidth=5, label=to.gettext("planned")))
    figure.legend(
        handles=marks,
        loc="upper left",
        bbox_to_anchor=(0.05, 0.98),
        ncols=2 if planned else 3,
        frameon=False,
        fontsize=_FONT,
        labelcolor=_INK,
        handlelength=1.1,
        handletextpad=0.45,
        columnspacing=1.1,
        borderaxespad=0,
    )


def _small_png(figure: Figure) -> bytes:
    """Few colours are a quarter of the bytes, which matters in a mail; no metadata, so no version and no time."""
    from PIL import Image  # matplotlib requires Pillow, so it is always there

    raw = BytesIO()
    figure.savefig(raw, format="rgba")
    size = (WIDTH * _DPI // 100, HEIGHT * _DPI // 100)
    picture = Image.frombytes("RGBA", size, raw.getvalue()).convert("RGB")
    palette = picture.quantize(colors=48, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = BytesIO()
    palette.save(out, "PNG", optimize=True)
    return out.getvalue()
