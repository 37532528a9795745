"""
What the word ``format`` of a JSON schema means, as far as the services look at it.

Source: RFC 3339 for dates, RFC 3986 for addresses of things; what no check is named for, fits.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from jsonschema import FormatChecker

if TYPE_CHECKING:
    from collections.abc import Callable

FORMATS = FormatChecker(formats=())


def _checks(name: str) -> Callable[[Callable[[object], bool]], Callable[[object], bool]]:
    """
    Make a function the check for a format.
    """

    def register(function: Callable[[object], bool]) -> Callable[[object], bool]:
        FORMATS.checks(name)(function)
        return function

    return register


@_checks("date-time")
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


@_checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+", value))


@_checks("email")
def _is_email(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"[^\s@]+@[^\s@]+", value))


@_checks("ipv4")
def _is_ipv4(value: object) -> bool:
    return not isinstance(value, str) or _is_address(value, 4)


@_checks("ipv6")
def _is_ipv6(value: object) -> bool:
    return not isinstance(value, str) or _is_address(value, 6)


def _is_address(value: str, version: int) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(value).version == version and "%" not in value
    except ValueError:
        return False
