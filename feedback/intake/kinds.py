"""The kinds of personal data by the names they have in the settings, and the placeholders that stand for them."""

from __future__ import annotations

import re
from collections.abc import Mapping

ENTITIES: Mapping[str, str] = {
    "email": "EMAIL",
    "iban": "IBAN",
    "card": "CARD",
    "national_id": "NATIONAL_ID",
    "phone": "PHONE",
    "ip": "IP",
    "birth_date": "BIRTH_DATE",
    "secret": "SECRET",
    "username": "USERNAME",
    "url_query": "URL_QUERY",
    "person": "PERSON",
}
"""First is strongest where two overlap."""

ALL_KINDS = tuple(ENTITIES)
PLACEHOLDER = re.compile(rf"<(?:{'|'.join(ENTITIES.values())})>")
