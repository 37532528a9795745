"""
JSON text as JavaScript's ``JSON.stringify`` writes it.
"""

from __future__ import annotations

import json
import math
from typing import Any


def dumps(document: Any, *, indent: int | None = None) -> str:
    """
    Return *document* as JSON: an infinite number is null, and a lone surrogate is an escape sequence.

    Args:
        indent: Spaces per level; None for one line without spaces.
    """
    separators = (",", ":") if indent is None else None
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    except ValueError:
        finite = _replace_infinite(document)
        text = json.dumps(finite, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    return escape_surrogates(text)


def escape_surrogates(text: str) -> str:
    """
    Return JSON text that can be encoded, with an escape sequence for each lone surrogate.
    """
    return text.encode("utf-8", "backslashreplace").decode()


def _replace_infinite(document: Any) -> Any:
    if isinstance(document, dict):
        return {name: _replace_infinite(value) for name, value in document.items()}
    if isinstance(document, list | tuple):
        return [_replace_infinite(value) for value in document]
    return None if isinstance(document, float) and not math.isfinite(document) else document
