"""The way in: a raw record becomes a complaint, redacted and with its language, or a rejected record."""
