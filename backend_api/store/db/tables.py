"""The tables: events are immutable rows, and what models and people say of them stands in tables of their own.

The tables that follow from these are sessions, machines, changes and observed_intervals, which uses/ and cameras.py
write in the same transaction; from sessions and observed_intervals follow the figures in store_days.py.

Every list is ordered by (ts_ms, seq), so each filter has an index that ends in these two. Times are whole milliseconds
since 1970 in UTC. `enrichments.ts_ms` repeats its event's, which lets its indexes carry the same order.
"""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
)

metadata = MetaData()

# SQLite numbers rows by itself only where the type is INTEGER, which holds 64 bits there.
Number = BigInteger().with_variant(Integer, "sqlite")
# Names of stores, cameras and machines are in the order in which Python has them, whatever the server's language.
Name = String(64).with_variant(String(64, collation="C"), "postgresql")


def _of_an_event() -> ForeignKeyConstraint:
    """A reference of rows that their event may not outlive for long, and that nobody finds by it: SQLite's alone, since
    it can be told not to look for them."""
    return ForeignKeyConstraint(["seq"], ["events.seq"]).ddl_if(dialect="sqlite")


class ChangeKind(StrEnum):
    """The kind of a change."""

    EVENT = "event"
    VERDICT = "verdict"
    REVIEW = "review"
    USE = "use"
    CAMERA = "camera"


events = Table(
    "events",
    metadata,
    Column("seq", Number, primary_key=True),
    Column("event_id", String(36), nullable=False, unique=True),
    Column("event_type", String(32), nullable=False),
    *(Column(name, Name, nullable=False) for name in ("store_id", "camera_id", "machine_id")),
    Column("session_id", String(36), nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in ("ts_ms", "received_at_ms")),
    # The whole event as canonical JSON; the columns before it only repeat what is searched for.
    Column("body", Text, nullable=False),
    Column("clip_sha256", String(64)),
    Index("ix_events_ts", "ts_ms", "seq"),
    Index("ix_events_event_type", "event_type", "ts_ms", "seq"),
    Index("ix_events_store", "store_id", "ts_ms", "seq"),
    Index("ix_events_camera", "camera_id", "ts_ms", "seq"),
    Index("ix_events_place", "store_id", "machine_id", "ts_ms", "seq"),
    Index("ix_events_session", "session_id", "ts_ms", "seq"),
    sqlite_autoincrement=True,
)

