"""Notices: the outbox, the channels they leave by, and what they say."""
