"""
The completion scripts, for all shells.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tccli import topics
from tccli.cli.completion.tables import Word, tables

if TYPE_CHECKING:
    from tccli.cli.command_tree import CommandNode


def script(shell: str, tree: CommandNode) -> str:
    """
    Return the script that completes *tree* in a shell.
    """
    known = [topics.load_topic(name) for name in topics.list_topic_names()]
    made = tables(tree, [Word(each.name, each.summary) for each in known])
    text = import_module(f"tccli.cli.completion.{shell}").script(made)
    assert isinstance(text, str)
    return text


def add_name(shell: str, text: str, name: str) -> str:
    """
    Return a script that also completes tc by another name of it.
    """
    if shell == "fish":
        return f"{text}complete -c {name} -f -a '(__taskcluster_complete)'\n"
    if shell == "powershell":
        return text.replace("@('tc',", f"@('{name}', 'tc',")
    return text.replace("tc taskcluster-tc\n", f"tc taskcluster-tc {name}\n")
