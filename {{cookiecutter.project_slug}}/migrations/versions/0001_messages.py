"""Rooms and their messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rooms",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("epoch", sa.String(64), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_rooms"),
    )
    op.create_table(
        "messages",
        sa.Column("room", sa.String(64), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("message_id", sa.String(128), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["room"], ["rooms.name"], name="fk_messages_room", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room", "offset", name="pk_messages"),
        sa.UniqueConstraint(
            "room", "user_id", "message_id", name="uq_messages_room_user_id_message_id"
        ),
    )


def downgrade() -> None:
    op.drop_table("messages")
    op.drop_table("rooms")