enrichments = Table(
    "enrichments",
    metadata,
    Column("seq", Number, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("ts_ms", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    # Counts the claims: a worker whose token is no longer this one has lost the job to another.
    Column("token", BigInteger, nullable=False),
    # When it may be claimed: at once or after a backoff (PENDING), when the lease runs out (PROCESSING), never (null).
    Column("due_ms", BigInteger),
    Column("changed_at_ms", BigInteger, nullable=False),
    Column("error", Text),
    # Of the newest result.
    Column("verdict", String(16)),
    Index("ix_enrichments_status", "status", "ts_ms", "seq"),
    Index("ix_enrichments_verdict", "verdict", "ts_ms", "seq"),
    Index("ix_enrichments_due", "due_ms", "seq"),
)

# Every verdict that was ever given; only ever added to. An event's newest one is shown.
results = Table(
    "results",
    metadata,
    Column("id", Number, primary_key=True),
    Column("seq", Number, ForeignKey("events.seq"), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("model", String(200), nullable=False),
    # The model that was asked for, where its server answers by another name.
    Column("requested_model", String(200)),
    Column("prompt_version", String(200), nullable=False),
    Column("verdict", String(16), nullable=False),
    # The result as JSON without the reply; the columns before it only repeat what is searched for.
    Column("result", Text, nullable=False),
    # The model's reply as JSON. It stands last: lists read none of its pages.
    Column("raw", Text),
    Index("ix_results_seq", "seq", "id"),
    Index("ix_results_model", "model", "prompt_version", "verdict", "seq"),
    sqlite_autoincrement=True,
)

# People's opinions of a verdict, which is named by what it was then; only ever added to.
reviews = Table(
    "reviews",
    metadata,
    Column("id", Number, primary_key=True),
    Column("seq", Number, ForeignKey("events.seq"), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String(200), nullable=False),
    Column("agree", String(16), nullable=False),
    Column("note", Text, nullable=False),
    *(Column(name, String(200), nullable=False) for name in ("model", "prompt_version")),
    Column("verdict", String(16), nullable=False),
    Index("ix_reviews_seq", "seq", "id"),
    sqlite_autoincrement=True,
)

# What people say was really there, where an edge saw one use of a machine; only ever added to. Sessions may outlive
# their events, and so do these.
corrections = Table(
    "corrections",
    metadata,
    Column("id", Number, primary_key=True),
    Column("session_id", String(36), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String(200), nullable=False),
    Column("truth", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Index("ix_corrections_session", "session_id", "id"),
    sqlite_autoincrement=True,
)

# Every request to a model's server, written before it is sent: what the daily caps count.
model_calls = Table(
    "model_calls",
    metadata,
    Column("id", Number, primary_key=True),
    Column("seq", Number, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in ("at_ms", "tokens")),
    Column("cost", Float, nullable=False),
    _of_an_event(),
    Index("ix_model_calls_at", "at_ms"),
    sqlite_autoincrement=True,
)

# The last report of each camera's edge.
cameras = Table(
    "cameras",
    metadata,
    Column("store_id", Name, primary_key=True),
    Column("camera_id", Name, primary_key=True),
    Column("reported_at_ms", BigInteger, nullable=False),
    # The report as JSON.
    Column("body", Text, nullable=False),
    # The status that was logged last; null before the first.
    Column("status", String(16)),
)

# The machines that each camera's edge watches, and a picture of it; either may come first, and be null until the other
# has come.
camera_setups = Table(
    "camera_setups",
    metadata,
    Column("store_id", Name, primary_key=True),
    Column("camera_id", Name, primary_key=True),
    Column("reported_at_ms", BigInteger),
    # The setup as JSON.
    Column("body", Text),
    Column("still_at_ms", BigInteger),
    # JPEG. It stands last: whoever reads the columns before it reads none of its pages.
    Column("still", LargeBinary),
)

# The last look that somebody asked each camera for. Its picture is the camera's still.
camera_looks = Table(
    "camera_looks",
    metadata,
    *(Column(name, Name, primary_key=True) for name in ("store_id", "camera_id")),
    Column("number", BigInteger, nullable=False),
    Column("asked_at_ms", BigInteger, nullable=False),
    Column("who", String(200), nullable=False),
    Column("answered_at_ms", BigInteger),
    # When its picture came; null without one.
    Column("still_at_ms", BigInteger),
    # The answer without its picture, as JSON.
    Column("body", Text),
    Index("ix_camera_looks_asked", "asked_at_ms"),
)

# Versions of a camera's zones: those that its edge used, and those that people want it to use.
zone_versions = Table(
    "zone_versions",
    metadata,
    Column("id", Number, primary_key=True),
    *(Column(name, String(64), nullable=False) for name in ("store_id", "camera_id")),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String(200), nullable=False),
    # The zones as JSON.
    Column("body", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("problem", Text),
    Index("ix_zone_versions_camera", "store_id", "camera_id", "id"),
    sqlite_autoincrement=True,
)

# Events whose clip and pictures were removed to make room, or for their age: they answer 410 rather than 404.
removed_media = Table(
    "removed_media",
    metadata,
    Column("seq", Number, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
)

# Of a bucket: its names, and the object that each leads to. Empty where media lie in a folder.
media_files = Table(
    "media_files",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("object_name", String(96), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    # Its removal has begun: there until its object is gone.
    Column("is_going", Boolean, nullable=False),
    Index("ix_media_files_sha256", "sha256"),
    Index("ix_media_files_object_name", "object_name"),
)

# What people say of a store.
stores = Table(
    "stores",
    metadata,
    Column("store_id", Name, primary_key=True),
    Column("changed_at_ms", BigInteger, nullable=False),
    # The settings as JSON.
    Column("body", Text, nullable=False),
    # The person who was signed in.
    Column("changed_by", String(200)),
)

# When verdicts of a model and prompt were drawn to be reviewed, and by which seed, which stays the same for them.
review_draws = Table(
    "review_draws",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    *(Column(name, String(200), nullable=False) for name in ("model", "prompt_version")),
    Column("seed", String(64), nullable=False),
    sqlite_autoincrement=True,
)

# Which these were, in the order in which they are proposed; `verdict` is what the model had said. Only ever added to.
drawn_verdicts = Table(
    "drawn_verdicts",
    metadata,
    Column("draw_id", Number, ForeignKey("review_draws.id"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("seq", Number, ForeignKey("events.seq"), nullable=False),
    Column("verdict", String(16), nullable=False),
    Index("ix_drawn_verdicts_seq", "seq"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("seq", Number, primary_key=True),
    Column("session_id", String(36), nullable=False, unique=True),
    *(Column(name, Name, nullable=False) for name in ("store_id", "camera_id", "machine_id")),
    # Its earliest event that has arrived: as a rule, and in the end, its start.
    Column("ts_ms", BigInteger, nullable=False),
    *(Column(name, BigInteger) for name in ("started_ms", "ended_ms")),
    Column("end_reason", String(16)),
    *(Column(name, BigInteger) for name in ("opened_ms", "closes_ms")),
    # The number of an event, which a session may outlive.
    Column("attempt_seq", Number),
    Column("attempt_ms", BigInteger),
    # Its MACHINE_OCCUPIED_END, and when the later of that and of the CLEANING_WINDOW_OPEN arrived.
    Column("end_seq", Number),
    Column("heard_ms", BigInteger),
    # Whether the model was asked about the END; if not, from when on it is to be; null if never.
    Column("end_is_asked", Boolean, nullable=False, server_default=false()),
    Column("end_due_ms", BigInteger),
    # These repeat what the enrichments of attempt and END and their reviews say, for the index of outcomes.
    *(Column(name, String(16)) for name in ("verdict", "end_verdict")),
    # The number of the event, attempt or END, whose verdict the outcome goes by.
    Column("judged_seq", Number),
    # The latest opinion of that verdict.
    Column("review", String(16)),
    Column("is_reviewed", Boolean, nullable=False),
    # The outcome as far as it is known without asking the time; reports/outcomes.py makes the outcome of it.
    Column("outcome_key", String(16), nullable=False),
    # When its events were removed for their age; the session itself stays, for the figures.
    Column("events_removed_ms", BigInteger),
    # What people say was really there; null while nobody corrects it.
    Column("correction", String(16)),
    # By what it was found, as its first event that says so does.
    Column("source_key", String(32)),
    Index("ix_sessions_ts", "ts_ms", "seq"),
    Index("ix_sessions_store", "store_id", "ts_ms", "seq"),
    Index("ix_sessions_camera", "camera_id", "ts_ms", "seq"),
    Index("ix_sessions_machine", "machine_id", "ts_ms", "seq"),
    Index("ix_sessions_outcome", "outcome_key", "is_reviewed", "ts_ms", "seq"),
    Index("ix_sessions_store_outcome", "store_id", "outcome_key", "is_reviewed", "ts_ms", "seq"),
    Index("ix_sessions_place", "store_id", "camera_id", "machine_id", "ts_ms", "seq"),
    Index("ix_sessions_end_due", "end_due_ms"),
)

# Every machine that has a session, or that its camera's last setup names: store/uses/machines.py keeps them so.
machines = Table(
    "machines",
    metadata,
    *(Column(name, Name, primary_key=True) for name in ("store_id", "camera_id", "machine_id")),
    # The number of its last session, and when that began.
    Column("last_seq", Number),
    Column("last_ms", BigInteger),
    # What people call it; null when its camera's last setup does not name it.
    Column("name", Text),
)

# Ids only ever grow, in the order of commits. A change that a power cut may undo, such as the renewal of a lease, is
# not logged: an id that somebody has read is never given to another change.
changes = Table(
    "changes",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", String(8), nullable=False),
    # Of an event or its verdict; of a use, its first event.
    Column("seq", Number),
    _of_an_event(),
    # Of a camera's state, which the backend writes down when it sees that it has changed.
    *(Column(name, Name) for name in ("store_id", "camera_id")),
    Column("status", String(16)),
    sqlite_autoincrement=True,
)

# Times without a break in a camera's reports, each of at most a day, so that those that touch a time are found by when
# they begin: that never changes while one goes on, and its place in the index stays.
observed_intervals = Table(
    "observed_intervals",
    metadata,
    Column("id", Number, primary_key=True),
    *(Column(name, Name, nullable=False) for name in ("store_id", "camera_id")),
    *(Column(name, BigInteger, nullable=False) for name in ("begin_ms", "end_ms")),
    Index("ix_observed_intervals_camera", "store_id", "camera_id", "begin_ms"),
)

# Events that a person hid: kept, and counted nowhere.
hidden_events = Table(
    "hidden_events",
    metadata,
    Column("seq", Number, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String(200), nullable=False),
    Column("reason", Text, nullable=False),
)

# By what events were found, each once; never removed.
sources = Table(
    "sources",
    metadata,
    # A hash of the body.
    Column("source_key", String(32), primary_key=True),
    # The source as canonical JSON.
    Column("body", Text, nullable=False),
)

# What the backend has to know after a restart, by name.
settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
