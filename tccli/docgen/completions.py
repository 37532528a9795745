"""
The completion scripts that a package installs, as files of a checkout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.cli.completion import scripts

if TYPE_CHECKING:
    from tccli.cli.command_tree import CommandNode

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


def list_files(tree: CommandNode) -> dict[str, str]:
    """
    Return path in a checkout → text of all scripts.
    """
    return {**{path: scripts.script(shell, tree) for path, shell in FILES.items()}, **OTHER_NAME}
