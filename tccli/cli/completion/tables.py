"""
The tree as the tables that completion scripts look things up in, the same for all shells.

Names of commands are folded in keys (``queue createtask``), so that a script knows them in any spelling. The services
and methods below ``tc url`` and its like are those of the root: a script drops the words that lead there, remembers
them as the *tree*, and goes on at :data:`SERVICES`. The commands that such a tree has beside the services are found by
their whole path.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tccli import names
from tccli.cli.command_tree import GLOBAL, OUTPUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tccli.cli.command_tree import CommandNode, Option

_Fact = TypeVar("_Fact")

SERVICES = "/"
"""The key of what holds all services and nothing else."""

GROUP = "+"
"""Stands instead of kinds where a command has to follow."""

LONGEST_SUMMARY = 70


class Word(NamedTuple):
    """
    Something to complete to, and what it is.
    """

    name: str
    summary: str


class Value(NamedTuple):
    """
    What an option takes: nothing, or a value of a kind, or one of a few.
    """

    is_taken: bool
    kind: str
    choices: tuple[str, ...]


@dataclass
class Tables:
    """
    What a script knows.

    Attributes:
        words: Path of a group → what may come next. :data:`SERVICES` is one of the paths.
        places: Path of a command → the kinds of its places, or :data:`GROUP`; a ``...`` at the end repeats the last.
        trees: Path of each tree, folded → its options beside the query options, or None where they are those of a call.
        options: Path → own options. Those of a method are those of a call.
        query: Path of a method → the options among them that are the method's own.
        without_output: Paths of the commands to which the options for output do not apply.
        output: The options for output.
        shared: The global options.
        values: Spelling of an option → its value; before a spelling stands ``path:`` or ``tree:`` where that differs.
        meanings: In the same way, spelling → what it is for.
        exchanges: Service, folded → its exchanges.
        topics: Of ``tc help``.
    """

    words: dict[str, list[Word]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    trees: dict[str, list[str] | None] = field(default_factory=dict)
    options: dict[str, list[str]] = field(default_factory=dict)
    query: dict[str, list[str]] = field(default_factory=dict)
    without_output: list[str] = field(default_factory=list)
    output: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)
    meanings: dict[str, str] = field(default_factory=dict)
    exchanges: dict[str, list[Word]] = field(default_factory=dict)
    topics: list[Word] = field(default_factory=list)


def tables(tree: CommandNode, topics: Sequence[Word] = ()) -> Tables:
    """
    Return the tables of a tree.
    """
    made = Tables(topics=list(topics))
    made.output = _spellings(option for option in _any_command(tree).options if option.section == OUTPUT)
    made.shared = _spellings(option for option in tree.options if option.section == GLOBAL)
    made.places[SERVICES] = GROUP
    made.words[SERVICES] = [Word(each.name, _short(each.summary)) for each in tree.commands if each.service]
    used: list[tuple[str, Option]] = []
    for entry in _outside_of_trees(tree):
        _add(made, entry)
        used += [(key(entry.path), option) for option in entry.options]
    for node in tree.walk():
        if node.is_tree:
            options = _tree_options(node)
            made.trees[key(node.path)] = None if options is None else _spellings(options)
            used += [(key(node.path), option) for option in options or ()]
    made.values = _with_exceptions((path, each, _value(option)) for path, option in used for each in _all(option))
    made.meanings = _with_exceptions(
        (path, each, _short(option.help)) for path, option in used for each in _all(option)
    )
    return made


def key(path: Iterable[str]) -> str:
    """
    Return the words that lead to a command as tables have them.
    """
    return " ".join(map(names.fold, path))


def by_value(table: Mapping[str, str]) -> dict[str, list[str]]:
    """
    Return value → keys: a script says a value once for all its keys.
    """
    found: dict[str, list[str]] = {}
    for name, value in table.items():
        found.setdefault(value, []).append(name)
    return found


def _any_command(tree: CommandNode) -> CommandNode:
    """
    Return a command to which the options for output apply as they are.
    """
    return next(each for each in tree.walk() if each.method is not None)


def _outside_of_trees(entry: CommandNode) -> Iterable[CommandNode]:
    yield entry
    for each in entry.commands:
        # Beside the services, a tree may have commands of its own.
        if not (entry.is_tree and each.service):
            yield from _outside_of_trees(each)


def _add(made: Tables, entry: CommandNode) -> None:
    path = key(entry.path)
    if entry.commands:
        own = [each for each in entry.commands if not (entry.is_tree and each.service)]
        if own:
            made.words[path] = [Word(each.name, _short(each.summary)) for each in own]
        made.places[path] = GROUP
    else:
        places = [place or "-" for argument in entry.arguments for place in argument.kinds]
        repeats = entry.arguments and entry.arguments[-1].is_repeatable
        made.places[path] = " ".join([*places, "..."] if repeats else places)
    made.options[path] = _spellings(entry.own_options())
    if entry.method is not None:
        made.query[path] = _spellings(_query_options(entry))
    if not any(option.section == OUTPUT for option in entry.options):
        made.without_output.append(path)
    if entry.exchanges:
        made.exchanges[key(entry.path)] = [Word(each.name, _short(each.summary)) for each in entry.exchanges]


def _query_options(entry: CommandNode) -> list[Option]:
    assert entry.method is not None
    query = {f"--{names.kebab(name)}" for name in entry.method.query}
    return [option for option in entry.own_options() if query & set(option.spellings)]


def _tree_options(tree: CommandNode) -> list[Option] | None:
    """
    Return the options that a tree's commands have beside the query options; None where they have those of a call.
    """
    found: dict[str, Option] = {}
    for entry in tree.walk():
        if entry.method is not None:
            query = _query_options(entry)
            found.update((each.spellings[-1], each) for each in entry.own_options() if each not in query)
    return None if "--dry-run" in found else list(found.values())


def _spellings(options: Iterable[Option]) -> list[str]:
    return [spelling for option in options for spelling in _all(option)]


def _all(option: Option) -> tuple[str, ...]:
    return (*option.spellings, *option.secondary)


def _value(option: Option) -> Value:
    return Value(option.takes_value, option.kind, option.choices)


def _short(text: str) -> str:
    """
    Return the beginning of a text, as much as has room beside a name.
    """
    first = re.split(r"\.\s|;\s|\.$", text, maxsplit=1)[0]
    return first if len(first) <= LONGEST_SUMMARY else first[: LONGEST_SUMMARY - 1].rsplit(" ", 1)[0] + "…"


def _with_exceptions(facts: Iterable[tuple[str, str, _Fact]]) -> dict[str, _Fact]:
    """
    Return what holds of most spellings everywhere, and before it, with the path, what differs.
    """
    known = list(facts)
    counts: dict[str, Counter[_Fact]] = {}
    for _, spelling, fact in known:
        counts.setdefault(spelling, Counter())[fact] += 1
    usual = {spelling: counter.most_common(1)[0][0] for spelling, counter in counts.items()}
    special = {f"{path}:{spelling}": fact for path, spelling, fact in known if usual[spelling] != fact}
    return {**special, **usual}
