"""
What a deployment says of its services in its own words: Markdown that somebody else wrote.

Only references that were fetched or given hold it; the built-in ones have words of our own.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tccli import references

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.references import Method

# Sequences for terminals: those that set colours and places, those that set titles and links, and the short ones.
ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]"
)
# What moves the cursor, and what changes the direction in which text is shown.
UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
FENCE = re.compile(r"\s*(```|~~~)")
ITEM = re.compile(r"\s*(?:[-*+]|(\d+[.)]))\s+")
HEADING = re.compile(r"\s{0,3}#{1,6}\s+")
CODE = "    "


def clean(text: str) -> str:
    """
    Return *text* as it may go to a terminal: nothing in it steers one.
    """
    return UNSAFE.sub("", ESCAPES.sub("", text.replace("\r\n", "\n")))


def line(text: str) -> str:
    """
    Return *text* in one line, as it may go to a terminal.
    """
    return " ".join(clean(text).split())


def of_method(method: Method) -> tuple[str, ...]:
    """
    Return what the deployment says of a method, in paragraphs without line breaks; code is indented.
    """
    start = f'{{"method":"{method.name}"'
    return _of_record(next((each for each in references.written(method.source) if each.startswith(start)), ""))


def is_as_built_in(method: Method) -> bool:
    """
    Say whether our own words are about this method: verb and route are those of the one they were written for.
    """
    library = references.built_in()
    if method.source in library.files.values():
        return True
    if method.name not in (library.method_names(method.service) if method.service in library.files else ()):
        return False
    ours = library.method(method.service, method.name)
    return (ours.verb, ours.route) == (method.verb, method.route)


def of_service(source: str) -> tuple[str, ...]:
    """
    Return what the deployment says of a service, as of a method.

    Args:
        source: Of the service, as the library says it.
    """
    return _of_record(references.written(source)[0])


def _of_record(written: str) -> tuple[str, ...]:
    record: dict[str, Any] = json.loads(written) if '"description":' in written else {}
    said = paragraphs(record.get("description", ""))
    # What our own summary says already is not said twice.
    known = {record.get(key, "").strip(" .") for key in ("summary", "title")}
    return () if {each.strip(" .") for each in said} <= known else said


def paragraphs(markdown: str) -> tuple[str, ...]:
    """
    Return the paragraphs, headings, list items and lines of code of *markdown*, each without line breaks.
    """
    return tuple(_plain(block) if not block.startswith(CODE) else block for block in _blocks(clean(markdown)))


def _blocks(text: str) -> Iterator[str]:
    words: list[str] = []
    fenced = False
    for each in text.expandtabs(4).split("\n"):
        fence, item, heading = FENCE.match(each), ITEM.match(each), HEADING.match(each)
        code = not fence and (fenced or (each.startswith(CODE) and not words and not item))
        if words and (fence or code or item or heading or not each.strip()):
            yield " ".join(words)
            words = []
        if fence:
            fenced = not fenced
        elif code:
            yield from [CODE + each.removeprefix(CODE).rstrip()] if each.strip() else []
        elif heading:
            words = each[heading.end() :].rstrip("# ").split()
            yield from [" ".join(words)] if words else []
            words = []
        elif item:
            words = [item[1] or "-", *each[item.end() :].split()]
        else:
            words += each.split()
    if words:
        yield " ".join(words)


def _plain(text: str) -> str:
    """
    Take away the marks of Markdown that are in the way of a reader.
    """
    text = re.sub(r"!?\[([^\[\]]*)\]\(<?([^()\s<>]*)>?[^()]*\)", lambda link: _link(link[1], link[2]), text)
    return re.sub(r"\*\*(\S(?:.{0,300}?\S)?)\*\*", r"\1", text)


def _link(text: str, target: str) -> str:
    return f"{text} ({target})" if target.startswith(("http://", "https://")) and target != text else text
