"""
Masks secrets in everything that people see: messages, ``-v``, ``--dry-run`` and logs. No input or output.
"""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MASK = "…"
MIN_SECRET_CHARACTERS = 6
MAX_SECRET_CHARACTERS = 10_000
MIN_PART_CHARACTERS = 16
"""A shorter part of a secret may be in a text by chance."""

# Patterns are compiled at their first use, which takes a tenth of a start: most commands print no URL.
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
_VALUE = rf"(?:\"[^\"\s]+|'[^'\s]+|(?:(?!{_END}).)+)"
_PARAMETER = rf"(?i)((?:(?<![\w-])|(?<=%3F)|(?<=%26)|(?<=253F)|(?<=2526)){_NAMES}{_EQUALS})({_VALUE})"
_USERINFO = rf"(?i)((?::|%(?:25)*3A){_SLASH}{{2}})([^\s/?#\"'<>]*)@"
_ENCODED_USERINFO = rf"(?i)(%(?:25)*3A{_SLASH}{{2}})(?:(?!{_SLASH}|%(?:25)*(?:3F|23|26))[^\s&\"'<>#])*(%(?:25)*40)"
# A password may have slashes where it was not encoded; digits and a slash are a port and a path.
_USERINFO_WITH_SLASHES = r"(://[^\s/?#@:\"'<>]*:)(?!\d+(?:[/?#\s]|$))(\S*)@"
_HOOK_TOKEN = rf"(?i)({_SLASH}trigger{_SLASH})((?:(?![?&]|{_END}).)+)"
_COLON = r"[\"'\\]*\s*(?::|%3A)(?:%20|[\s\"'\\])*"
_AUTHORIZATION = rf"(?i)(authorization{_COLON}(?:\w+(?:%20| ))?)[^\r\n]+"
_HAWK = r"(?i)(\bhawk(?:%20|\s)+)(?=(?:mac|id|ts|nonce|hash|ext)(?:=|%3D))[^\r\n]+"
_HEADER = rf"(?i)(\b(?:(?:set-)?cookie2?|x-[\w-]*(?:token|secret|password|key|credential|signature)){_COLON})[^\r\n]+"
_HIDDEN_HEADER = r"(?i)(?:set-)?cookie2?|.*(?:token|secret|password|api-?key|credential|signature)"
_HIDDEN_NAME = (
    r"(?:token|secret|passw(?:or)?d|passphrase|certificate|credential|signature|proof|cookie|authorization|bearer|"
    r"(?:private|api|access|secret|encryption|signing)[_-]?key(?:[_-]?id)?|connection_?string|"
    r"(?-i:[A-Z0-9_]+_(?:KEY|PASS|PWD|PAT|AUTH|DSN|SAS)))s?"
)
_HIDDEN_KEY = rf"(?i).*{_HIDDEN_NAME}"
# A field of JSON in a text, perhaps escaped in a string of other JSON. Of an array or an object, the first character.
_FIELD = (
    rf"(?is)((\\*[\"'])[^\"'\\:,{{}}\s]*{_HIDDEN_NAME}\2\s*:\s*)"
    r"(?:(\\*[\"']).*?(?:(?<!\\)\3|$)|[\[{]|-?\d[^\s,}\]]*)"
)
_PRIVATE_KEY = r"(?s)(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?=-----END|$)"
_JWT = r"(\beyJ)[\w.~+/=-]{16,}"

# What each pattern needs: a text that it matches has one of these, after casefold() and without white space. They have
# no i, because an expression that ignores case takes the dotless one for it, which casefold() does not.
_NEEDS = {
    _USERINFO_WITH_SLASHES: ("@",),
    _USERINFO: ("@",),
    _ENCODED_USERINFO: ("%",),
    _PARAMETER: ("=", "%"),
    _HOOK_TOKEN: ("gger",),
    _AUTHORIZATION: ("author",),
    _HAWK: ("hawk",),
    _HEADER: ("cook", "x-"),
    _FIELD: ('":', "':"),
    _PRIVATE_KEY: ("vatekey",),
    _JWT: ("eyj",),
}
_SECRETS_OF_URLS = (_USERINFO, _USERINFO_WITH_SLASHES, _PARAMETER, _HOOK_TOKEN)


