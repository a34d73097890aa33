"""What a verifier of letters needs: keys, digests, signatures. Documents made before are samples without a code."""

import sqlalchemy as sa
from alembic import op

from engine.digests import sm3_of
from engine.store.guards import make_append_only

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    made = op.create_table(
        "letter_signatures",
        sa.Column("letter_id", sa.String(length=64), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sm3", sa.String(length=64), nullable=False),
        sa.Column("is_sample", sa.Boolean(), nullable=False),
        sa.Column("signer", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("level", sa.String(length=200), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("is_sample = (signer IS NULL)", name=op.f("ck_letter_signatures_sample_has_no_signer")),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letter_documents.letter_id"], name=op.f("fk_letter_signatures_letter_id")
        ),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_letter_signatures")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_letter_signatures_key_hash")),
    )
    op.create_index(op.f("ix_letter_signatures_sha256"), "letter_signatures", ["sha256"])
    _fill(made)
    make_append_only(op.get_bind(), "letter_signatures")


def _fill(made: sa.Table) -> None:
    """One document at a time in memory: a register of years is larger than the machine."""
    connection = op.get_bind()
    issued = connection.execute(sa.text("SELECT letter_id, sha256 FROM letter_documents ORDER BY letter_id")).all()
    for letter_id, sha256 in issued:
        content = connection.execute(sa.text("SELECT content FROM blobs WHERE sha256 = :it"), {"it": sha256}).scalar()
        row = {"letter_id": letter_id, "sha256": sha256, "sm3": sm3_of(bytes(content)), "is_sample": True}
        connection.execute(made.insert().values(row))
