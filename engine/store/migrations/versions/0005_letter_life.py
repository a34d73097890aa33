"""Letters before they are issued: drafts and what was said of them."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    pass
