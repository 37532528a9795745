"""
The YAML writer: block style that YAML 1.1 and 1.2 readers read as the same document.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from tccli.core.printable import CONTROL_CHARACTERS
from tccli.strict_json import ExactNumber

if TYPE_CHECKING:
    from collections.abc import Iterator

# Text that starts with a letter is text in YAML 1.1 and 1.2, but for these words.
WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
PLAIN = re.compile(r"(?:[^\W\d]|/)(?:[^\s:#]|(?<=\S)#|:(?=\S)| (?=[^\s#]))*")
LITERAL = re.compile(r"\S(?:.*\S)?(?:\n+.*\S)*\n?")
ESCAPED = re.compile(f'[{CONTROL_CHARACTERS}\t\n"\\\\\xa0\ufeff\ufffe\uffff]')
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
MAX_SIMPLE_KEY_CHARACTERS = 1000
"""A longer key needs a question mark: the limit of YAML is 1024, quotes included."""


def dump(document: Any) -> str:
    """
    Return *document* as YAML in block style; YAML 1.1 and 1.2 readers make the same document of it.

    There are no anchors, and no character that controls a terminal.
    """
    return "".join(f"{line}\n" for line in _block(document, 0)) if _has_parts(document) else f"{_scalar(document, 0)}\n"


def _block(document: dict[str, Any] | list[Any], indent: int) -> Iterator[str]:
    pad = " " * indent
    if isinstance(document, list):
        for item in document:
            if not _has_parts(item):
                yield f"{pad}- {_scalar(item, indent)}"
                continue
            lines = _block(item, indent + 2)
            yield f"{pad}- {next(lines)[indent + 2 :]}"
            yield from lines
        return
    for name, item in document.items():
        key = _scalar(name, None)
        if len(key) > MAX_SIMPLE_KEY_CHARACTERS:
            yield f"{pad}? {key}"
            key = ""
        if _has_parts(item):
            yield f"{pad}{key}:"
            yield from _block(item, indent if isinstance(item, list) else indent + 2)
        else:
            yield f"{pad}{key}: {_scalar(item, indent)}"


def _has_parts(document: Any) -> bool:
    return isinstance(document, dict | list) and bool(document)


def _scalar(value: Any, indent: int | None) -> str:
    """
    Args:
        indent: Of the collection that the scalar is in; None for a key, which must stay on its line.
    """
    if isinstance(value, str):
        return _text(value, indent)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, ExactNumber):
        # YAML 1.1 takes most numbers with an exponent for text, unless they are written as Python does.
        exact = float(value.text)
        if "e" not in value.text.lower() or not math.isfinite(exact):
            return value.text
        value = exact
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    # YAML 1.1 takes a number with an exponent for text unless it has a point.
    digits, exponent, power = repr(value).partition("e")
    return f"{digits}{'.0' if exponent and '.' not in digits else ''}{exponent}{power}"


def _text(text: str, indent: int | None) -> str:
    special = set(ESCAPED.findall(text))
    if not special and text.lower() not in WORDS and PLAIN.fullmatch(text):
        return text
    if indent is not None and "\n" in text and special <= {"\n", "\t", '"', "\\"} and LITERAL.fullmatch(text):
        pad = "\n" + " " * (indent + 2)
        lines = text.removesuffix("\n").split("\n")
        return ("|" if text.endswith("\n") else "|-") + "".join(pad + line if line else "\n" for line in lines)
    # Surrogates that make a pair are one character.
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return '"' + ESCAPED.sub(lambda found: ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04x}", whole) + '"'
