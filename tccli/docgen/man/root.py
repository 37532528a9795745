"""
The manual page of tc itself: what holds for all services and commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli import topics
from tccli.cli.command_tree import OUTPUT
from tccli.docgen.man import mdoc, parts
from tccli.docgen.man import topic as man_topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.cli.command_tree import CommandNode

DESCRIPTION = """\
tc calls every method of every Taskcluster service from the command line. It also signs URLs, issues temporary
credentials, prints timestamps, uploads and downloads artifacts and objects, and runs a sandbox for experiments and
tests. It is made for shell one-liners and CI steps: the result on stdout, one line on stderr for an error, and an exit
status for each kind of error.

The arguments of a method are those of the API, in its order; its query parameters are options.
Names are accepted as the API spells them, in kebab-case, and in any case. A payload is read from stdin or given by an
option; it must parse and match the method's schema before anything is sent.

--help prints the help of a command, a service or a method. It needs no network.
"""
FILES = (
    ("~/.config/tc/profiles.toml", "Profiles: a table for each, with its root URL and credentials."),
    ("~/.config/taskcluster.yml", "The configuration of the Go client, used when nothing else is given."),
    (
        "~/.cache/tc",
        "Cached references, and values for completion of the last minute. It may be deleted at any time.",
    ),
    (".NAME.tc-partial", "An interrupted download, next to its target; the next run resumes it."),
)
DOCUMENTATION = "https://docs.taskcluster.net"
CONVENTIONAL = ("environment", "exit-codes")
"""Topics that stand where the sections of every manual page do; the others stand before them."""

EXAMPLES = (
    ("queue", "createTask"),
    ("queue", "status"),
    ("queue", "listTaskGroup"),
    ("secrets", "set"),
    ("signed-url",),
    ("download-artifact",),
    ("sandbox", "run"),
)


def page(tree: CommandNode) -> str:
    """
    Return the page of tc.
    """
    services = [each for each in tree.commands if each.service]
    commands = [each for each in tree.commands if not each.service]
    concepts = [topics.load_topic(name) for name in topics.list_topic_names() if name not in CONVENTIONAL]
    method = next(each for each in tree.walk() if each.method is not None)
    body = [
        ".Sh SYNOPSIS",
        *parts.usage((), "SERVICE METHOD [ARGUMENT]... [OPTIONS]"),
        *parts.usage((), "COMMAND [ARGUMENT]... [OPTIONS]"),
        ".Sh DESCRIPTION",
        *mdoc.paragraphs(" ".join(part.split()) for part in DESCRIPTION.split("\n\n")),
        ".Sh SERVICES",
        *_listed(services),
        ".Sh COMMANDS",
        *_listed(commands),
        ".Sh OPTIONS",
        ".Ss Output options",
        *mdoc.prose("Every command that prints data accepts them."),
        *parts.options(option for option in method.options if option.section == OUTPUT),
        ".Ss Global options",
        *mdoc.prose("Every command accepts them, before or after its name."),
        *parts.options(option for option in tree.options if option.section != OUTPUT),
        *(line for topic in concepts for line in man_topic.section(topic)),
        *_section("environment"),
        ".Sh FILES",
        *mdoc.tagged_list((("Pa " + mdoc.escape_word(path), mdoc.prose(said)) for path, said in FILES)),
        *_section("exit-codes"),
        ".Sh EXAMPLES",
        *_examples(tree),
        ".Sh SEE ALSO",
        f".Lk {DOCUMENTATION} Taskcluster",
    ]
    return parts.page("tc", "Taskcluster in the shell", body)


def _section(name: str) -> list[str]:
    """
    Return the section of a topic that stands where every manual page has it.
    """
    return man_topic.section(topics.load_topic(name)) if name in topics.list_topic_names() else []


def _listed(entries: Sequence[CommandNode]) -> list[str]:
    """
    Return a list of pages and what they are about.
    """
    rows = ((parts.reference_words(f"tc-{each.name}"), mdoc.prose(f"{each.summary}.")) for each in entries)
    return mdoc.tagged_list(rows, width="24n")


def _examples(tree: CommandNode) -> list[str]:
    """
    Return examples out of those of services and commands, each with what it does above it.
    """
    by_path = {each.path: each for each in tree.walk()}
    lines: list[str] = []
    for entry in (by_path[path] for path in EXAMPLES if path in by_path):
        lines += [".Pp" if lines else "", *mdoc.prose(f"{entry.summary}:"), *parts.examples(entry.examples[:1])]
    return lines[1:]
