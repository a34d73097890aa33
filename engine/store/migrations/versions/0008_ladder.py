"""Ladders and lights as versioned data of a campaign."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    pass
