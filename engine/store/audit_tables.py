"""The chain that follows the facts, and the keyed checkpoints over it."""

import sqlalchemy as sa

from engine.store.columns import Instant, metadata

Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")

fact_chain = sa.Table(  # facts in the order in which they were sealed; on SQLite that is their own
    "fact_chain",
    metadata,
    sa.Column("position", Serial, primary_key=True, autoincrement=False),  # 1, 2, 3 … without a gap
    sa.Column("fact_id", Serial, sa.ForeignKey("facts.fact_id"), nullable=False, unique=True),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("sm3", sa.String(64), nullable=False),
)
checkpoints = sa.Table(
    "checkpoints",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 … without a gap
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("day", sa.Date),  # of a day's checkpoint: the Beijing day that it closes
    sa.Column("at", Instant, nullable=False),
    sa.Column("position", Serial, nullable=False),  # how many facts it covers
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("sm3", sa.String(64), nullable=False),
    sa.Column("previous_mac", sa.String(64), nullable=False),
    sa.Column("key_id", sa.String(16), nullable=False),
    sa.Column("mac", sa.String(64), nullable=False),
    sa.CheckConstraint("kind IN ('hour', 'day', 'asked')", name="kind"),
    sa.UniqueConstraint("kind", "day"),
)
