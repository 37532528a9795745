"""
Checks for the ``pattern`` and ``format`` keywords of JSON schemas, as strict as the services.

Expressions are compiled when they are first used: most documents need few of them.

Source: the patterns of ajv-formats 2.1.1, which the services use; RFC 3986 for uri.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BYTE = r"(?:25[0-5]|2[0-4]\d|[01]?\d\d?)"
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = r"(?:[a-z0-9._~!$&'()*+,;=-]|%[0-9a-f]{2})"
_CHARACTER = rf"(?:{_NAME}|[:@])"
_AFTER_PATH = rf"(?:{_CHARACTER}|[/?])*"
_AUTHORITY = rf"//?(?:(?:{_NAME}|:)*@)?(?:\[[0-9a-fv:.]+\]|{_NAME}*)(?::\d*)?"
# A time without a zone is accepted; a leap second too, at the end of a day.
_DATE_TIME = (
    r"(\d{4})-(\d\d)-(\d\d)[t\s](?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d|23:59:60)(?:\.\d+)?(?:z|[+-]\d\d(?::?\d\d)?)?"
)
_EMAIL = rf"{_ATOM}(?:\.{_ATOM})*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOSTNAME = rf"(?=.{{1,253}}\.?\Z){_LABEL}(?:\.{_LABEL})*\.?"
_IPV4 = rf"(?:{_BYTE}\.){{3}}{_BYTE}"
_URI = (
    rf"[a-z][a-z0-9+.-]*:(?:{_AUTHORITY}|/?{_CHARACTER}+|/)(?:/{_CHARACTER}*)*(?:\?{_AFTER_PATH})?(?:#{_AFTER_PATH})?"
)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@cache
def compile_pattern(pattern: str) -> re.Pattern[str]:
    r"""
    Return a pattern of JavaScript, in which ``$`` is the very end of the text, and ``\d`` and ``\w`` are ASCII.

    Raises:
        re.error: It cannot be compiled.
    """
    return re.compile(re.sub(r"(?<!\\)((?:\\\\)*)\$", r"\1\\Z", pattern), re.ASCII)


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII | re.IGNORECASE)


def _is_date_time(text: str) -> bool:
    found = _compile(_DATE_TIME).fullmatch(text)
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    if not 1 <= month <= 12:
        return False
    is_leap_day = (month, day) == (2, 29) and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return is_leap_day or 1 <= day <= _DAYS[month - 1]


def _is_ipv6(text: str) -> bool:
    from ipaddress import AddressValueError, IPv6Address

    try:
        return not IPv6Address(text).scope_id
    except AddressValueError:
        return False


FORMATS: Mapping[str, Callable[[str], bool]] = {
    "date-time": _is_date_time,
    "email": lambda text: _compile(_EMAIL).fullmatch(text) is not None,
    "hostname": lambda text: _compile(_HOSTNAME).fullmatch(text) is not None,
    "ipv4": lambda text: _compile(_IPV4).fullmatch(text) is not None,
    "ipv6": _is_ipv6,
    "uri": lambda text: _compile(_URI).fullmatch(text) is not None,
}
"""Whether a text has a format. Every text has all others, as far as the services check them."""
