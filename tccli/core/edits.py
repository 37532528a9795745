r"""
Edits of a document, as ``--set`` has them: ``path=text`` and ``path:=json``.

A path is names and list positions: ``metadata.name``, ``payload.command[0]``. A number after a dot is a position too,
unless it stands for a field of an existing object. ``[]`` and ``[+]`` append. ``\`` makes the next character part of a
name: a dot, a bracket, an equals sign, the first digit of a name such as ``\2026``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import strict_json
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

# A backslash before any other character is one.
_BACKSLASH = r"\\[.\[\]=\\0-9]|\\(?![.\[\]=\\0-9])"
_EDIT = re.compile(rf"((?:{_BACKSLASH}|[^=\\])+?)(:?)=(.*)", re.DOTALL)
MAX_DEPTH = 100
MAX_SHOWN_CHARACTERS = 60
"""Of a path, in a message."""
_STEP = re.compile(
    rf"(?:\[(?P<position>\+?|-?[0-9]{{1,9}})\]|(?P<name>(?:{_BACKSLASH}|[^.\[\]\\])+))(?:\.(?=.)|(?=\[)|$)", re.DOTALL
)


class _Step(NamedTuple):
    """
    A step of a path. One with a name and a position is a number after a dot; one with neither appends.
    """

    text: str
    name: str | None
    position: int | None


class Edit(NamedTuple):
    """
    An edit whose path was read.

    Attributes:
        is_json: Whether the text of its value is JSON.
        text: Of its value, which may be a secret.
        shown: The edit for messages, which have only its path.
    """

    steps: list[_Step]
    is_json: bool
    text: str
    shown: str

    def parse_value(self) -> Any:
        """
        Return the value that the text is.

        Raises:
            UsageError: It must be JSON, and is not.
        """
        try:
            return strict_json.loads(self.text) if self.is_json else self.text
        except strict_json.StrictJsonError as error:
            raise UsageError(f"--set {self.shown}: the text after := is not JSON ({error})") from None

    def apply(self, document: Any, value: Any) -> Any:
        """
        Return *document* with a value at the path. Objects and lists that the path needs are created.

        Raises:
            UsageError: The path does not fit the document.
        """
        try:
            return _assign(document, self.steps, value)
        except _PathError as error:
            raise UsageError(f"--set {self.shown}: {error}") from None


def parse_edit(edit: str) -> Edit:
    """
    Return an edit with its path.

    Raises:
        UsageError: It is malformed.
    """
    found = _EDIT.fullmatch(edit)
    if not found or found[1] == ":":
        shown = repr(re.sub("=.+", "=…", edit, flags=re.DOTALL))
        raise UsageError(f"--set {shown} is not PATH=TEXT or PATH:=JSON")
    path, sign, text = found.groups()
    shown = repr(f"{path if len(path) <= MAX_SHOWN_CHARACTERS else path[:MAX_SHOWN_CHARACTERS] + '…'}{sign}=…")
    try:
        return Edit(_parse_path(path), bool(sign), text, shown)
    except _PathError as error:
        raise UsageError(f"--set {shown}: {error}") from None


def apply_edits(document: Any, edits: Iterable[str]) -> Any:
    """
    Return *document* changed by each edit in order. Objects and lists that the path needs are created.

    Raises:
        UsageError: An edit is malformed, or its path does not fit the document.
    """
    for edit in edits:
        parsed = parse_edit(edit)
        document = parsed.apply(document, parsed.parse_value())
    return document


def find_value(document: Any, path: str) -> Any:
    """
    Return the value at a path of the same form.

    Raises:
        LookupError: There is none.
    """
    try:
        steps = _parse_path(path)
    except _PathError as error:
        raise LookupError(str(error)) from None
    for step in steps:
        if isinstance(document, dict) and step.name is not None:
            document = document[step.name]
        elif isinstance(document, list) and step.position is not None:
            document = document[step.position]
        else:
            raise LookupError(step.text)
    return document


class _PathError(ValueError):
    pass


def _parse_path(path: str) -> list[_Step]:
    steps = []
    start = 0
    while start < len(path):
        found = _STEP.match(path, start)
        if found is None:
            raise _PathError(
                f"cannot read the path from {path[start:]!r}; write a.b, a[0], a[] to append, \\. or \\[ in a name"
            )
        start = found.end()
        if found["name"] is None:
            digits = found["position"].strip("+")
            steps.append(_Step(f"[{found['position']}]", None, int(digits) if digits else None))
        else:
            number = int(found["name"]) if re.fullmatch("[0-9]{1,9}", found["name"]) else None
            steps.append(_Step(found["name"], re.sub(r"\\([.\[\]=\\0-9])", r"\1", found["name"]), number))
    if len(steps) > MAX_DEPTH:
        raise _PathError(f"nested more than {MAX_DEPTH} levels deep")
    return steps


def _assign(target: Any, path: list[_Step], value: Any) -> Any:
    if not path:
        return value
    (text, name, position), rest = path[0], path[1:]
    if target is None:
        target = {} if name is not None and position is None else []
    if isinstance(target, dict):
        if name is None:
            raise _PathError(f"cannot use {text!r} on an object; write .NAME")
        return {**target, name: _assign(target.get(name), rest, value)}
    if not isinstance(target, list):
        kind = {str: "a string", bool: "a boolean"}.get(type(target), "a number")
        raise _PathError(f"cannot use {text!r} on {kind}")
    if position is None:
        position = len(target) if name is None else -1 - len(target)
    elif position < 0:
        position += len(target)
    if not 0 <= position <= len(target):
        hint = f"; write \\{text} if it is a name" if name and not target and not rest else ""
        raise _PathError(f"{text!r} is not a position in a list of {len(target)}; [] appends{hint}")
    items = [*target, None] if position == len(target) else list(target)
    items[position] = _assign(items[position], rest, value)
    return items
