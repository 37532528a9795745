"""
The error for references that are not accepted, and excerpts of values for its messages.
"""

from __future__ import annotations

import json
from typing import Any

MAX_EXCERPT_LENGTH = 60


class InvalidReferenceError(ValueError):
    """
    A published document is not accepted; the message tells what is wrong, and where in the document.
    """


class UnsupportedError(InvalidReferenceError):
    """
    A part of a document is harmless, but this version cannot call or check it. Another Taskcluster may have such parts.
    """


def excerpt(value: Any) -> str:
    """
    Return *value* as JSON for a message: ASCII only, so that nothing in it controls a terminal, and cut off.
    """
    text = json.dumps(value)
    return text if len(text) <= MAX_EXCERPT_LENGTH else text[: MAX_EXCERPT_LENGTH - 1] + "…"
