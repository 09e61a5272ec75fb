"""The register of what is stored: what, whether it is personal data, why, for how long, and how it goes.

Every table has an entry, and a test sees to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from feedback.retention import Retention

EXPIRES = "as long as complaints"
LASTING = "for good"
PAST = "'runs_days', for good where that is 0"
REPLACED = "until a later run replaces it"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a table or folder holds. `personal` says in what way it is about customers, empty where it is not; `goes` is
    what erasing a customer and retention do with it."""

    holds: str
    personal: str
    why: str
    kept: str = LASTING
    goes: str = "nothing in it is about a single customer"


_STAFF = "names of staff, and what they write in their own words: write no customer's data there"

TABLES: Mapping[str, Entry] = {
    "complaint": Entry(
        "redacted text, language, times, market, brand, product, segment, rating, attributes, customer as a keyed hash",
        "pseudonymous; what redaction misses (names within a sentence, street addresses) is personal as it stands",
        "to find topics and rises, and to quote examples",
        EXPIRES,
        "deleted",
    ),
    "rejected_record": Entry(
        "records that could not become complaints, redacted, with the reason",
        "as in complaint; of a line that could not be read at all only its shape",
        "so that nothing is lost, and can be taken in again",
        EXPIRES,
        "deleted by customer hash and by source id; one with neither goes by age alone",
    ),
    "embedding": Entry(
        "one vector for each text and encoder; in PostgreSQL with pgvector another copy, to search in",
        "a text can in part be guessed from its vector",
        "to assign texts to topics without encoding them again",
        EXPIRES,
        "deleted, once no other complaint has the same text",
    ),
    "assignment": Entry(
        "the topic of each complaint under the latest versions",
        "pseudonymous, by the complaint's id",
        "to count by topic",
        EXPIRES,
        "deleted with the complaint",
    ),
    "kept_count": Entry(
        "how many complaints are gone, by day, topic and segment",
        "",
        "so that series do not fall when texts go",
        LASTING,
        "stays: a number, be it one, without text, id or customer",
    ),
    "bucket_count": Entry("complaints and customers by day, topic and segment", "", "to judge rises", REPLACED),
    "stale_bucket": Entry("days to be counted again", "", "to count only what changed", "until counted"),
    "erasure": Entry(
        "hashes of erased customers, with who, why, when and how much of what",
        "pseudonymous; the one place where the hash of an erased customer remains",
        "to prove the erasure, and so that old files do not bring the customer back",
        LASTING,
        "stays",
    ),
    "alert": Entry(
        "a topic's rise, and the evidence: numbers, drivers, ids of representative complaints",
        "pseudonymous, by complaints' ids; drivers name values and words that many complaints share",
        "alerts answer for themselves",
        LASTING,
        "the ids are taken out; texts are not stored here but read from the complaints",
    ),
    "notice": Entry(
        "what is, or was, to be sent: numbers, drivers, ids of complaints; quotes are put in only when it is sent",
        "pseudonymous, by complaints' ids. What was sent has left: mails and chats are not in reach",
        "to deliver at least once",
        "'runs_days' after it was sent and its alert resolved, for good where that is 0",
        "the ids are taken out; what is not yet sent goes without the quote",
    ),
    "area_alert": Entry("topics of an area that rise together, with drivers", "", "one message, not five"),
    "edit": Entry(
        "what people decided about topics; ids of complaints that were moved or show what a part is about",
        f"pseudonymous, by complaints' ids; {_STAFF}",
        "decisions outlive every training",
        LASTING,
        "the ids are taken out, and other complaints show the part",
    ),
    "topic": Entry(
        "names, owners, areas and severities of topics",
        "a discovered topic is named by words that many texts share",
        "topics keep their identity",
    ),
    "topic_in_version": Entry(
        "words, size and centroid of each topic in a version",
        "words that many texts share; a centroid is the mean of many vectors",
        "to describe topics, and to assign",
        LASTING,
        "words that only the erased customer used are taken out, centroids stay: they cannot be taken back to one "
        "complaint; the next training leaves the erased out",
    ),
    "topic_model_version": Entry("metrics and files of each training", "", "to compare, publish, roll back"),
    "lineage": Entry("what became of topics between versions", "", "topics keep their identity"),
    "signal": Entry(
        "what each run of the detectors found",
        "",
        "to open, feed and resolve alerts",
        f"rises for good, the others {PAST}",
    ),
    "threshold": Entry("thresholds and where they come from", "", "to keep to the budget of false alarms"),
    "transition": Entry("changes of alerts' states", _STAFF, "an alert's history"),
    "verdict": Entry("what owners said alerts were", _STAFF, "to learn which alerts were worth it"),
    "mute": Entry("who wants to hear no more of a topic, and why", _STAFF, "to keep silent"),
    "held_back": Entry("rises that were not told at once, and why", "", "held back is not lost"),
    "escalation": Entry("whom alerts went on to", _STAFF, "somebody takes an alert on"),
    "told": Entry("which notice told which channel of what", "", "each thing is told once"),
    "used_link": Entry("hashes of links that were followed", "", "each link counts once"),
    "ownership": Entry("who answers for areas, markets and brands", _STAFF, "to tell the right people"),
    "planned_event": Entry("what was planned for which days", _STAFF, "a rise names its occasion"),
    "fix": Entry("what was done about topics", _STAFF, "to judge whether it worked"),
    "outcome": Entry("what fixes achieved", "", "to judge whether they worked"),
    "exposure": Entry("numbers a day, such as players", "", "to hold complaints in proportion"),
    "run": Entry("each execution of a job: times, counts, errors", "", "each window runs once", PAST),
    "request": Entry(
        "what people asked workers for; ids of complaints that were to be moved",
        f"pseudonymous, by complaints' ids; {_STAFF}",
        "trainings and edits of topics are done by workers",
        PAST,
        "the ids are taken out",
    ),
    "counting": Entry("how often buckets were counted", "", "readers know when their numbers are old"),
    "api_key": Entry("names, roles, owners, last use and hashes of keys", _STAFF, "to let only known systems in"),
    "account": Entry(
        "people who may sign in: name, role, hash of the password, sealed secret of their one-time codes",
        "personal data of staff",
        "to know who asks",
        "until you delete them; disabled ones keep their name for the audit log",
    ),
    "recovery_code": Entry("hashes of codes that stand in for the second factor", "", "phones get lost", "until used"),
    "session": Entry(
        "hashes of the sessions of who has signed in, with when they were last seen",
        "personal data of staff",
        "to know who asks",
        "until signed out or timed out",
    ),
    "lock_out": Entry(
        "failed attempts to sign in, by the keyed hash of a name or an address",
        "pseudonymous, of staff and of whoever tries",
        "to slow down guessing",
        "a day",
    ),
    "audit_entry": Entry(
        "who changed what, when and by which way",
        "names of staff and keys",
        "changes can be traced",
        "'audit_days', for good where that is 0",
    ),
}
"""Every table of the database."""

