"""Which requests a browser sends for another site."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from feedback.api.same_origin import is_foreign

OURS = "https://feedback.example.org"


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": OURS}, True),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, False),
        ({"origin": OURS}, False),
        ({"origin": "http://127.0.0.1:8000"}, False),
        ({"origin": "http://127.0.0.1:9000"}, True),
        ({"origin": "https://evil.example"}, True),
        ({"origin": "https://feedback.example.org.evil.example"}, True),
        ({"origin": "null"}, True),
    ],
)
def test_what_is_foreign(headers: dict[str, str], foreign: bool) -> None:
    assert is_foreign(Headers({"host": "127.0.0.1:8000", **headers}), OURS) is foreign


def test_without_a_public_address_the_host_decides() -> None:
    assert not is_foreign(Headers({"host": "localhost:8000", "origin": "http://localhost:8000"}), "")
    assert is_foreign(Headers({"host": "localhost:8000", "origin": "http://localhost:8001"}), "")
