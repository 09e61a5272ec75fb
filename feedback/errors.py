"""Errors that a user can do something about; everything else is a defect and shows a traceback."""


class FeedbackError(Exception):
    """Something went wrong that the user can mend."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class SettingError(FeedbackError):
    """A setting is unknown or impossible."""


class SourceError(FeedbackError):
    """A source cannot be read at all."""


class EncoderError(FeedbackError):
    """No encoder could be loaded."""


class ArtefactError(FeedbackError):
    """A topic model's artefact is missing or damaged."""


class TaxonomyError(FeedbackError):
    """The taxonomy file cannot be used."""


class EntitiesError(FeedbackError):
    """The file of entities cannot be used."""


class ChannelsError(FeedbackError):
    """The file of channels cannot be used."""


class StoreError(FeedbackError):
    """The database cannot be used as it is."""


class BackupError(FeedbackError):
    """A backup cannot be written or restored."""


class ReplayError(FeedbackError):
    """The schedule cannot be replayed over this period."""


class ClaimLostError(FeedbackError):
    """Another worker has taken over this run; nothing of it was written here."""


class Stopped(FeedbackError):  # noqa: N818 - nothing went wrong
    """The process was asked to stop; what was begun is given back and done again at the next start."""
