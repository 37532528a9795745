"""
``tc help``: print the help of a topic, a command, a service or a method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tccli import names
from tccli.cli.command import Command, print_help
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.topics import Topic

TOPICS = "topics"


@click.command(
    cls=Command,
    name="help",
    prints_data=False,
    examples=(
        "tc help topics",
        "tc help exit-codes",
        "tc help queue createTask",
    ),
)
@click.argument("words", nargs=-1, metavar="[TOPIC|COMMAND...]")
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...]) -> None:
    """
    Print a help topic, or the --help of a command, a service or a method.

    tc help topics lists the topics.
    """
    print_help(ctx, _text(ctx, words).removesuffix("\n"))


def _text(ctx: click.Context, words: Sequence[str]) -> str:
    from tccli import topics

    # "in CI", "in-ci" and "inCI" are the same topic. A topic takes precedence over a command of that name.
    if names.fold(" ".join(words)) in {"topic", TOPICS}:
        return _list(ctx)
    name = "-".join(" ".join(words).split())
    found = names.find(name, topics.list_topic_names()) or topics.ALIASES.get(names.fold(name))
    if found is not None:
        return _page(ctx, topics.load_topic(found))
    return _help_of(ctx, words)


def _width(ctx: click.Context) -> int:
    return ctx.make_formatter().width


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _list(ctx: click.Context) -> str:
    from tccli import topics

    formatter = ctx.make_formatter()
    with formatter.section("Topics"):
        found = [topics.load_topic(name) for name in topics.list_topic_names()]
        formatter.write_dl([(topic.title, _capitalized(topic.summary)) for topic in found])
    formatter.write("\nTo read one: tc help TOPIC\n")
    return formatter.getvalue()


def _page(ctx: click.Context, topic: Topic) -> str:
    from tccli.cli.help.formatter import wrap_text
    from tccli.cli.help.markdown import render

    title = f"{_capitalized(topic.title)}: {topic.summary}"
    return "".join(f"{line}\n" for line in wrap_text(title, _width(ctx))) + "\n" + render(topic.text, _width(ctx))


def _help_of(ctx: click.Context, words: Sequence[str]) -> str:
    here = ctx.find_root()
    for word in words:
        if not isinstance(here.command, click.Group):
            raise UsageError(f"help: {_called(here)} has no subcommands", hint=f"use: tc help {_called(here)}")
        name, inner, _ = _resolved(here, word)
        here = inner.make_context(name, [], parent=here, resilient_parsing=True)
    return here.get_help() + "\n"


def _called(ctx: click.Context) -> str:
    return ctx.command_path.partition(" ")[2]


def _resolved(here: click.Context, word: str) -> tuple[str, click.Command, list[str]]:
    from tccli import topics
    from tccli.cli.pointers import find_pointer

    assert isinstance(here.command, click.Group)
    if here.parent is None and here.command.get_command(here, word) is None:
        known = [*here.command.list_commands(here), *topics.list_topic_names()]
        hint = find_pointer(word) or names.suggestion(word, known) or "list them with: tc help topics, tc --help"
        raise UsageError(f"help: unknown topic, command or service {word!r}", hint=hint)
    name, inner, rest = here.command.resolve_command(here, [word])
    assert name is not None
    assert inner is not None
    return name, inner, rest
