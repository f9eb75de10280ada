"""Plain values as JSON, as every reply has them."""

from __future__ import annotations

import json
from typing import Any


def encode_json(value: Any) -> bytes:
    """Return plain values as JSON on one line.

    Raises:
        ValueError: one is no number in JSON.
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