FOLDERS: Mapping[str, Entry] = {
    "digests": Entry(
        "weekly digests as HTML and Markdown, with redacted quotes; pictures of numbers",
        "quotes, as in complaint",
        "owners read them",
        "pages for good, each quote as long as its complaint",
        "the quotes are cut out of the pages",
    ),
    "reports": Entry(
        "comparisons of topic model versions, with redacted quotes",
        "quotes, as in complaint. A report that was written elsewhere is not in reach",
        "analysts decide by them",
        "pages for good, each quote as long as its complaint",
        "the quotes are cut out of the pages",
    ),
    "topic_models": Entry(
        "centroids, words and sizes of topics, language offsets; beside them a report",
        "words that many texts share, means of many vectors; the report quotes",
        "to assign, publish and roll back",
        LASTING,
        "quotes are cut out of the report, words that only the erased customer used out of the model; centroids stay "
        "until the next training",
    ),
    "inbox/done, inbox/failed": Entry(
        "the files that were put into the inbox, as they came, NOT redacted",
        "personal, customers' keys and all",
        "you may need them again; the service does not",
        "the shortest of the retentions, from the file's last change",
        "a file that holds a record of the erased customer is deleted whole: what it said is in the database",
    ),
    "hash.key": Entry(
        "the secret that customers' keys are hashed with",
        "who has it and a list of customers' keys can tell whose hash is whose",
        "one customer's complaints are recognised without keeping the key",
    ),
    "encoder": Entry("the converted weights of the encoder", "", "to turn texts into vectors"),
}
"""What lies in the data directory beside the database."""


def kept_for(entry: Entry, retention: Retention) -> str:
    """How long something is kept under the settings in force."""
    return retention_words(retention) if entry.kept == EXPIRES else entry.kept


def retention_words(retention: Retention) -> str:
    """How long complaints are kept, in words: "365 days; helpdesk 90 days"."""
    named = [f"{source} {_days(days)}" for source, days in sorted(retention.by_source.items())]
    return "; ".join([_days(retention.days), *named])


def _days(days: int) -> str:
    return f"{days} days" if days else LASTING
