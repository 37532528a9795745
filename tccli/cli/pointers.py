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
        "failures failed failing failure fail errors error flaky broken red",
        "to see why tasks of a group failed, and rerun those that failed alike: tc group failures GROUP",
    ),
    (
        "log logs tail attach output grep",
        "to print or follow a log: tc task log TASK; those of a group: tc group logs GROUP",
    ),
    (
        "ps ls list top jobs builds pushes push build running",
        "to list the tasks of a group: tc group list GROUP; those of a pool: tc task list POOL",
    ),
    (
        "show get describe view inspect info browse",
        "to look at a task: tc task status TASK; a group: tc group status GROUP; the page of either: tc open ID",
    ),
    ("status state tasks", "to print the state of a task: tc task status TASK; tc task --help lists more"),
    ("groups taskgroup taskgroups task-group task-groups", "to list the tasks of a group: tc group list GROUP"),
    (
        "create submit run",
        "to create a task: tc queue createTask --help; for a command in an image: tc task run --help",
    ),
    (
        "rerun retry restart again",
        "to run a task again: tc task rerun TASK; what failed in a group: tc group rerun GROUP --failed",
    ),
    ("retrigger copy clone", "to create a copy of a task: tc task retrigger TASK; to run it again: tc task rerun TASK"),
    (
        "prioritize prioritise priority",
        "to change priorities: tc task prioritize TASK LEVEL; of a group: tc group prioritize GROUP LEVEL",
    ),
    ("seal", "to seal a group: tc group seal GROUP"),
    ("complete resolve", "to resolve a task as completed: tc task complete TASK"),
    ("cancel kill stop abort", "to cancel a task: tc task cancel TASK; all of a group: tc group cancel GROUP"),
    (
        "artifact artifacts fetch pull dl get-artifact",
        "to list artifacts: tc task artifacts TASK; to download one: tc download-artifact TASK NAME",
    ),
    (
        "share sign link",
        "to share an artifact: tc signed-url artifact TASK NAME; its plain URL: tc url artifact TASK NAME",
    ),
    ("trigger fire", "to fire a hook: tc hooks triggerHook GROUP HOOK"),
    ("pool pools", "tc worker-manager --help lists the methods of worker pools"),
    ("bulk many mass parallel xargs foreach each", "to make many calls, from lines of stdin: tc batch --help"),
    (
        "example examples tutorial quickstart howto",
        "examples are at the end of each help: tc SERVICE METHOD --help; tc find WORDS finds the command",
    ),
    ("upgrade", "tc update tells how to update the program; tc references update fetches the API of a deployment"),
    ("proxy", "tc help environment lists the variables for proxies"),
)
TASK_POINTERS = (
    (
        "show view describe inspect get info",
        "tc task status TASK prints the state of a task, tc task def TASK its definition; tc open TASK opens its page",
    ),
    ("download fetch", "tc download artifact TASK NAME downloads an artifact; tc task artifacts TASK lists them"),
    ("stop kill abort delete remove rm", "tc task cancel TASK cancels a task"),
    ("restart retry again", "tc task rerun TASK runs a task again; tc task retrigger TASK creates a copy of it"),
    ("explain failures failure errors debug", "tc task why TASK tells why a task is pending, or why it failed"),
    ("logs tail follow", "tc task log TASK prints or follows the log of a task"),
    ("watch poll", "tc task wait TASK waits for tasks; tc task log TASK follows a log"),
    ("ls ps pending running", "tc task list POOL lists the tasks of a queue; tc group list GROUP those of a group"),
    ("open browse web url link", "tc open TASK opens the page of a task; off a terminal it prints the address"),
    ("grep search", "tc task log TASK --grep REGEX prints the lines of a log that match"),
    ("id", "tc task status GROUP:LABEL --jq .taskId -r prints the id of a task, tc group list GROUP all of a group"),
    ("unblock reschedule start", "tc task why TASK tells why a task is pending, and what to do"),
    (
        "create submit new exec",
        "tc queue createTask --help creates a task; tc task run --help runs a command in an image",
    ),
    ("definition json yaml", "tc task def TASK prints the definition of a task"),
    ("seal", "tc group seal GROUP seals a group: no task can be added"),
    ("resolve finish", "tc task complete TASK resolves a task as completed"),
    ("runs deps dependencies", "tc task status -a TASK prints the state of each run; tc task def TASK the definition"),
    ("schedule", "tc queue scheduleTask TASK schedules a task whatever it depends on"),
)
GROUP_POINTERS = (
    ("why explain red failed failure errors debug", "tc group failures GROUP prints why the tasks of a group failed"),
    (
        "show view describe inspect get info summary count counts overview",
        "tc group status GROUP counts the tasks of a group by state; tc group list GROUP prints them",
    ),
    ("tasks ls ps pending running", "tc group list GROUP prints the tasks of a group"),
    ("restart retry retrigger again", "tc group rerun GROUP --failed runs those again that failed"),
    ("stop kill abort delete remove rm", "tc group cancel GROUP cancels the tasks of a group"),
    ("log tail", "tc group logs GROUP prints the logs of tasks of a group"),
    ("poll follow progress", "tc group watch GROUP follows a group; tc group wait GROUP waits for it"),
    ("open browse web url link", "tc open GROUP opens the page of a group; off a terminal it prints the address"),
    (
        "artifact files fetch dl",
        "tc group artifacts GROUP prints the names of artifacts; tc group download GROUP PATTERN downloads them",
    ),
    ("close finish lock freeze", "tc group seal GROUP seals a group: no task can be added"),
)
SUBCOMMAND_POINTERS = {"task": TASK_POINTERS, "group": GROUP_POINTERS}


def find_pointer(word: str, group: str = "") -> str:
    """
    Return a hint for a word that is not a command, or an empty string.

    Args:
        group: The group of commands in which it was looked for.
    """
    pointers = SUBCOMMAND_POINTERS.get(group, ()) if group else POINTERS
    found = next((hint for words, hint in pointers if word.lower() in words.split()), "")
    noun, _, verb = word.lower().partition("-")
    if not found and verb and not group and noun in SUBCOMMAND_POINTERS:
        return f"write two words: tc {noun} {verb}"
    return found