def redact_text(text: str) -> str:
    """
    Return a text, such as a message or a URL, without the secrets of the URLs and headers in it.

    Masked are passwords in URLs, bewits, the signatures of storages, tokens in queries and in the paths of hooks, also
    where they are percent-encoded, and Authorization headers.
    """
    for pattern in _select(_NEEDS, text):
        if pattern is _FIELD:
            text = _mask_fields(text)
        else:
            text = re.sub(pattern, _REPLACEMENTS.get(pattern, rf"\1{MASK}"), text)
    return text


def _select(patterns: Iterable[str], text: str) -> list[str]:
    """
    Return the patterns that may match in *text*.
    """
    folded = "".join(text.casefold().split())
    return [pattern for pattern in patterns if any(part in folded for part in _NEEDS[pattern])]


def redact_url(url: str) -> str:
    """
    Return a text that should be a URL, with or without a scheme, without its secrets.
    """
    if "://" in url:
        return redact_text(url)
    # The reference //user:password@host has no scheme, but slashes.
    bare = url.lstrip("/")
    return url[: len(url) - len(bare)] + redact_text(f"://{bare}").removeprefix("://")


def redact_header(name: str, value: str) -> str:
    """
    Return a header's value without secrets; of an Authorization header, the scheme stays.
    """
    if name.lower().endswith("authorization"):
        return f"{value.split(' ', 1)[0]} {MASK}" if " " in value else MASK
    return MASK if re.fullmatch(_HIDDEN_HEADER, name) else redact_text(value)


def names_secret(key: str) -> bool:
    """
    Return whether the value of a key of a JSON object is a secret by the key's name.
    """
    return re.fullmatch(_HIDDEN_KEY, key) is not None


