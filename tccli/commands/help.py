"""
``tc help``: explain a topic, a command, a service or a method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tccli import names
from tccli.cli.command import Command
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
@click.option("--pager", is_flag=True, help="Show it in a pager (PAGER, else less).")
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...], *, pager: bool) -> None:
    """
    Explain a topic, or show what --help shows of a command, a service or a method.

    tc help topics lists the topics.
    """
    text = _text(ctx, words)
    if pager:
        click.echo_via_pager(text)
    else:
        click.echo(text, nl=False)


def _text(ctx: click.Context, words: Sequence[str]) -> str:
    """
    Return what there is to read: of a topic if the words name one, else of a command.
    """
    from tccli import topics

    known = topics.list_topic_names()
    # "in CI", "in-ci" and "inCI" are one; a word of its own goes before a command that is called so.
    found = names.find("-".join(" ".join(words).split()), [TOPICS, *known])
    if found == TOPICS:
        return _list(ctx)
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
    formatter.write("\ntc help TOPIC shows one.\n")
    return formatter.getvalue()


def _page(ctx: click.Context, topic: Topic) -> str:
    from tccli.cli.help.markdown import render
    from tccli.cli.help.wrap import wrapped

    title = f"{_capitalized(topic.title)}: {topic.summary}"
    return "".join(f"{line}\n" for line in wrapped(title, _width(ctx))) + "\n" + render(topic.text, _width(ctx))


def _help_of(ctx: click.Context, words: Sequence[str]) -> str:
    """
    Return what ``--help`` says after these words.

    Raises:
        UsageError: They name no command.
    """
    here = ctx.find_root()
    for word in words:
        if not isinstance(here.command, click.Group):
            raise UsageError(f"help: {_called(here)} has no commands", hint=f"tc help {_called(here)} shows it")
        name, inner, _ = _resolved(here, word)
        here = inner.make_context(name, [], parent=here, resilient_parsing=True)
    return here.get_help() + "\n"


def _called(ctx: click.Context) -> str:
    return ctx.command_path.partition(" ")[2]


def _resolved(here: click.Context, word: str) -> tuple[str, click.Command, list[str]]:
    """
    Return the command that a word names; where it might as well have meant a topic, they are named as well.
    """
    from tccli import topics

    assert isinstance(here.command, click.Group)
    if here.parent is None and here.command.get_command(here, word) is None:
        known = [*here.command.list_commands(here), *topics.list_topic_names()]
        hint = names.suggestion(word, known) or "tc help topics and tc --help list what there is"
        raise UsageError(f"help: no topic, command or service {word!r}", hint=hint)
    name, inner, rest = here.command.resolve_command(here, [word])
    assert name is not None
    assert inner is not None
    return name, inner, rest
