"""The table of issued documents as a verifier asks for them: digests, signature, and the key of the public page."""

import sqlalchemy as sa

from engine.store.columns import Id, Instant, Name, metadata

letter_signatures = sa.Table(  # written with the document; without a signer the document is a sample
    "letter_signatures",
    metadata,
    sa.Column("letter_id", Id, sa.ForeignKey("letter_documents.letter_id"), primary_key=True),
    sa.Column("key_hash", sa.String(64), unique=True),  # None: made before letters bore a code
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("sm3", sa.String(64), nullable=False),
    sa.Column("is_sample", sa.Boolean, nullable=False),
    sa.Column("signer", sa.Text),
    sa.Column("fingerprint", sa.String(64)),
    sa.Column("level", Name),
    sa.Column("signed_at", Instant),
    sa.CheckConstraint("is_sample = (signer IS NULL)", name="sample_has_no_signer"),
)
