"""
How failures are printed: for a terminal, as Markdown, or as JSON.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from tccli.core.printable import escape_controls, escape_line, escape_line_breaks, list_some

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tccli.cli.context import Context
    from tccli.core.tasks.failures import FailureGroup

INDENT = "    "
MIN_WIDTH = 40
TEXT_WIDTH = 120
"""Off a terminal."""
MAX_SHOWN_NAMES = 8
MAX_ROW_NAMES = 3
"""In a table."""
MAX_LISTED_NAMES = 50
"""In Markdown."""


def make_source(group_id: str, options: Mapping[str, Any]) -> str:
    """
    Return the command that prints the same groups of failures again.

    Args:
        options: The values of the options that choose what is printed.
    """
    words = ["tc", "group", "failures", group_id]
    for name, value in options.items():
        option = f"--{name.removeprefix('select_').replace('_', '-')}"
        if value is True:
            words.append(option)
        elif value is not None and value is not False:
            words += [f"{option}={each}" for each in (value if isinstance(value, tuple) else (value,))]
    return shlex.join(words)


def write_groups(context: Context, groups: Sequence[FailureGroup], source: str, *, text_format: str | None) -> None:
    """
    Write failures by signature: as a table, or as JSON that is text on a terminal.

    Args:
        text_format: ``markdown`` or ``text``, for text wherever it goes.
    """
    from tccli.output import Result

    options = context.options
    write = context.writer()
    if text_format == "text":
        lines = _format_groups(groups, source, TEXT_WIDTH).splitlines()
        write(Result(lines, is_text=True))
    elif text_format == "markdown":
        write(Result([line for group in groups for line in _markdown(group, source)], is_text=True))
    elif options.format == "table" and not options.selects_parts:
        write(Result([[_row(group) for group in groups]], is_table=True))
    else:
        documents = [group.as_document(source) for group in groups]
        write(Result([documents], to_text=lambda width: _format_groups(groups, source, width), is_table=True))


def _row(group: FailureGroup) -> dict[str, Any]:
    row = {
        "count": len(group.runs),
        "line": group.line,
        "tasks": list_some(group.names, MAX_ROW_NAMES),
    }
    if group.known is not None:
        row["new"] = group.count_new()
    if group.flaky is not None:
        row["flaky"] = len(group.flaky)
    return row


def _format_groups(groups: Sequence[FailureGroup], source: str, width: int) -> str:
    width = max(width, MIN_WIDTH)
    lines: list[str] = []
    for group in groups:
        lines += ["", *_format_group(group, source, width)] if lines else _format_group(group, source, width)
    return "".join(f"{line}\n" for line in lines)


def _format_group(group: FailureGroup, source: str, width: int) -> Iterator[str]:
    counts = _count(group)
    yield _shorten(f"{counts}: {group.line}", width)
    yield from _fold_names(group.names, width)
    for line in group.context:
        yield _shorten(f"{INDENT}| {line}", width)
    command = group.rerun_command(source)
    # A command is never shortened: it is to be copied.
    yield f"{INDENT}{command}" if command else f"{INDENT}({group.explain_no_rerun()})"


def _count(group: FailureGroup) -> str:
    parts = [f"{len(group.runs)} failure{'' if len(group.runs) == 1 else 's'}"]
    if group.known is not None:
        new = group.count_new()
        parts.append("new" if new == len(group.runs) else "not new" if not new else f"{new} new")
    if group.flaky:
        parts.append("flaky" if len(group.flaky) == len(group.runs) else f"{len(group.flaky)} flaky")
    return ", ".join(parts)


def _fold_names(names: Sequence[str], width: int) -> Iterator[str]:
    shown = [*map(escape_line_breaks, names[:MAX_SHOWN_NAMES])]
    if len(names) > len(shown):
        shown.append(f"and {len(names) - len(shown)} more")
    line = ""
    for place, name in enumerate(shown):
        word = f"{name}," if place < len(shown) - 1 else name
        if line and len(line) + len(word) + 1 > width - len(INDENT):
            yield _shorten(f"{INDENT}{line}", width)
            line = ""
        line = f"{line} {word}" if line else word
    yield _shorten(f"{INDENT}{line}", width)


def _shorten(line: str, width: int) -> str:
    from rich.cells import cell_len, set_cell_size

    line = escape_controls(line.expandtabs(4).replace("\n", " "))
    if cell_len(line) <= width:
        return line
    return f"{set_cell_size(line, width - 1).rstrip()}…"


def _markdown(group: FailureGroup, source: str) -> Iterator[str]:
    yield f"### {_count(group)}: {_code(group.line)}"
    yield ""
    shown = group.names[:MAX_LISTED_NAMES]
    more = [f"and {len(group.names) - len(shown)} more"] if len(group.names) > len(shown) else []
    yield ", ".join([*(_code(escape_line_breaks(name)) for name in shown), *more])
    yield ""
    if group.context:
        yield from _fence([escape_controls(line) for line in group.context])
    command = group.rerun_command(source)
    if command:
        yield from _fence([command], "sh")
    else:
        yield f"({group.explain_no_rerun()})"
        yield ""


def _fence(lines: Sequence[str], language: str = "") -> Iterator[str]:
    ticks = "`" * max(3, 1 + max((len(run) for line in lines for run in re.findall("`+", line)), default=0))
    yield f"{ticks}{language}"
    yield from lines
    yield ticks
    yield ""


def _code(text: str) -> str:
    text = escape_line(text)
    ticks = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"
