"""Where complaints come from: files of JSON Lines or CSV."""

from feedback.sources.mapping import FieldMapping
from feedback.sources.reading import read
from feedback.sources.records import RawRecord, UnreadableRecord

__all__ = ["FieldMapping", "RawRecord", "UnreadableRecord", "read"]
