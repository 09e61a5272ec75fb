from __future__ import annotations

import numpy as np
import pytest

from models.cluster import topic_graph
from models.graph import neighbour_graph
from models.wording import TELLING, wordings
from tests.unit.models.topics.topics_made_up import made_up

TEXTS = [
    "Trustly payout missing",
    "trustly payouts are missing",
    "My Trustly payout is missing again",
    "Verification refused",
    "verification was refused twice",
    "They refused the verification",
    "zzz",
]


def test_rows_have_unit_length_and_alike_wording_is_near() -> None:
    rows = wordings(TEXTS)
    cosines = (rows @ rows.T).toarray()
    assert np.diag(cosines)[:6] == pytest.approx(1, abs=1e-5)
    assert cosines[0, 1] > 0.4
    assert cosines[0, 3] == 0


def test_texts_that_share_nothing_have_no_neighbours() -> None:
    graph = neighbour_graph(wordings(TEXTS), 3)
    assert graph[6].nnz == graph[:, 6].nnz == 0
    assert graph[0, 3] == 0
    assert graph[0, 1] > 0
    assert neighbour_graph(wordings(["a", "b", ""]), 2).nnz == 0


def test_a_long_text_is_known_by_its_rarest_pieces() -> None:
    filler = [f"word{number} thing{number}" for number in range(80)]
    long = " ".join(filler) + " chargeback"
    rows = wordings([long, long, "chargeback", "chargeback refused", *filler, *filler])
    assert rows[0].nnz == TELLING


def test_wording_joins_texts_in_the_graph_of_topics() -> None:
    made = made_up(subjects=2, each=20)
    texts = ["the same rare wording"] * 3 + [f"text{row:04}" for row in range(37)]
    plain, worded = topic_graph(made.centred), topic_graph(made.centred, texts=texts)
    assert worded[0, 2] > plain[0, 2]
