"""
Words that people try as commands, and what does that instead.
"""

from __future__ import annotations

POINTERS = (
    (
        "wait watch follow poll",
        "tc help in-ci has a loop that waits for a task; tc events lists the messages about tasks",
    ),
    ("login logout signin signout", "tc help credentials tells where credentials come from"),
    ("config configure profile profiles", "tc help credentials describes the configuration file"),
    ("log logs tail", "to print a log: tc download-artifact TASK public/logs/live.log -"),
    ("status task tasks", "to print the state of a task: tc queue status TASK; tc queue --help lists all methods"),
    ("group groups", "to list the tasks of a group: tc queue listTaskGroup GROUP --paginate"),
    ("create submit run", "to create a task: tc queue createTask --help"),
    ("rerun retry retrigger restart", "to run a task again: tc queue rerunTask TASK"),
    ("cancel kill stop", "to cancel a task: tc queue cancelTask TASK"),
    (
        "artifact artifacts",
        "to list artifacts: tc queue listLatestArtifacts TASK; to download one: tc download-artifact TASK NAME",
    ),
    ("trigger fire", "to fire a hook: tc hooks triggerHook GROUP HOOK"),
    ("pool pools", "tc worker-manager --help lists the methods of worker pools"),
    ("upgrade update", "tc references update fetches the API of a deployment; pip updates the program"),
    ("proxy", "tc help environment lists the variables for proxies"),
)


def find_pointer(word: str) -> str:
    """
    Return a hint for a word that is not a command, or an empty string.
    """
    return next((hint for words, hint in POINTERS if word.lower() in words.split()), "")
