"""The notifier: where people can be reached, what is sent to them, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from workflow.migrations.views import show_instants

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _address() -> None:
    op.create_table(
        "address",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("person_id", _ID, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("broken_at", sa.BigInteger(), nullable=True),
        sa.Column("broken_why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("address_once", "address", ["person_id", "kind", "value"], unique=True)


def _manner() -> None:
    op.create_table(
        "manner",
        sa.Column("person_id", _ID, sa.ForeignKey("person.id"), autoincrement=False, nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_to", sa.Integer(), nullable=True),
        sa.Column("workdays_only", sa.Integer(), nullable=True),
        sa.Column("digest_at", sa.Integer(), nullable=True),
        sa.Column("empty_digests", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("person_id"),
    )


def _unsubscription() -> None:
    op.create_table(
        "unsubscription",
        sa.Column("person_id", _ID, sa.ForeignKey("person.id"), autoincrement=False, nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "topic"),
    )


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("hold", sa.String(), nullable=True),
        sa.Column("urgent", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("unknowns", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("instead_of", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    _indexes_of_delivery()


# Name, columns, whether it is unique, condition.
_INDEXES_OF_DELIVERY: Sequence[tuple[str, str, bool, str | None]] = (
    ("delivery_gathering", "person_id channel class", True, "status = 'gathering'"),
    ("delivery_kept", "created_at id", False, "body IS NOT NULL"),
    ("delivery_message", "message_id", True, None),
    ("delivery_of_person", "person_id accepted_at", False, None),
    ("delivery_queue", "channel due_at id", False, "status = 'waiting' OR status = 'unknown'"),
    ("delivery_reference", "reference", False, "reference IS NOT NULL"),
    ("delivery_to_write", "due_at id", False, "status = 'gathering'"),
    (
        "delivery_trouble",
        "id",
        False,
        "status = 'held' OR status = 'unknown' OR status = 'bounced' OR status = 'given_up'",
    ),
    ("delivery_under_way", "claimed_at id", False, "status = 'sending'"),
)


def _indexes_of_delivery() -> None:
    for name, columns, unique, condition in _INDEXES_OF_DELIVERY:
        partial = None if condition is None else sa.text(condition)
        op.create_index(
            name, "delivery", columns.split(), unique=unique, sqlite_where=partial, postgresql_where=partial
        )


def _delivery_part() -> None:
    op.create_table(
        "delivery_part",
        sa.Column("delivery_id", _ID, autoincrement=False, nullable=False),
        sa.Column("outgoing_id", _ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", "outgoing_id"),
    )
    op.create_index("delivery_part_of", "delivery_part", ["outgoing_id"], unique=False)


def _delivery_segment() -> None:
    op.create_table(
        "delivery_segment",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("arrived", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("delivery_segment_of", "delivery_segment", ["channel", "reference"], unique=False)
    op.create_index("delivery_segment_text", "delivery_segment", ["channel", "text"], unique=False)


def _delivery_try() -> None:
    op.create_table(
        "delivery_try",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("delivery_try_of", "delivery_try", ["delivery_id", "number"], unique=False)


def _channel() -> None:
    op.create_table(
        "channel",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("paused_at", sa.BigInteger(), nullable=True),
        sa.Column("paused_by", sa.String(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("alarmed_at", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("again_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )


def _spent() -> None:
    op.create_table(
        "spent",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "scope", "key", "day"),
    )


def _digest_run() -> None:
    op.create_table(
        "digest_run",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("nominal", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("since_event", sa.BigInteger(), nullable=False),
        sa.Column("upto_event", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("served", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("digest_run_once", "digest_run", ["campaign_id", "name", "nominal"], unique=True)
    op.create_index(
        "digest_run_open",
        "digest_run",
        ["at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )


def _digest() -> None:
    op.create_table(
        "digest",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "digest_number_once", "digest", ["person_id", "campaign_id", "name", "number"], unique=True
    )
    op.create_index("digest_reader_once", "digest", ["run_id", "person_id"], unique=True)


def _action_link() -> None:
    op.create_table(
        "action_link",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("minted_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "action_link_of_task",
        "action_link",
        ["task_id"],
        unique=False,
        sqlite_where=sa.text("used_at IS NULL AND revoked_at IS NULL"),
        postgresql_where=sa.text("used_at IS NULL AND revoked_at IS NULL"),
    )
    op.create_index("action_link_token", "action_link", ["token"], unique=True)


def _document() -> None:
    op.create_table(
        "document",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("document_name", "document", ["campaign_id", "name"], unique=True)
    op.create_index(
        "document_of_act",
        "document",
        ["task_id", "seq"],
        unique=True,
        sqlite_where=sa.text("task_id IS NOT NULL"),
        postgresql_where=sa.text("task_id IS NOT NULL"),
    )


def _outgoing() -> None:
    nobody = sa.text("status = 'nobody'")
    op.create_index("outgoing_nobody", "outgoing", ["id"], sqlite_where=nobody, postgresql_where=nobody)


def _unit() -> None:
    op.create_index("unit_below", "unit", ["parent_id"])
    op.create_index("unit_groups", "unit", ["group_of"])
    op.create_index("unit_merged", "unit", ["merged_into"])


# One function for each table that is made, in the order in which they run.
_STEPS: Sequence[Callable[[], None]] = (
    _address,
    _manner,
    _unsubscription,
    _delivery,
    _delivery_part,
    _delivery_segment,
    _delivery_try,
    _channel,
    _spent,
    _digest_run,
    _digest,
    _action_link,
    _document,
    _outgoing,
    _unit,
)

# The columns that are instants, of every table that is made above: its view shows them as timestamps.
_INSTANTS: Mapping[str, Sequence[str]] = {
    "address": (
        "recorded_at",
        "broken_at",
    ),
    "manner": (),
    "unsubscription": ("since",),
    "delivery": (
        "due_at",
        "created_at",
        "written_at",
        "claimed_at",
        "accepted_at",
        "ended_at",
    ),
    "delivery_part": (),
    "delivery_segment": (),
    "delivery_try": ("at",),
    "channel": (
        "paused_at",
        "alarmed_at",
        "again_at",
    ),
    "spent": (),
    "digest_run": (
        "at",
        "begun_at",
    ),
    "digest": ("made_at",),
    "action_link": (
        "minted_at",
        "expires_at",
        "used_at",
        "revoked_at",
    ),
    "document": ("made_at",),
}


def upgrade() -> None:
    """Make the tables, then the views over them."""
    for step in _STEPS:
        step()
    for table, instants in _INSTANTS.items():
        show_instants(table, instants)
