"""
``python -m tccli.docgen [CHECKOUT]``: write the files that are made from the tree of commands, or --check them.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from tccli import references
from tccli.cli import app
from tccli.cli.context import Context
from tccli.docgen import readme, surface
from tccli.docgen.completion import scripts
from tccli.docgen.man import pages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tccli.docgen.surface import Entry
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


def the_surface() -> Entry:
    """
    Return the surface that generated files describe.
    """
    return surface.read(app.root, _BuiltIn())


def _manual(surface: Entry, _checkout: str) -> dict[str, str]:
    return {f"man/{name}": text for name, text in pages.pages(surface).items()}


def _readme(surface: Entry, checkout: str) -> dict[str, str]:
    return {"README.md": readme.with_table(_read(os.path.join(checkout, "README.md")) or "", surface)}


def _completions(surface: Entry, _checkout: str) -> dict[str, str]:
    return scripts.files(surface)


MAKERS: tuple[Callable[[Entry, str], dict[str, str]], ...] = (_completions, _manual, _readme)
"""Each makes path → text of the surface, for a checkout."""

OWN_FOLDERS = ("completions", "man")
"""Where nothing lies that is not made."""


def made(checkout: str) -> dict[str, str]:
    """
    Return path → text of every generated file.
    """
    whole = the_surface()
    return {path: text for make in MAKERS for path, text in make(whole, checkout).items()}


def stale(checkout: str, texts: Mapping[str, str]) -> list[str]:
    """
    Return the paths of the files that are not as in *texts*, not there, or there without a reason.
    """
    there = (
        f"{folder}/{name}"
        for folder in OWN_FOLDERS
        if os.path.isdir(os.path.join(checkout, folder))
        for name in os.listdir(os.path.join(checkout, folder))
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
        1 if some are not as they would be written.
    """
    parser = argparse.ArgumentParser(prog="python -m tccli.docgen", description="Write generated documents.")
    parser.add_argument("checkout", nargs="?", default=".", help="the project's folder (the current one)")
    parser.add_argument("--check", action="store_true", help="write nothing; list what is not up to date, and exit 1")
    given = parser.parse_args(argv)
    texts = made(given.checkout)
    changed = stale(given.checkout, texts)
    if not given.check:
        for path in changed:
            _write(os.path.join(given.checkout, path), texts.get(path))
    sys.stdout.write("".join(f"{path}\n" for path in changed))
    return 1 if given.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
