"""
The reference vectors, as ``tests/vectors`` holds them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def load(name: str) -> Any:
    """
    Return one file's content.
    """
    return json.loads((Path(__file__).parent / f"{name}.json").read_text("utf-8"))
