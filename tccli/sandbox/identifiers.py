"""
Identifiers as the services make them.
"""

from __future__ import annotations

import uuid
from base64 import urlsafe_b64encode


def slugid() -> str:
    """
    Return a new one that begins with a letter.
    """
    made = bytearray(uuid.uuid4().bytes)
    made[0] &= 0x7F
    return urlsafe_b64encode(made).decode().rstrip("=")
