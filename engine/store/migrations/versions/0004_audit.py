"""The chain of facts and its checkpoints. Both begin empty: the first sealing starts from the oldest fact."""

import sqlalchemy as sa
from alembic import op

from engine.store.guards import make_append_only

revision = "0004"
down_revision = "0003"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "fact_chain",
        sa.Column("position", SERIAL, autoincrement=False, nullable=False),
        sa.Column("fact_id", SERIAL, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sm3", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["fact_id"], ["facts.fact_id"], name=op.f("fk_fact_chain_fact_id")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_fact_chain")),
        sa.UniqueConstraint("fact_id", name=op.f("uq_fact_chain_fact_id")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", SERIAL, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sm3", sa.String(length=64), nullable=False),
        sa.Column("previous_mac", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.CheckConstraint("kind IN ('hour', 'day', 'asked')", name=op.f("ck_checkpoints_kind")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_checkpoints")),
        sa.UniqueConstraint("kind", "day", name=op.f("uq_checkpoints_kind_day")),
    )
    make_append_only(op.get_bind(), "fact_chain", "checkpoints")
