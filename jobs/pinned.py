"""The taxonomy's pinned topics, as vectors."""

from __future__ import annotations

import numpy as np

from feedback.domain import PinnedTopic
from jobs.context import Context
from jobs.published import published
from models.centre import Floats
from models.curate import indistinct
from models.encoder import Encoder
from models.train import PinnedVectors, anchors


def pinned_vectors(context: Context) -> list[PinnedVectors]:
    """The taxonomy's phrases as vectors; a process encodes them once."""
    encoder = context.parts.encoder
    kept: dict[str, list[PinnedVectors]] = context.memory.setdefault("pinned", {})
    if encoder.version not in kept:
        kept[encoder.version] = [
            PinnedVectors(each.id, each.name, _phrases(each, encoder)) for each in context.parts.pinned
        ]
    return kept[encoder.version]


def _phrases(topic: PinnedTopic, encoder: Encoder) -> dict[str, Floats]:
    """Vectors of a topic's phrases by language; as float16 and back, like all that is compared with them."""
    return {
        language: encoder.encode(list(phrases)).astype(np.float16).astype(np.float32)
        for language, phrases in topic.phrases.items()
        if phrases
    }


def confusions(context: Context) -> list[str]:
    """What is wrong with the taxonomy's phrases: a sentence for each two topics that cannot be told apart."""
    pinned, current = pinned_vectors(context), published(context)
    known = current is not None and current.version.encoder_version == context.parts.encoder.version
    offsets = current.model.offsets if current and known else None
    pairs = indistinct([each.name for each in pinned], anchors(pinned, offsets)) if pinned else []
    return [
        f"The pinned topics {one!r} and {two!r} can hardly be told apart (cosine {cosine:.2f} between their phrases): "
        "say in the phrases what is different, or make them one."
        for one, two, cosine in pairs
    ]
