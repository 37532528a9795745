"""
``python -m tests.benchmarks``: run the benchmarks, print a row for each figure, and write the README's table.

::

    .venv/bin/python -m tests.benchmarks [--only NAME,NAME] [--runs N] [--write]

``--write`` stores the figures in ``results.json``, from which the README's table is made; those of benchmarks that did
not run stay. Run it on a quiet machine, with the project installed and its bytecode compiled.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks import growth
from tests.benchmarks.measure import Figure, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BENCHMARKS = (
    "startup",
    "ping",
    "validation",
    "batch",
    "batch_lines",
    "pages",
    "transfers",
    "many",
    "actions",
    "groups",
    "logs",
    "completions",
    "sandbox",
    "size",
    "growth",
)
CHECKOUT = Path(__file__).parent.parent.parent
RESULTS = Path(__file__).with_name("results.json")
BEGIN = "<!-- The table is made by python -m tests.benchmarks --write. -->\n"
END = "<!-- Here the measurements end. -->\n"


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run benchmarks; return 1 if a goal was missed.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Run the benchmarks.")
    parser.add_argument("--only", metavar="NAMES", default=",".join(BENCHMARKS), help="separated by commas")
    parser.add_argument("--runs", type=int, default=11, help="of each command that takes less than a second")
    parser.add_argument("--write", action="store_true", help="store the figures, and write the README's table")
    options = parser.parse_args(argv)
    names = options.only.split(",")
    if unknown := set(names).difference(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    print(f"{describe_machine()}, medians of alternating runs")
    found: dict[str, list[Figure]] = {}
    for name in names:
        print(f"\n{name}", flush=True)
        figures = found.setdefault(name, [])
        try:
            for figure in import_module(f"tests.benchmarks.{name}").measure(options.runs):
                print(format_row(figure), flush=True)
                figures.append(figure)
        except UnavailableError as error:
            print(f"  left out: {error}")
        # After each one: all of them take a quarter of an hour.
        if options.write and figures:
            write({name: figures})
    return 0 if all(figure.is_met for figures in found.values() for figure in figures) else 1


def describe_machine() -> str:
    """
    Return what the figures were measured on.
    """
    version = ".".join(platform.python_version_tuple()[:2])
    return f"{os.cpu_count()} cores, {platform.system()}, Python {version}"


def format_row(figure: Figure) -> str:
    """
    Return a line of the table for terminals.
    """
    verdict = "" if figure.goal is None else "met" if figure.is_met else "MISSED"
    return (
        f"  {figure.what:64} {figure.measured:>10}  {figure.compared:44} "
        f"{figure.shown_score:>10}  {figure.shown_goal:22} {verdict}"
    ).rstrip()


def write(found: Mapping[str, Sequence[Figure]]) -> None:
    """
    Store the figures, and write the README's table from all that are stored.
    """
    stored = json.loads(RESULTS.read_text("utf-8"))["figures"] if RESULTS.exists() else {}
    rows = {**stored, **{name: [dataclasses.asdict(figure) for figure in found[name]] for name in found}}
    document = {"machine": describe_machine(), "figures": {name: rows[name] for name in BENCHMARKS if name in rows}}
    RESULTS.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    readme = CHECKOUT / "README.md"
    readme.write_text(with_table(readme.read_text("utf-8"), document), "utf-8")


def with_table(text: str, document: Mapping[str, Any]) -> str:
    """
    Return the README with the table of stored figures.

    Raises:
        ValueError: The README has no place for it.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the README has no place between {BEGIN.strip()} and {END.strip()}")
    lines = "\n".join(table(document))
    return f"{before}{BEGIN}\n{lines}\n\n{END}{after}"


def table(document: Mapping[str, Any]) -> Iterator[str]:
    """
    Yield the lines of the README's table, in Markdown.
    """
    yield f"{document['machine']}."
    yield ""
    yield "| | `tc` | compared with | ratio | goal |"
    yield "|---|---|---|---|---|"
    found = {name: [Figure(**row) for row in rows] for name, rows in document["figures"].items()}
    for figures in found.values():
        for figure in figures:
            if figure.in_readme:
                score = figure.shown_score if figure.shown_score != figure.measured else ""
                missed = "" if figure.is_met else " (missed)"
                cells = figure.what, figure.measured, figure.compared, score, figure.shown_goal + missed
                yield f"| {' | '.join(cells)} |"
    if "growth" in found:
        yield ""
        yield "How time and memory grow with the number of things:"
        yield ""
        yield from growth.table(found["growth"])


if __name__ == "__main__":
    sys.exit(main())
