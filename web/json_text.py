"""Values as JSON text for programs to read: stable, so that the same value gives the same bytes."""

import json
from typing import Any


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=str)
