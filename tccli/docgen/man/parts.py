"""
The parts of all manual pages: heads, usage lines, options, examples.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tccli.cli.command_tree import OWN
from tccli.docgen.man import mdoc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tccli.cli.command_tree import CommandNode, Option

DATE = "November 23, 2026"
"""Of the release; pages that are made again without a change are the same."""

USAGE_WORD = re.compile(r"\[[^\]]*\](?:\.\.\.)?|\S+")


def page(name: str, summary: str, body: Iterable[str]) -> str:
    """
    Return a page.

    Args:
        name: As in ``man NAME``.
        summary: What stands beside it in lists of pages.
    """
    head = [
        f".Dd {DATE}",
        mdoc.macro("Dt", name.upper(), "1"),
        ".Os",
        ".Sh NAME",
        mdoc.macro("Nm", name),
        mdoc.macro("Nd", summary),
    ]
    return "\n".join([*head, *body]) + "\n"


def usage(path: Sequence[str], words: str) -> list[str]:
    """
    Return a usage line.

    Args:
        path: The words that lead to the command.
        words: What stands after them: ``[OPTIONS] NAME [FILE]``.
    """
    lines = [mdoc.macro("Nm", "tc", *path)]
    for word in USAGE_WORD.findall(words):
        optional = re.fullmatch(r"\[([^\]]*)\](\.\.\.)?", word)
        if optional is None:
            lines.append(mdoc.macro("Ar", word))
        elif optional.group(1) == "OPTIONS":
            lines.append(".Op Ar options")
        else:
            lines.append(".Op " + mdoc.macro("Ar", optional.group(1), optional.group(2) or "")[1:])
    return lines


def usage_words(entry: CommandNode) -> str:
    """
    Return what stands in the usage line of a command after its name.
    """
    return entry.usage.removeprefix(" ".join(["tc", *entry.path])).strip()


def options(listed: Iterable[Option]) -> list[str]:
    """
    Return a list of options, or nothing if there are none.
    """
    rows = [(_option_tag(option), _option_lines(option)) for option in listed]
    return mdoc.tagged_list(rows) if rows else []


def own_options(entry: CommandNode) -> list[Option]:
    """
    Return the options of one command; --help is described in tc(1).
    """
    return [option for option in entry.options if option.section == OWN and "--help" not in option.spellings]


def shared_by_methods(entry: CommandNode) -> list[Option]:
    """
    Return the options of methods below a service or a tree that are not query options, each once.
    """
    found: dict[tuple[str, ...], Option] = {}
    for leaf in entry.walk():
        if leaf.method is not None:
            query = {option.spellings for option in query_options(leaf)}
            found |= {option.spellings: option for option in own_options(leaf) if option.spellings not in query}
    return list(found.values())


def query_options(entry: CommandNode) -> list[Option]:
    """
    Return the options of a method that go into the query of its request, in their order.
    """
    assert entry.method is not None
    names = {name.lower() for name in entry.method.query}
    return [
        option
        for option in own_options(entry)
        if any(spelling.replace("-", "").lower() in names for spelling in option.spellings)
    ]


def examples(texts: Sequence[str]) -> list[str]:
    """
    Return examples as they are written; there is an empty line between those of several lines.
    """
    if not texts:
        return []
    return mdoc.literal_block(("\n\n" if any("\n" in text for text in texts) else "\n").join(texts))


def reference(name: str) -> str:
    """
    Return a line that refers to another page.
    """
    return f".{reference_words(name)}"


def reference_words(name: str) -> str:
    """
    Return a macro with its arguments. It is not Xr, which mandoc reports for pages that are not installed.
    """
    return f"Sy {mdoc.escape_word(name)} Ns (1)"


def references(names: Sequence[str], *, end: str = "") -> list[str]:
    """
    Return the lines of a list of pages.
    """
    return [reference(name) + (" ," if place < len(names) - 1 else end) for place, name in enumerate(names)]


def _option_tag(option: Option) -> str:
    spelled = " , ".join(f"Fl {mdoc.escape_word(each[1:])}" for each in (*option.spellings, *option.secondary))
    return spelled + (" " + mdoc.macro("Ar", option.metavar)[1:] if option.metavar else "")


def _option_lines(option: Option) -> list[str]:
    said = mdoc.prose(option.help or "Not described.")
    return [*said, "Required."] if option.is_required else said
