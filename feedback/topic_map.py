"""A map of topics: where each is drawn, how large, in which shape, and which have room for their name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from feedback.domain import Fate

WIDTH = 360
"""In the units of the drawing: about CSS pixels on a phone, so that its letters can be read there."""

LEAST_HEIGHT, MOST_HEIGHT = 240, 720
HEIGHT_A_MARK = 8.0
MARGIN = 6.0
LEAST_RADIUS, MOST_RADIUS = 8.0, 17.0
FILLED = 0.22
"""Marks take no more than this share of the drawing, or there is no room to push them apart."""

ROUNDS = 300
GAP = 1.5
LETTERS = 22
LETTER_WIDTH, LETTER_HEIGHT = 5.3, 11.0
"""What a letter of 10 units takes, on the average and generously."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A topic to be drawn, `x` and `y` in any unit, y upwards.

    `there` says that it is not gone; `changed` topics get their names first.
    """

    topic_id: UUID
    number: int
    name: str
    size: int
    fate: Fate
    there: bool
    x: float
    y: float
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A topic as drawn, in units of the drawing, y downwards. `label` begins at `label_x`, or is empty for no room."""

    spot: Spot
    x: float
    y: float
    radius: float
    path: str
    label: str = ""
    label_x: float = 0.0
    label_y: float = 0.0


@dataclass(frozen=True, slots=True)
class TopicMap:
    width: int
    height: int
    marks: tuple[Mark, ...]


def draw(spots: Sequence[Spot]) -> TopicMap:
    """Lay the topics out so that none covers another. The same spots give the same map."""
    height = round(min(max(LEAST_HEIGHT, 120 + HEIGHT_A_MARK * len(spots)), MOST_HEIGHT))
    if not spots:
        return TopicMap(WIDTH, height, ())
    radii = _radii(spots, height)
    places = _apart(_fitted(spots, radii, height), radii, height)
    marks = [
        Mark(spot, round(x, 1), round(y, 1), round(radius, 1), shape(spot.fate, radius))
        for spot, (x, y), radius in zip(spots, places.tolist(), radii.tolist(), strict=True)
    ]
    return TopicMap(WIDTH, height, tuple(_labelled(marks, height)))


def shape(fate: Fate, radius: float) -> str:
    """The outline of a mark around 0, 0 as an SVG path; each fate has its own, of about the same area."""
    corners: dict[Fate, Sequence[tuple[float, float]]] = {
        Fate.BORN: _polygon(3, -90, 1.45),
        Fate.RETIRED: _polygon(3, 90, 1.45),
        Fate.SPLIT: _polygon(4, 0, 1.2),
        Fate.MERGED: _polygon(4, 45, 1.25),
    }
    if fate not in corners:
        r = f"{radius:.1f}"
        return f"M-{r},0a{r},{r} 0 1,0 {2 * radius:.1f},0a{r},{r} 0 1,0 -{2 * radius:.1f},0Z"
    return "M" + "L".join(f"{x * radius:.1f},{y * radius:.1f}" for x, y in corners[fate]) + "Z"


def _polygon(corners: int, turned: float, reach: float) -> list[tuple[float, float]]:
    angles = [math.radians(turned + 360 * corner / corners) for corner in range(corners)]
    return [(reach * math.cos(angle), reach * math.sin(angle)) for angle in angles]


def _radii(spots: Sequence[Spot], height: int) -> NDArray[np.float64]:
    """Radii (k,): the area goes with the size, from the least that a number fits in."""
    sizes = np.array([max(spot.size, 0) for spot in spots], float)
    radii = LEAST_RADIUS + (MOST_RADIUS - LEAST_RADIUS) * np.sqrt(sizes / max(sizes.max(), 1))
    room = FILLED * WIDTH * height
    return np.asarray(radii * min(1.0, math.sqrt(room / float((math.pi * radii**2).sum()))))


def _fitted(spots: Sequence[Spot], radii: NDArray[np.float64], height: int) -> NDArray[np.float64]:
    """The spots (k, 2) spread over the drawing; both axes are stretched to fill it, for only nearness counts."""
    places = np.array([(spot.x, -spot.y) for spot in spots], float)
    low, high = places.min(axis=0), places.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    inner = np.array([WIDTH, height]) - 2 * (MARGIN + radii.max())
    middle = np.where(high > low, (places - low) / span, 0.5)
    return np.asarray(MARGIN + radii.max() + middle * inner)


def _apart(places: NDArray[np.float64], radii: NDArray[np.float64], height: int) -> NDArray[np.float64]:
    """The places (k, 2) moved as little as need be until no two marks touch, within the drawing."""
    reach = 1.25 * radii
    wanted = reach[:, None] + reach[None, :] + GAP
    np.fill_diagonal(wanted, 0)
    low, high = (MARGIN + reach)[:, None], np.array([WIDTH, height]) - (MARGIN + reach)[:, None]
    # marks in the very same place go off in different directions
    turns = np.arange(len(places)) * 2.399963
    places = places + 0.01 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    for _ in range(ROUNDS):
        away = places[:, None] - places[None, :]
        distance = np.maximum(np.sqrt((away**2).sum(axis=2)), 1e-9)
        overlap = np.maximum(wanted - distance, 0)
        if not overlap.any():
            break
        places = np.clip(places + 0.5 * (away / distance[:, :, None] * overlap[:, :, None]).sum(axis=1) / 2, low, high)
    return places


def _labelled(marks: Sequence[Mark], height: int) -> list[Mark]:
    """The marks with names where there is room: changed topics first, then the large ones."""
    taken = [_box(mark) for mark in marks]
    labelled = dict(enumerate(marks))
    for place in sorted(labelled, key=lambda each: (not marks[each].spot.changed, -marks[each].spot.size)):
        label = shortened(marks[place].spot.name)
        for box in _candidates(marks[place], len(label)):
            if _inside(box, height) and not any(_touch(box, other) for other in taken):
                taken.append(box)
                labelled[place] = replace(
                    marks[place], label=label, label_x=round(box[0], 1), label_y=round(box[3] - 2.5, 1)
                )
                break
    return list(labelled.values())


def shortened(name: str) -> str:
    return name if len(name) <= LETTERS else name[: LETTERS - 1].rstrip(" ,") + "…"


def _candidates(mark: Mark, letters: int) -> Iterable[Box]:
    """Where a name may stand: to the right, to the left, below, above."""
    wide, reach = letters * LETTER_WIDTH, 1.25 * mark.radius
    half = LETTER_HEIGHT / 2
    yield (mark.x + reach + 1, mark.y - half, mark.x + reach + 1 + wide, mark.y + half)
    yield (mark.x - reach - 1 - wide, mark.y - half, mark.x - reach - 1, mark.y + half)
    yield (mark.x - wide / 2, mark.y + reach, mark.x + wide / 2, mark.y + reach + LETTER_HEIGHT)
    yield (mark.x - wide / 2, mark.y - reach - LETTER_HEIGHT, mark.x + wide / 2, mark.y - reach)


def _box(mark: Mark) -> Box:
    reach = 1.2 * mark.radius
    return (mark.x - reach, mark.y - reach, mark.x + reach, mark.y + reach)


def _inside(box: Box, height: int) -> bool:
    return box[0] >= 1 and box[1] >= 1 and box[2] <= WIDTH - 1 and box[3] <= height - 1


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
