"""
The completion scripts, for all shells.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tccli import topics
from tccli.docgen.completion.tables import Word, tables

if TYPE_CHECKING:
    from tccli.docgen.command_tree import CommandNode

FILES = {
    "completions/tc.bash": "bash",
    "completions/_tc": "zsh",
    "completions/tc.fish": "fish",
    "completions/tc.ps1": "powershell",
}
"""Path in a checkout → shell."""

OTHER_NAME = {
    "completions/taskcluster-tc.bash": """\
# Completion of taskcluster-tc in bash: it is tc by another name.
. "${BASH_SOURCE[0]%/*}/tc"
""",
    "completions/taskcluster-tc.fish": """\
# Completion of taskcluster-tc in fish: it is tc by another name.
source (status dirname)/tc.fish
""",
}
"""What bash and fish load for ``taskcluster-tc``: they look completions up by the command's name."""


def script(shell: str, tree: CommandNode) -> str:
    """
    Return the script that completes *tree* in a shell.
    """
    known = [topics.load_topic(name) for name in topics.list_topic_names()]
    made = tables(tree, [Word(each.name, each.summary) for each in known])
    text = import_module(f"tccli.docgen.completion.{shell}").script(made)
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


def files(tree: CommandNode) -> dict[str, str]:
    """
    Return path in a checkout → text of all scripts.
    """
    return {**{path: script(shell, tree) for path, shell in FILES.items()}, **OTHER_NAME}
