"""
Checks for the ``format`` keyword of JSON schemas, as strict as the services. Other formats allow every string.

Source: RFC 3339 for date-time, RFC 3986 for uri.
"""

from __future__ import annotations

import re
from datetime import datetime

from jsonschema import FormatChecker

# jsonschema checks date-time and uri only with further packages, and email by the @ alone.
FORMATS = FormatChecker(formats=("ipv4", "ipv6"))


def _is_date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)", value, re.ASCII):
        return False
    try:
        datetime.fromisoformat(value[:19])
    except ValueError:
        return False
    return True


def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+", value))


def _is_email(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"[^\s@]+@[^\s@]+", value))


for _name, _check in (("date-time", _is_date_time), ("uri", _is_uri), ("email", _is_email)):
    FORMATS.checks(_name)(_check)