def redact_document(document: Any, redact: Callable[[str], str] = redact_text) -> Any:
    """
    Return a JSON document without the values of keys that name a secret, such as ``secret`` or ``accessToken``.
    """
    if isinstance(document, dict):
        return {
            key: _mask_values(value) if names_secret(key) else redact_document(value, redact)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [redact_document(value, redact) for value in document]
    return redact(document) if isinstance(document, str) else document


class Redactor:
    """
    Masks secrets by their form, and those of this run also by their value, however a server repeats them. Threads may
    share it.

    Args:
        environ: Has credentials of the deployment and of proxies.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._lock = threading.Lock()
        # The first ones are those of the run, the others those of calls that are made. It is replaced, never changed.
        self._secrets: tuple[_Secrets, ...] = (_Secrets(frozenset()),)
        # The forms and the parts of all of them.
        self._masks: tuple[tuple[_Secrets, ...], list[str], set[str]] = ((), [], set())

    def add(self, *values: str | None) -> None:
        """
        Mask these values from now on. Short ones are ignored: text would have them by chance.
        """
        new = _select_long(values)
        with self._lock:
            of_run, *others = self._secrets
            if not new <= of_run.values:
                self._secrets = (_Secrets(of_run.values | new), *others)

    def extend(self, document: Any) -> Redactor:
        """
        Return a redactor that also masks the secrets of *document*: of one call among many, which need not all be
        stored.
        """
        self._add_environment()
        redactor = Redactor({})
        redactor._secrets = (self._secrets[0], _Secrets(_select_long(_find_secrets(document, is_secret=False))))
        return redactor

    @contextmanager
    def mask_during(self, document: Any) -> Iterator[None]:
        """
        Mask the secrets of *document* until the block ends: of one call among many, as `extend` does.
        """
        secrets = _Secrets(_select_long(_find_secrets(document, is_secret=False)))
        if not secrets.values:
            yield
            return
        with self._lock:
            self._secrets = (*self._secrets, secrets)
        try:
            yield
        finally:
            with self._lock:
                self._secrets = tuple(each for each in self._secrets if each is not secrets)

    def add_document(self, document: Any) -> None:
        """
        Mask the values of keys that name a secret.
        """
        self.add(*_find_secrets(document, is_secret=False))

    def add_text(self, text: str) -> None:
        """
        Mask the secrets of a text, such as a URL, from now on.
        """
        for pattern in _select(_SECRETS_OF_URLS, text):
            for found in re.finditer(pattern, text):
                from urllib.parse import unquote

                secret = found[2]
                self.add(secret, unquote(secret), secret.partition(":")[2])

    def redact_text(self, text: str) -> str:
        """
        Return a text without secrets.
        """
        self._add_environment()
        secrets = self._secrets
        masked, forms, parts = self._masks
        if masked is not secrets:
            forms = sorted({form for each in secrets for form in each.forms}, key=len, reverse=True)
            parts = {part for each in secrets for part in each.parts}
            self._masks = secrets, forms, parts
        return redact_text(_mask_parts(_mask_forms(text, forms), parts))

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
                user, colon, password = value.rpartition("@")[0].rpartition("://")[2].partition(":")
                password = password if colon else user
                from urllib.parse import unquote

                self.add(password, unquote(password))
            elif name == "TASKCLUSTER_CERTIFICATE":
                self._add_certificate(value)

    def _add_certificate(self, text: str) -> None:
        from tccli.strict_json import loads_leniently

        try:
            certificate = loads_leniently(text)
        except ValueError:
            certificate = None
        if isinstance(certificate, dict):
            self.add(*(str(certificate.get(name) or "") for name in ("seed", "signature")))
        else:
            self.add(text)


class _Secrets:
    """
    Values to mask. Their forms are computed when something is printed, which most calls do not.
    """

    def __init__(self, values: frozenset[str]) -> None:
        self.values = values

    @cached_property
    def forms(self) -> list[str]:
        return _list_forms(self.values)

    @cached_property
    def parts(self) -> set[str]:
        return {
            form[start : start + MIN_PART_CHARACTERS]
            for form in self.forms
            for start in range(len(form) - MIN_PART_CHARACTERS + 1)
        }


def _select_long(values: Iterable[str | None]) -> frozenset[str]:
    return frozenset(value for value in values if value and len(value) >= MIN_SECRET_CHARACTERS)


def _encode_forms(value: str) -> set[str]:
    # How a server repeats a value: as it is, in JSON, in HTML, in a URL, on one line.
    import json
    from urllib.parse import quote

    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    in_html = escaped, escaped.replace('"', "&quot;").replace("'", "&#x27;")
    in_json = json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]
    return {
        value,
        *in_json,
        *in_html,
        repr(value)[1:-1],
        quote(value, safe="", errors="replace"),
        quote(value, errors="replace"),
        " ".join(value.split()),
    }


def _list_forms(values: Iterable[str]) -> list[str]:
    # Of a very long value, such as a file, the ends: excerpts have no more, and the forms need memory.
    ends = {end for value in values for end in (value[:MAX_SECRET_CHARACTERS], value[-MAX_SECRET_CHARACTERS:])}
    once = {form for end in ends for form in _encode_forms(end)}
    return list({form for each in once for form in (each, *_encode_forms(each))})


def _mask_forms(text: str, forms: list[str]) -> str:
    for form in forms:
        text = text.replace(form, MASK)
        for length in range(min(len(form), MIN_PART_CHARACTERS) - 1, 3, -1):
            text = text.replace(form[:length] + MASK, MASK)
    return text


def _mask_parts(text: str, parts: set[str]) -> str:
    """
    Mask parts of secrets: a server and an excerpt may cut them off at either end.
    """
    if not parts:
        return text
    pieces: list[str] = []
    done = 0
    for start in range(len(text) - MIN_PART_CHARACTERS + 1):
        if text[start : start + MIN_PART_CHARACTERS] in parts:
            if start > done or not pieces:
                pieces += [text[done:start], MASK]
            done = start + MIN_PART_CHARACTERS
    return "".join(pieces) + text[done:]


def _find_secrets(document: Any, *, is_secret: bool) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _find_secrets(value, is_secret=is_secret or names_secret(key))
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


def _mask_fields(text: str) -> str:
    field = re.compile(_FIELD)
    pieces: list[str] = []
    start = 0
    while (found := field.search(text, start)) is not None:
        pieces += [text[start : found.start()], found[1], MASK]
        value = found.end(1)
        start = found.end() if text[value] not in "[{" else _find_end(text, value) if found[2] == '"' else len(text)
    return "".join([*pieces, text[start:]])


def _find_end(text: str, start: int) -> int:
    # Of an array or an object that is escaped, cut off or not JSON, the end is not known.
    from json import JSONDecoder

    try:
        return JSONDecoder().raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return len(text)


def _mask_userinfo(found: re.Match[str]) -> str:
    user, colon, _ = found[2].partition(":")
    return f"{found[1]}{user}:{MASK}@" if colon else f"{found[1]}{MASK}@"


_REPLACEMENTS: dict[str, str | Callable[[re.Match[str]], str]] = {
    _USERINFO_WITH_SLASHES: rf"\1{MASK}@",
    _USERINFO: _mask_userinfo,
    _ENCODED_USERINFO: rf"\1{MASK}\2",
}
