"""Two rows for each table: one with everything in it, one with no more than there has to be.

What a release has not heard of yet is left out of them: see `test_migrations_forward`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from feedback.domain import derived_id
from tests.integration.store.store_samples import DAY, NOW, TOPIC, VERSION

Rows = Sequence[Mapping[str, Any]]

NOBODY = UUID(int=0)
OTHER_TOPIC, OTHER_VERSION = derived_id("other topic"), derived_id("other version")
FIRST, SECOND = derived_id("first complaint"), derived_id("second complaint")
ALERT, OLD_ALERT = derived_id("alert"), derived_id("old alert")
NOTICE, WEEKLY = derived_id("notice"), derived_id("weekly notice")
ANNA, BERT = derived_id("anna"), derived_id("bert")
SEGMENT = {"attribute": "market", "value": "DE"}
WEEK = {"start": "2026-02-22T00:00:00+00:00", "end": "2026-03-01T00:00:00+00:00"}
VECTOR = np.linspace(-1, 1, 384).astype(np.float16)
SCORES = {"expected": 12.25, "low": 7.0, "high": 18.0, "p": 1e-6, "q": 1e-4, "score": 6.5}
MUCH = "Grüße, żółć, øl, käteisbonus 🎰 " * 200
"""Longer than a database's page, and in letters of five languages."""

COMPLAINTS: Rows = (
    {
        "id": FIRST,
        "source": "desk",
        "source_id": "T-1",
        "received_at": DAY + timedelta(minutes=1),
        "ingested_at": NOW,
        "updated_at": NOW + timedelta(microseconds=1),
        "text": MUCH,
        "text_hash": "hash-1",
        "language": "de",
        "channel": "e-mail",
        "market": "DE",
        "brand": "Lucky",
        "product": "slots",
        "customer_hash": "customer-1",
        "customer_segment": "VIP",
        "rating": 1.5,
        "first_response_at": NOW,
        "resolved_at": NOW,
        "escalations": 0,
        "attributes": {"psp": "Trustly", "returned": "true"},
    },
    {
        "id": SECOND,
        "source": "desk",
        "source_id": "T-2",
        "received_at": DAY + timedelta(minutes=2),
        "ingested_at": NOW,
        "text": "Hvor er pengene mine?",
        "text_hash": "hash-2",
        "language": "nb",
        "channel": "other",
        "attributes": {},
    },
)

SIGNALS: Rows = tuple(
    {
        "judged_at": NOW,
        "topic_id": TOPIC,
        "detector": detector,
        "version_id": VERSION,
        "window_start": DAY - timedelta(days=7),
        "window_end": DAY,
        "observed": 41,
        **SCORES,
        "threshold": 4.5,
        "rising": rising,
        "complete": True,
        "segment": segment,
    }
    for detector, rising, segment in (("EB7 and ramp", True, None), ("segments", False, SEGMENT))
)

OUTCOMES: Rows = tuple(
    {
        "fix_id": 1,
        "judged_at": NOW + timedelta(days=days),
        "verdict": verdict,
        "days": days,
        "known_days": 180,
        "observed": 41,
        "expected": 80.5,
        "ratio": 0.51,
        "low": 0.39,
        "high": 0.66,
        "certainty": 0.99,
        "regressed_at": regressed_at,
        "next_fix_at": None,
        "final": regressed_at is not None,
    }
    for days, verdict, regressed_at in ((14, "not enough data yet", None), (28, "worked", NOW))
)

