"""
The manual page of a hand-written command, with the commands below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.documents import man_parts, mdoc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tccli.documents.surface import Entry

TREE_WORDS = "SERVICE METHOD [ARGUMENT]... [OPTIONS]"
TREE = "The services, their methods and what these take are told in"


def page(entry: Entry, surface: Entry) -> str:
    """
    Return the page of a command.

    Args:
        surface: The root, in which what is the same under another name is found.
    """
    leaves = [each for each in entry.walk() if each.path != entry.path] if not entry.is_tree else []
    also = {"tc", *(f"tc-{each.path[0]}" for each in surface.commands if entry.is_tree and each.service)}
    body = [".Sh SYNOPSIS", *_synopsis(entry), ".Sh DESCRIPTION", *mdoc.paragraphs(entry.paragraphs)]
    if entry.is_tree:
        services = [f"tc-{each.name}" for each in surface.commands if each.service]
        body += [".Pp", *mdoc.prose(TREE), *man_parts.references(services), "."]
    body += _options(entry, heading=(".Sh OPTIONS",))
    if leaves:
        body.append(".Sh COMMANDS")
    for each in leaves:
        same = _same(each, surface)
        body += _below(each) if same is None else _elsewhere(each, same)
        also |= {f"tc-{same.name}"} if same is not None else set()
    if entry.examples:
        body += [".Sh EXAMPLES", *man_parts.examples(entry)]
    body += [".Sh SEE ALSO", *man_parts.references(sorted(also))]
    return man_parts.page(f"tc-{entry.name}", entry.summary, body)


def _synopsis(entry: Entry) -> Iterator[str]:
    """
    Yield a usage line for a command and for each below it.
    """
    if entry.is_tree:
        yield from man_parts.usage(entry.path, TREE_WORDS)
    elif not entry.commands:
        yield from man_parts.usage(entry.path, man_parts.usage_words(entry))
    else:
        if _acts(entry):
            yield from man_parts.usage(entry.path, "[OPTIONS]")
        for each in entry.commands:
            yield from _synopsis(each)


def _acts(entry: Entry) -> bool:
    """
    Say whether a group does something without a command.
    """
    return bool(man_parts.own_options(entry))


def _options(entry: Entry, *, heading: Sequence[str]) -> list[str]:
    """
    Return a command's options and what its help ends with, below a heading if there is any of them.
    """
    own = man_parts.shared_by_methods(entry) if entry.is_tree else man_parts.own_options(entry)
    listed = man_parts.options(own)
    if listed and entry.epilog and "\n" not in entry.epilog[0]:
        listed.append(".Pp")
    listed += mdoc.paragraphs(entry.epilog)
    return [*heading, *listed] if listed else []


def _below(entry: Entry) -> Iterator[str]:
    """
    Yield all about a command of a group.
    """
    yield mdoc.macro("Ss", *entry.path[1:])
    yield from mdoc.paragraphs(entry.paragraphs)
    yield from _options(entry, heading=(".Pp",) if man_parts.own_options(entry) else ())
    if entry.examples:
        yield from man_parts.examples(entry)


def _elsewhere(entry: Entry, same: Entry) -> Iterator[str]:
    """
    Yield where a command is told of that has two names.
    """
    yield mdoc.macro("Ss", *entry.path[1:])
    yield from mdoc.prose(f"{entry.summary}: see")
    yield f"{man_parts.reference(f'tc-{same.name}')} ."


def _same(entry: Entry, surface: Entry) -> Entry | None:
    """
    Return the command that is the same: ``tc download-artifact`` for ``tc download artifact``.
    """
    name = "-".join(entry.path)
    return next((each for each in surface.commands if each.name == name), None)
