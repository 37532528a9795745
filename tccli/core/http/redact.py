"""
Masks secrets in everything that people see: messages, ``-v``, ``--dry-run`` and logs. Pure functions.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MASK = "…"
MIN_SECRET_CHARACTERS = 6

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


def redact_document(document: Any, redact: Callable[[str], str] = redact_text) -> Any:
    """
    Return a JSON document without the values of keys that name a secret, such as ``secret`` or ``accessToken``.
    """
    if isinstance(document, dict):
        return {
            key: _mask_values(value) if re.fullmatch(_HIDDEN_KEY, key) else redact_document(value, redact)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [redact_document(value, redact) for value in document]
    return redact(document) if isinstance(document, str) else document


class Redactor:
    """
    Masks secrets by their form, and those of this run also by their value, however a server repeats them.

    Args:
        environ: Has credentials of the deployment and of proxies.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._values: set[str] = set()

    def add(self, *values: str | None) -> None:
        """
        Mask these values from now on. Short ones are ignored: text would have them by chance.
        """
        self._values.update(value for value in values if value and len(value) >= MIN_SECRET_CHARACTERS)

    def add_document(self, document: Any) -> None:
        """
        Mask the values of keys that name a secret.
        """
        self.add(*_find_secrets(document, is_secret=False))

    def redact_text(self, text: str) -> str:
        """
        Return a text without secrets.
        """
        self._add_environment()
        for value in sorted(self._values, key=len, reverse=True):
            encoded = quote(value, safe="", errors="replace")
            for form in {value, json.dumps(value)[1:-1], encoded, " ".join(value.split())}:
                text = text.replace(form, MASK)
        return redact_text(text)

    def redact_document(self, document: Any) -> Any:
        """
        Return a JSON document without secrets.
        """
        return redact_document(document, self.redact_text)

    def _add_environment(self) -> None:
        environ, self._environ = self._environ, {}
        for name, value in environ.items():
            if name == "TASKCLUSTER_ACCESS_TOKEN":
                self.add(value)
            elif name.lower().endswith("_proxy") and "@" in value:
                password = value.rpartition("@")[0].rpartition("://")[2].partition(":")[2]
                self.add(password, unquote(password))


def _find_secrets(document: Any, *, is_secret: bool) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _find_secrets(value, is_secret=is_secret or re.fullmatch(_HIDDEN_KEY, key) is not None)
    elif isinstance(document, list):
        for value in document:
            yield from _find_secrets(value, is_secret=is_secret)
    elif is_secret and document is not None and not isinstance(document, bool):
        yield str(document)


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