ROWS: Mapping[str, Rows] = {
    "complaint": COMPLAINTS,
    "rejected_record": (
        {
            "id": derived_id("rejected"),
            "source": "desk",
            "place": "march.jsonl",
            "line": 3,
            "reason": "empty_text",
            "detail": "The text is empty.",
            "record": {"id": "T-3", "text": " ", "betreff": "Rückfrage"},
            "rejected_at": NOW,
        },
        {
            "id": derived_id("accepted since"),
            "source": "api",
            "place": "api",
            "reason": "bad_time",
            "detail": "There is no time.",
            "record": {},
            "rejected_at": NOW,
            "accepted_at": NOW,
        },
    ),
    "embedding": tuple(
        {"text_hash": key, "encoder_version": "encoder-1", "vector": VECTOR.tobytes()} for key in ("hash-1", "hash-2")
    ),
    "topic": (
        {
            "id": TOPIC,
            "kind": "pinned",
            "name": "Käteisbonus viivästyy",
            "owner": "payments",
            "area": "Bonuses",
            "severity": "high",
            "born_at": DAY,
        },
        {"id": OTHER_TOPIC, "kind": "provisional", "name": "rent / need", "born_at": DAY},
    ),
    "topic_model_version": (
        {
            "id": VERSION,
            "status": "published",
            "trained_at": DAY,
            "published_at": DAY,
            "artefact": "topic_models/sample",
            "encoder_version": "encoder-1",
            "metrics": {"coverage": 0.5},
            "judged_at": NOW,
            "hindsight": {"rising": []},
        },
        {
            "id": OTHER_VERSION,
            "status": "candidate",
            "trained_at": NOW,
            "artefact": "topic_models/other",
            "encoder_version": "encoder-1",
            "metrics": {},
        },
    ),
    "topic_in_version": (
        {"version_id": VERSION, "topic_id": TOPIC, "words": {"de": ["bonus"], "fi": ["käteisbonus"]}, "size": 12},
        {
            "version_id": VERSION,
            "topic_id": OTHER_TOPIC,
            "words": {},
            "size": 0,
            "centroid": VECTOR.astype(np.float32).tobytes(),
        },
    ),
    "edit": (
        {
            "kind": "rename",
            "topic_id": TOPIC,
            "detail": {"value": "Käteisbonus viivästyy", "before": "bonus / bonus"},
            "at": DAY,
            "who": "anna",
            "why": "clearer",
        },
        {
            "kind": "retire",
            "topic_id": OTHER_TOPIC,
            "detail": {},
            "at": DAY,
            "who": "anna",
            "why": "no topic",
            "undone_at": NOW,
            "undone_by": "bert",
            "undone_why": "it is one",
        },
    ),
    "planned_event": (
        {
            "name": "Black Friday",
            "first": date(2026, 11, 27),
            "last": date(2026, 11, 30),
            "topic_id": TOPIC,
            "expected": True,
            "note": "",
            "at": NOW,
            "who": "anna",
        },
        {
            "name": "release",
            "first": date(2026, 3, 1),
            "last": date(2026, 3, 1),
            "expected": False,
            "note": "2.0",
            "at": NOW,
            "who": "anna",
            "removed_at": NOW,
            "removed_by": "bert",
        },
    ),
    "fix": (
        {
            "topic_id": TOPIC,
            "at": DAY,
            "expect": -0.4,
            "note": "gateway exchanged",
            "who": "anna",
            "recorded_at": NOW,
            "kind": "FAQ entry",
        },
        {
            "topic_id": OTHER_TOPIC,
            "at": DAY,
            "expect": -0.99,
            "note": "",
            "who": "anna",
            "recorded_at": NOW,
            "withdrawn_at": NOW,
            "withdrawn_by": "bert",
        },
    ),
    "outcome": OUTCOMES,
    "exposure": tuple({"name": "players", "day": date(2026, 3, day), "value": 10_000.5} for day in (1, 2)),
    "lineage": (
        {
            "version_id": VERSION,
            "position": 0,
            "fate": "kept",
            "before_id": TOPIC,
            "after_id": TOPIC,
            "similarity": 0.97,
        },
        {"version_id": VERSION, "position": 1, "fate": "born"},
    ),
    "assignment": (
        {"version_id": VERSION, "complaint_id": FIRST, "topic_id": TOPIC, "similarity": 0.91, "bucket_start": DAY},
        {"version_id": VERSION, "complaint_id": SECOND, "similarity": 0.2, "bucket_start": DAY},
    ),
    "stale_bucket": tuple({"version_id": each, "bucket_start": DAY} for each in (VERSION, OTHER_VERSION)),
    "bucket_count": (
        {
            "version_id": VERSION,
            "bucket_start": DAY,
            "topic_id": TOPIC,
            "complaints": 1,
            "customers": 1,
            "segments": {"market": {"DE": 1}},
        },
        {"version_id": VERSION, "bucket_start": DAY, "topic_id": NOBODY, "complaints": 1, "customers": 1},
    ),
    "kept_count": tuple(
        {"bucket_start": DAY, "topic_id": each, "complaints": 3, "customers": 2, "segments": {"market": {"DE": 2}}}
        for each in (TOPIC, NOBODY)
    ),
    "erasure": (
        {
            "customer_hash": "customer-9",
            "at": DAY,
            "who": "Data protection",
            "why": "request 12",
            "finished_at": NOW,
            "counts": {"complaints": 4},
        },
        {"customer_hash": "customer-8", "at": DAY, "who": "Data protection", "why": "request 13", "counts": {}},
    ),
    "signal": SIGNALS,
    "alert": (
        {
            "id": ALERT,
            "topic_id": TOPIC,
            "state": "acknowledged",
            "opened_at": DAY,
            "last_rising_at": NOW,
            "judged_at": NOW,
            "calm_since": NOW,
            "evidence": {
                "opening": {"observed": 41, "expected": 12.25, "window": WEEK, "p": 1e-6},
                "rises": [WEEK],
                "severity": {"level": "high", "points": 5},
                "segment": SEGMENT,
            },
        },
        {
            "id": OLD_ALERT,
            "topic_id": OTHER_TOPIC,
            "state": "resolved",
            "opened_at": DAY - timedelta(days=90),
            "last_rising_at": DAY - timedelta(days=80),
            "judged_at": DAY - timedelta(days=70),
            "resolved_at": DAY - timedelta(days=70),
            "evidence": {},
        },
    ),
    "transition": (
        {
            "alert_id": ALERT,
            "position": 0,
            "at": DAY,
            "after": "open",
            "who": "service",
            "why": "41 instead of 12",
            # as the release that brought this column makes them of the alert's evidence
            "numbers": {
                **dict.fromkeys(("segment", "low", "high", "ratio", "q", "detector", "version_id")),
                **{"observed": 41, "expected": 12.25, "window": WEEK, "p": 1e-6},
            },
        },
        {"alert_id": ALERT, "position": 1, "at": NOW, "before": "open", "after": "acknowledged", "who": "a", "why": ""},
    ),
    "verdict": (
        {"alert_id": ALERT, "verdict": "real", "at": NOW, "who": "anna", "why": "the gateway is down"},
        {"alert_id": OLD_ALERT, "verdict": "not an issue", "at": NOW, "who": "anna", "why": ""},
    ),
    "mute": (
        {
            "topic_id": TOPIC,
            "at": NOW,
            "who": "anna",
            "why": "known",
            "until": NOW + timedelta(days=9),
            "below": 3.5,
            "alert_id": ALERT,
            "segment": SEGMENT,
        },
        {"topic_id": OTHER_TOPIC, "at": DAY, "who": "anna", "why": "", "lifted_at": NOW, "lifted_by": "bert"},
    ),
    "notice": (
        {
            "id": NOTICE,
            "kind": "opened",
            "owner": "payments",
            "channel": "desk",
            "content": {"topic": "Käteisbonus viivästyy"},
            "created_at": NOW,
            "next_at": NOW,
            "alert_id": ALERT,
            "position": 0,
            "state": "pending",
            "attempts": 3,
            "token": 3,
            "last_error": "503",
            "holder": "host:1:1",
            "lease_until": NOW,
        },
        {
            "id": WEEKLY,
            "kind": "digest",
            "owner": "payments",
            "channel": "desk",
            "content": {},
            "created_at": NOW,
            "next_at": NOW,
            "position": 0,
            "state": "sent",
            "attempts": 1,
            "token": 1,
            "sent_at": NOW,
        },
    ),
    "ownership": (
        {"attribute": "market", "value": "DE", "owner": "germany", "at": NOW, "who": "anna", "why": "agreed"},
        {
            "attribute": "area",
            "value": "Bonuses",
            "owner": "promotions",
            "at": DAY,
            "who": "anna",
            "why": "",
            "ended_at": NOW,
            "ended_by": "bert",
        },
    ),
    "escalation": tuple(
        {"alert_id": ALERT, "position": 0, "step": step, "at": NOW, "owner": "payments", "told": told}
        for step, told in enumerate(("lead", "board"))
    ),
    "used_link": tuple({"hash": each * 64, "at": NOW} for each in "ab"),
    # as the release that brought this table makes it of the notices
    "told": ({"alert_id": ALERT, "channel": "desk", "position": 0, "notice_id": NOTICE},),
    "area_alert": (
        {
            "id": derived_id("area alert"),
            "area": "Bonuses",
            "opened_at": NOW,
            "facts": {
                "driver": {
                    "attribute": "psp",
                    "value": "Trustly",
                    "observed": 23,
                    "total": 41,
                    "baseline_share": 0.2,
                    "p": 1e-9,
                    "q": 1e-7,
                },
                "members": [str(ALERT)],
                "owners": ["payments"],
                "drivers": [["psp", "Trustly"]],
                "segments": [SEGMENT],
                "ratio": 3.5,
                "severity": "high",
            },
        },
        {"id": derived_id("past area alert"), "area": "Bonuses", "opened_at": DAY, "over_at": NOW, "facts": {}},
    ),
    "held_back": (
        {"alert_id": ALERT, "position": 0, "at": NOW, "cause": "muted", "why": "muted by anna", "told": False},
        {
            "alert_id": OLD_ALERT,
            "position": 0,
            "at": DAY,
            "cause": "flapping",
            "why": "came back three times",
            "ended_at": NOW,
            "ended_why": "told",
            "told": True,
        },
    ),
    "threshold": tuple(
        {"version_id": VERSION, "detector": each, "valid_from": DAY, "value": 4.5, "origin": {"topics": 40}}
        for each in ("EB7 and ramp", "segments")
    ),
    "run": (
        {
            "job": "detect",
            "window_start": DAY,
            "status": "succeeded",
            "holder": "host:1:1",
            "token": 1,
            "failures": 0,
            "lease_until": NOW,
            "started_at": NOW,
            "finished_at": NOW,
            "seconds": 1.5,
            "result": {"judged": 40},
        },
        {
            "job": "embed",
            "window_start": DAY,
            "status": "failed",
            "holder": "host:1:1",
            "token": 2,
            "failures": 2,
            "lease_until": NOW,
            "started_at": NOW,
            "error": "OSError: no space left on device",
        },
    ),
    "request": tuple(
        {
            "kind": kind,
            "detail": {"version": str(VERSION)},
            "at": NOW + timedelta(seconds=later),
            "who": "anna",
            "why": "",
        }
        for later, kind in enumerate(("publish", "roll back"))
    ),
    "counting": tuple({"version_id": each, "times": 7} for each in (VERSION, OTHER_VERSION)),
    "api_key": (
        {
            "id": derived_id("key"),
            "name": "helpdesk",
            "hash": "a" * 64,
            "created_at": DAY,
            "role": "sender",
            "expires_at": NOW,
            "last_used_at": NOW,
            "sources": ["desk"],
        },
        {"id": derived_id("old key"), "name": "old", "hash": "b" * 64, "created_at": DAY, "revoked_at": NOW},
    ),
    "account": (
        {
            "id": ANNA,
            "name": "anna",
            "role": "owner",
            "owner": "payments",
            "password": "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA",
            "second_factor": "sealed",
            "last_step": 2**33,
            "subject": "sub-1",
            "language": "fi",
            "created_at": DAY,
        },
        {"id": BERT, "name": "bert", "role": "reader", "created_at": DAY, "disabled_at": NOW},
    ),
    "recovery_code": tuple({"account_id": ANNA, "hash": each * 64} for each in "ab"),
    "session": tuple(
        {"hash": each * 64, "account_id": ANNA, "complete": each == "a", "begun_at": DAY, "seen_at": NOW}
        for each in "ab"
    ),
    "lock_out": tuple({"hash": each * 64, "failures": 5, "last_at": NOW} for each in "ab"),
    "audit_entry": (
        {
            "at": NOW,
            "who": "anna",
            "way": "page",
            "what": "POST /topics/{id}/rename",
            "subject": {"topic_id": str(TOPIC)},
        },
        {"at": NOW, "who": "root", "way": "command line", "what": "init", "subject": {}},
    ),
}
