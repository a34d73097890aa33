"""What happens to a letter after it went out: service, replies and their review."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    pass
