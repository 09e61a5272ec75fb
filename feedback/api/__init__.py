"""The HTTP API: complaints in, topics and alerts out. It reads what the jobs have worked out."""

from __future__ import annotations

from feedback.api.app import create_app

__all__ = ["create_app"]
