"""The tables of the ledger: alerts, what is told to whom, and the views that cameras' stills are compared with."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from backend_api.store.db.tables import Name, Number, metadata

# What is told to people: happenings and digests once, conditions with their end. Written in the transaction of what
# they tell of where one writes that.
alerts = Table(
    "alerts",
    metadata,
    Column("id", Number, primary_key=True),
    # What tells it from all others, so that it is written once, whoever writes it.
    Column("occurrence", String(250), nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    # "" when it is about the whole installation.
    Column("store_id", Name, nullable=False),
    # What it is about: a session, an event, a camera, a target.
    Column("subject", String(200), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    # Of what just happens, the same as at_ms.
    Column("over_ms", BigInteger),
    # The facts as JSON; of a digest all that it says.
    Column("facts", Text, nullable=False),
    # What of it has yet to be written into alert_notices: "began", "over", "both", or "" for nothing.
    Column("unrouted", String(8), nullable=False),
    Column("reminded_ms", BigInteger),
    Column("acknowledged_ms", BigInteger),
    Column("acknowledged_by", String(200)),
    Index("ix_alerts_kind", "kind", "id"),
    Index("ix_alerts_unrouted", "unrouted", "id"),
    sqlite_autoincrement=True,
)
# Of one thing there is one condition of a kind at a time.
Index(
    "ix_alerts_open",
    *alerts.c["kind", "store_id", "subject"],
    unique=True,
    sqlite_where=alerts.c.over_ms.is_(None),
    postgresql_where=alerts.c.over_ms.is_(None),
)

# One message to one target, which tells any number of notices: the unit that is claimed, sent and tried again.
alert_messages = Table(
    "alert_messages",
    metadata,
    Column("id", Number, primary_key=True),
    Column("target", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    # Counts the claims, as in enrichments.
    Column("token", BigInteger, nullable=False),
    # When it may be claimed, or its lease runs out; null when it is SENT or DEAD.
    Column("due_ms", BigInteger),
    Column("made_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("answer", Text),
    Index("ix_alert_messages_target", "target", "id"),
    Index("ix_alert_messages_due", "due_ms"),
    sqlite_autoincrement=True,
)

# What each target is to be told of an alert, and in which message it is; null while it waits for one.
alert_notices = Table(
    "alert_notices",
    metadata,
    Column("id", Number, primary_key=True),
    Column("alert_id", Number, ForeignKey("alerts.id"), nullable=False),
    Column("target", String(64), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("message_id", Number, ForeignKey("alert_messages.id")),
    Index("ix_alert_notices_alert", "alert_id", "target", "phase"),
    Index("ix_alert_notices_message", "message_id", "target", "id"),
    sqlite_autoincrement=True,
)

# What has to be known of a target besides what alerts.yaml says.
alert_targets = Table(
    "alert_targets",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("snoozed_until_ms", BigInteger),
    Column("snoozed_by", String(200)),
)

# How each camera's picture usually looks: its reference, and of when the last still was that went into it.
camera_views = Table(
    "camera_views",
    metadata,
    Column("store_id", Name, primary_key=True),
    Column("camera_id", Name, primary_key=True),
    Column("still_ms", BigInteger, nullable=False),
    # As alerts/view.py writes it.
    Column("view", LargeBinary, nullable=False),
)
