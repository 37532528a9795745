"""
The manual page of a hand-written command, with the commands below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.docgen.man import mdoc, parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tccli.cli.command_tree import CommandNode, Option

TREE_WORDS = "SERVICE METHOD [ARGUMENT]... [OPTIONS]"
MANY = 4
SERVICES = "The services, their methods and their arguments are described in"


def page(entry: CommandNode, tree: CommandNode) -> str:
    """
    Return the page of a command.

    Args:
        tree: The root, in which what is the same under another name is found.
    """
    below = [each for each in entry.commands if not each.service] if entry.is_tree else entry.walk()
    leaves = [each for each in below if each.path != entry.path]
    also = {"tc"}
    body = [".Sh SYNOPSIS", *_synopsis(entry), ".Sh DESCRIPTION", *mdoc.paragraphs(entry.paragraphs)]
    if entry.is_tree:
        services = [f"tc-{each.name}" for each in tree.commands if each.service]
        body += [".Pp", *mdoc.prose(SERVICES), *parts.references(services, end=" .")]
    own = parts.shared_by_methods(entry) if entry.is_tree else parts.own_options(entry)
    options = _options(own, entry.epilog)
    body += [".Sh OPTIONS", *options] if options else []
    if leaves:
        body.append(".Sh COMMANDS")
    for place, each in enumerate(leaves):
        same = _same(each, tree)
        body += _below(each, leaves[:place]) if same is None else _elsewhere(each, same)
        also |= {f"tc-{same.name}"} if same is not None else set()
    if entry.examples and (_acts(entry) or entry.is_tree or not leaves):
        body += [".Sh EXAMPLES", *parts.examples(entry.examples)]
    body += [".Sh SEE ALSO", *parts.references(sorted(also))]
    return parts.page(f"tc-{entry.name}", entry.summary, body)


def _synopsis(entry: CommandNode) -> Iterator[str]:
    """
    Yield a usage line for a command and for each below it.
    """
    if entry.is_tree:
        for each in entry.commands:
            if not each.service:
                yield from _synopsis(each)
        yield from parts.usage(entry.path, TREE_WORDS)
    elif not entry.commands:
        yield from parts.usage(entry.path, parts.usage_words(entry))
    else:
        if _acts(entry):
            yield from parts.usage(entry.path, "[OPTIONS]")
        for each in entry.commands:
            yield from _synopsis(each)


def _acts(entry: CommandNode) -> bool:
    """
    Say whether a group does something without a command.
    """
    return bool(parts.own_options(entry))


def _options(options: Sequence[Option], epilog: Sequence[str]) -> list[str]:
    """
    Return options, and what the help of their command ends with.
    """
    listed = parts.options(options)
    if listed and epilog and "\n" not in epilog[0]:
        listed.append(".Pp")
    return listed + mdoc.paragraphs(epilog)


def _below(entry: CommandNode, before: Sequence[CommandNode]) -> Iterator[str]:
    """
    Yield all about a command of a group.

    Args:
        before: Those that have been told of: what one of them has, too, is not told again.
    """
    own = parts.own_options(entry)
    like = next((each for each in before if len(_shared(own, each)) >= MANY), None)
    shared = _shared(own, like) if like is not None else []
    yield mdoc.macro("Ss", *entry.path[1:])
    yield from mdoc.paragraphs(entry.paragraphs)
    if own:
        yield ".Pp"
    is_told = like is not None and like.epilog == entry.epilog
    yield from _options([option for option in own if option not in shared], () if is_told else entry.epilog)
    if like is not None:
        yield from [".Pp", *mdoc.prose(f"The other options are those of {' '.join(like.path[1:])}, above.")]
    yield from parts.examples(entry.examples)


def _shared(options: Sequence[Option], other: CommandNode) -> list[Option]:
    return [option for option in options if option in parts.own_options(other)]


def _elsewhere(entry: CommandNode, same: CommandNode) -> Iterator[str]:
    """
    Yield where a command is told of that has two names.
    """
    yield mdoc.macro("Ss", *entry.path[1:])
    yield from mdoc.prose(f"{entry.summary}: see")
    yield f"{parts.reference(f'tc-{same.name}')} ."


def _same(entry: CommandNode, tree: CommandNode) -> CommandNode | None:
    """
    Return the command that is the same: ``tc download-artifact`` for ``tc download artifact``.
    """
    name = "-".join(entry.path)
    return next((each for each in tree.commands if each.name == name), None)
