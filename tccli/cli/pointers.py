"""
Words that people try as commands, and what does that instead.
"""

from __future__ import annotations

POINTERS = (
    ("wait poll", "to wait for tasks: tc task wait TASK; for a group: tc group wait GROUP"),
    ("watch follow", "to watch a group: tc group watch GROUP; for a log: tc task log TASK"),
    ("configure profiles", "tc profile --help lists what reads and changes profiles"),
    ("why explain", "to see why a task is pending, or why it failed: tc task why TASK"),
    (
        "failures failed failing failure errors flaky",
        "to see why tasks of a group failed, and rerun those that failed alike: tc group failures GROUP",
    ),
    ("log logs tail", "to print or follow a log: tc task log TASK; those of a group: tc group logs GROUP"),
    ("ps", "to list the tasks of a group: tc group list GROUP; those of a pool: tc task list POOL"),
    ("status tasks", "to print the state of a task: tc task status TASK; tc task --help lists more"),
    ("groups", "to list the tasks of a group: tc group list GROUP"),
    (
        "create submit run",
        "to create a task: tc queue createTask --help; for a command in an image: tc task run --help",
    ),
    (
        "rerun retry retrigger restart",
        "to run a task again: tc task rerun TASK; what failed in a group: tc group rerun GROUP --failed",
    ),
    ("cancel kill stop", "to cancel a task: tc task cancel TASK; all of a group: tc group cancel GROUP"),
    (
        "artifact artifacts",
        "to list artifacts: tc task artifacts TASK; to download one: tc download-artifact TASK NAME",
    ),
    ("trigger fire", "to fire a hook: tc hooks triggerHook GROUP HOOK"),
    ("pool pools", "tc worker-manager --help lists the methods of worker pools"),
    ("bulk many mass parallel xargs foreach", "to make many calls, from lines of stdin: tc batch --help"),
    ("upgrade", "tc update tells how to update the program; tc references update fetches the API of a deployment"),
    ("proxy", "tc help environment lists the variables for proxies"),
)


def find_pointer(word: str) -> str:
    """
    Return a hint for a word that is not a command, or an empty string.
    """
    return next((hint for words, hint in POINTERS if word.lower() in words.split()), "")
