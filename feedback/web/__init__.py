"""Pages for people, rendered here; every script, style and font comes from this service."""
