"""
Masks secrets in everything that people see: messages, ``-v``, ``--dry-run`` and logs. Pure functions.
"""

from __future__ import annotations

import re
from typing import Any

MASK = "…"

# Patterns are compiled at their first use: most commands print no URL.
# A URL in a query is percent-encoded, perhaps more than once.
_AND = r"(?:&|%(?:25)*26)"
_EQUALS = r"(?:=|%(?:25)*3D)"
_SLASH = r"(?:/|%(?:25)*2F)"
# Bewits, the signatures of S3, GCS, Azure and CloudFront, and what else opens something.
_NAMES = (
    r"(?!continuationToken)(?:bewit|sig|signature|[\w-]*(?:token|secret|password|passwd)|api[_-]?key|certificate|"
    r"credentials?|x-(?:amz|goog)-[\w-]+|AWSAccessKeyId|GoogleAccessId|Policy|Key-Pair-Id)"
)
# The end of a value: what separates parameters, or the bracket and the punctuation that a message puts after a URL.
_END = rf"{_AND}|%(?:25)*23|[\s\"'<>#]|\)?[);:,.]*(?:\s|$)"
_VALUE = rf"(?:(?!{_END}).)+"
_PARAMETER = rf"(?i)((?:(?<![\w-])|(?<=%3F)|(?<=%26)|(?<=253F)|(?<=2526)){_NAMES}{_EQUALS}){_VALUE}"
_USERINFO = rf"(?i)((?::|%(?:25)*3A){_SLASH}{{2}})([^\s/?#\"'<>]*)@"
_ENCODED_USERINFO = rf"(?i)(%(?:25)*3A{_SLASH}{{2}})(?:(?!{_SLASH}|%(?:25)*(?:3F|23|26))[^\s&\"'<>#])*(%(?:25)*40)"
# A password may hold slashes where it was not encoded; digits and a slash are a port and a path.
_USERINFO_WITH_SLASHES = r"(://[^\s/?#@:\"'<>]*:)(?!\d+(?:[/?#\s]|$))\S*@"
_HOOK_TOKEN = rf"(?i)({_SLASH}trigger{_SLASH})(?:(?!{_SLASH}|[?&]|{_END}).)+"
_AUTHORIZATION = r"(?i)(authorization[\"']?\s*:\s*[\"']?(?:\w+ )?)[^\r\n]+"
_HIDDEN_HEADER = r"(?i)(?:set-)?cookie2?|.*(?:token|secret|password|api-?key|credential|signature)"
_HIDDEN_KEY = r"(?i).*(?:token|secret|password|certificate|credential|private_?key|api_?key)s?"


def redact_text(text: str) -> str:
    """
    Return a text, such as a message or a URL, without the secrets of the URLs and headers in it.

    Masked are passwords in URLs, bewits, the signatures of storages, tokens in queries and in the paths of hooks, also
    where they are percent-encoded, and Authorization headers.
    """
    text = re.sub(_USERINFO_WITH_SLASHES, rf"\1{MASK}@", text)
    text = re.sub(_USERINFO, lambda found: f"{found[1]}{_mask_userinfo(found[2])}@", text)
    for pattern, replacement in (
        (_ENCODED_USERINFO, rf"\1{MASK}\2"),
        (_PARAMETER, rf"\1{MASK}"),
        (_HOOK_TOKEN, rf"\1{MASK}"),
        (_AUTHORIZATION, rf"\1{MASK}"),
    ):
        text = re.sub(pattern, replacement, text)
    return text


def redact_url(url: str) -> str:
    """
    Return a text that should be a URL, with or without a scheme, without its secrets.
    """
    return redact_text(url) if "://" in url else redact_text(f"://{url}").removeprefix("://")


def redact_header(name: str, value: str) -> str:
    """
    Return a header's value without secrets; of an Authorization header, the scheme stays.
    """
    if name.lower().endswith("authorization"):
        return f"{value.split(' ', 1)[0]} {MASK}" if " " in value else MASK
    return MASK if re.fullmatch(_HIDDEN_HEADER, name) else redact_text(value)


def redact_document(document: Any) -> Any:
    """
    Return a JSON document without the values of keys that name a secret, such as ``secret`` or ``accessToken``.
    """
    if isinstance(document, dict):
        return {
            key: _mask_values(value) if re.fullmatch(_HIDDEN_KEY, key) else redact_document(value)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [redact_document(value) for value in document]
    return redact_text(document) if isinstance(document, str) else document


def _mask_values(value: Any) -> Any:
    # The structure stays, so that one sees what would be stored.
    if isinstance(value, dict):
        return {key: _mask_values(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_mask_values(each) for each in value]
    return value if value is None or isinstance(value, bool) else MASK


def _mask_userinfo(userinfo: str) -> str:
    user, colon, _ = userinfo.partition(":")
    return f"{user}:{MASK}" if colon else MASK
