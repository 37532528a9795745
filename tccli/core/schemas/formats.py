"""
Checks for the ``format`` keyword of JSON schemas, as strict as the services. Other formats allow every string.

Source: the patterns of ajv-formats 2.1.1, which the services use; RFC 3986 for uri.
"""

from __future__ import annotations

import re
from calendar import monthrange

from jsonschema import FormatChecker

FORMATS = FormatChecker(formats=("ipv6",))

_BYTE = r"(?:25[0-5]|2[0-4]\d|[01]?\d\d?)"
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = r"(?:[a-z0-9._~!$&'()*+,;=-]|%[0-9a-f]{2})"
_CHARACTER = rf"(?:{_NAME}|[:@])"
_AFTER_PATH = rf"(?:{_CHARACTER}|[/?])*"
_AUTHORITY = rf"//?(?:(?:{_NAME}|:)*@)?(?:\[[0-9a-fv:.]+\]|{_NAME}*)(?::\d*)?"
_DATE_TIME = re.compile(
    # A time without a zone is accepted; a leap second too, at the end of a day.
    r"(\d{4})-(\d\d)-(\d\d)[t\s](?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d|23:59:60)(?:\.\d+)?(?:z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_PATTERNS = {
    "email": re.compile(
        rf"{_ATOM}(?:\.{_ATOM})*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?",
        re.ASCII | re.IGNORECASE,
    ),
    "hostname": re.compile(rf"(?=.{{1,253}}\.?\Z){_LABEL}(?:\.{_LABEL})*\.?", re.ASCII | re.IGNORECASE),
    "ipv4": re.compile(rf"(?:{_BYTE}\.){{3}}{_BYTE}", re.ASCII),
    "uri": re.compile(
        rf"[a-z][a-z0-9+.-]*:(?:{_AUTHORITY}|/?{_CHARACTER}+|/)(?:/{_CHARACTER}*)*(?:\?{_AFTER_PATH})?(?:#{_AFTER_PATH})?",
        re.ASCII | re.IGNORECASE,
    ),
}


def _is_date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    found = _DATE_TIME.fullmatch(value)
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    # Years repeat after 400, and the calendar module has no year 0.
    return 1 <= month <= 12 and 1 <= day <= monthrange(year % 400 + 400, month)[1]


FORMATS.checks("date-time")(_is_date_time)
for _name, _pattern in _PATTERNS.items():
    FORMATS.checks(_name)(
        lambda value, pattern=_pattern: not isinstance(value, str) or pattern.fullmatch(value) is not None
    )
