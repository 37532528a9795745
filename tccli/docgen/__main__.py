"""
``python -m tccli.docgen [CHECKOUT]``: write or --check the files that are generated from the tree of commands.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tccli import references
from tccli.cli import app, command_tree
from tccli.cli.context import Context
from tccli.docgen import completions, readme, summaries
from tccli.docgen.man import pages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tccli.cli.command_tree import CommandNode
    from tccli.references import ReferenceSet


class _BuiltIn(Context):
    """
    A context that uses only the built-in references.
    """

    def library(self) -> ReferenceSet:
        """
        Return the built-in references.
        """
        return references.built_in()


def build_command_tree() -> CommandNode:
    """
    Return the tree that generated files describe.
    """
    return command_tree.build_tree(app.root, _BuiltIn())


def _manual(tree: CommandNode, _checkout: str) -> dict[str, str]:
    return {f"man/{name}": text for name, text in pages.pages(tree).items()}


def _readme(tree: CommandNode, checkout: str) -> dict[str, str]:
    return {"README.md": readme.with_table(_read(os.path.join(checkout, "README.md")) or "", tree)}


def _completions(tree: CommandNode, _checkout: str) -> dict[str, str]:
    return completions.list_files(tree)


def _summaries(_tree: CommandNode, _checkout: str) -> dict[str, str]:
    return summaries.list_modules()


GENERATORS: tuple[Callable[[CommandNode, str], dict[str, str]], ...] = (_completions, _manual, _readme, _summaries)
"""Each returns path → text, for the tree and a checkout."""

GENERATED_DIRECTORIES = ("completions", "man")
"""Every file in them is generated."""


def generate(checkout: str) -> dict[str, str]:
    """
    Return path → text of every generated file.
    """
    whole = build_command_tree()
    return {path: text for make in GENERATORS for path, text in make(whole, checkout).items()}


def find_stale(checkout: str, texts: Mapping[str, str]) -> list[str]:
    """
    Return the paths of files that differ from *texts*, are missing, or are not generated any more.
    """
    there = (
        f"{directory}/{name}"
        for directory in GENERATED_DIRECTORIES
        if os.path.isdir(os.path.join(checkout, directory))
        for name in os.listdir(os.path.join(checkout, directory))
    )
    changed = [path for path, text in texts.items() if _read(os.path.join(checkout, path)) != text]
    return sorted({*changed, *(path for path in there if path not in texts)})


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _write(path: str, text: str | None) -> None:
    if text is None:
        os.unlink(path)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def main(argv: Sequence[str] | None = None) -> int:
    """
    Write the files, or compare them.

    Returns:
        1 if --check finds a file that is not up to date.
    """
    parser = argparse.ArgumentParser(prog="python -m tccli.docgen", description="Write generated documents.")
    parser.add_argument("checkout", nargs="?", default=".", help="the project's directory (default: the current one)")
    parser.add_argument("--check", action="store_true", help="write nothing; list what is not up to date, and exit 1")
    given = parser.parse_args(argv)
    texts = generate(given.checkout)
    changed = find_stale(given.checkout, texts)
    if not given.check:
        for path in changed:
            _write(os.path.join(given.checkout, path), texts.get(path))
    sys.stdout.write("".join(f"{path}\n" for path in changed))
    if not given.check and any(path.endswith(".py") for path in changed):
        # The other files were generated with these modules as they were before.
        sys.stdout.flush()
        again = [sys.executable, "-m", "tccli.docgen", given.checkout]
        return subprocess.run(again, check=False).returncode  # noqa: S603 - this program
    return 1 if given.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
