"""One picture of a backtest: how the share of planted rises that are found grows with the days since they began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO

_INK, _PAPER, _GRID = "#1f2933", "#ffffff", "#d9dee3"
# from light to dark, so that the order of the lifts is seen without colours
_LINES = ("#9db8d2", "#4f86b8", "#0b4f8a", "#062a4a")
_STYLES = (":", "--", "-", "-.")

Curves = Mapping[str, Mapping[str, Sequence[float]]]
"""For each kind of rise and each lift, by its name, the share found by the end of day 1, 2, …"""


def found_chart(curves: Curves) -> bytes:
    """The picture as PNG bytes, a panel a kind and a line a lift. Raises ValueError where there is no curve."""
    if not any(curves.values()):
        raise ValueError("a picture needs at least one curve")
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()  # an operator's matplotlibrc must not change it
        return _draw({kind: lines for kind, lines in curves.items() if lines})


def _draw(curves: Curves) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    figure = Figure(figsize=(2.9 * len(curves) + 0.4, 3.2), dpi=160, facecolor=_PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    for place, (kind, lines) in enumerate(curves.items()):
        axes = figure.add_subplot(1, len(curves), place + 1)
        for turn, (lift, shares) in enumerate(lines.items(), start=0 if len(lines) > 1 else 2):
            color, style = _LINES[turn % len(_LINES)], _STYLES[turn % len(_STYLES)]
            axes.plot(range(1, len(shares) + 1), shares, color=color, linestyle=style, linewidth=2, label=lift)
        axes.set_title(kind, color=_INK, fontsize=12)
        axes.set_ylim(0, 1.02)
        axes.set_xticks(range(0, 22, 7))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.grid(color=_GRID, linewidth=0.8)
        axes.tick_params(colors=_INK, labelleft=place == 0)
        axes.spines[["top", "right"]].set_visible(False)
        if len(lines) > 1:
            axes.legend(frameon=False, fontsize=9)
    figure.supxlabel("days since the rise began", color=_INK, fontsize=10)
    figure.supylabel("found", color=_INK, fontsize=10)
    drawn = BytesIO()
    figure.savefig(drawn, format="png")
    return drawn.getvalue()
