"""
What a start costs beyond ``import click``, counted where no noise can hide it: modules, files, lines, collections.

CPU time is measured by ``tests/benchmarks/startup.py``. A hundredth of a start is about a thousand lines of Python, of
which the import of a small module takes 300.
"""

from __future__ import annotations

import ast
import compileall
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

import tccli
from tccli.cli.app import root
from tccli.cli.context import Context

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MEASURE = """
import ast, os, sys
import click

class Measured:
    def __init__(self):
        self.lines, self.files, self.collections = 0, [], 0

    def count(self, frame, event, arg):
        if event == "line":
            self.lines += 1
        return self.count

    def audit(self, event, args):
        if event in {"open", "os.listdir", "os.scandir"}:
            self.files.append(str(args[0]))

def start(words, measured):
    import gc
    gc.callbacks.append(lambda phase, info: measured.__dict__.update(collections=measured.collections + 1))
    sys.argv = ["tc", *words]
    sys.addaudithook(measured.audit)
    sys.settrace(measured.count)
    try:
        from tccli.__main__ import run
        run()
    except SystemExit:
        pass
    sys.settrace(None)

def fork(words):
    reader, writer = os.pipe()
    process = os.fork()
    if process:
        os.close(writer)
        with open(reader) as file:
            answer = file.read()
        os.waitpid(process, 0)
        return answer
    for descriptor in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
    before, measured = set(sys.modules), Measured()
    start(words, measured)
    modules = sorted(set(sys.modules) - before)
    os.write(writer, repr([measured.lines, measured.files, modules, measured.collections]).encode())
    os._exit(0)

for words in ast.literal_eval(sys.stdin.read()):
    print(fork(words))
"""
"""Each command runs in a process that has imported click and nothing else."""


class Start(NamedTuple):
    """
    What a start took beyond ``import click``.

    Attributes:
        lines: Lines of Python that were executed.
        files: Files that were opened, and directories that were read.
        modules: Modules that were imported.
        collections: Runs of the garbage collector, each of which has two.
    """

    lines: int
    files: list[str]
    modules: list[str]
    collections: int


def measure(environment: dict[str, str], commands: Sequence[Sequence[str]]) -> list[Start]:
    """
    Return what the starts of some commands take.
    """
    # Python would compile, and count, what was changed.
    compileall.compile_dir(Path(tccli.__file__).parent, quiet=2)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        input=repr(commands),
        env=environment,
        capture_output=True,
        check=True,
        text=True,
    )
    return [Start(*ast.literal_eval(line)) for line in done.stdout.splitlines()]


START = frozenset(
    {
        *("gc", "tccli", "tccli.__main__", "tccli.errors", "tccli.interrupts", "tccli.names"),
        *("tccli.cli", "tccli.cli.app", "tccli.cli.command", "tccli.cli.context", "tccli.cli.directories"),
        "tccli.cli.options",
    }
)
HELP = START | {"tccli.cli.help", "tccli.cli.help.formatter", "tccli.cli.summaries", "tccli.cli.types"}
REFERENCES = START | {
    *("tccli.cli.library", "tccli.core", "tccli.core.cache", "tccli.core.cache.paths"),
    *("tccli.references", "tccli.references.heads", "tccli.references.library", "tccli.references.model"),
}
METHODS = (HELP - {"tccli.cli.summaries"}) | {
    *REFERENCES,
    *("json", "json.decoder", "json.encoder", "json.scanner"),
    *("tccli.cli.methods", "tccli.cli.help.methods", "tccli.references.method_docs"),
}
RESULT = START | {
    *("tccli.commands", "tccli.core", "tccli.core.printable"),
    *("tccli.output", "tccli.output.formats", "tccli.output.formats.json"),
    *("tccli.output.result", "tccli.output.text", "tccli.output.writer"),
}
ERROR = START | {"tccli.core", "tccli.core.http", "tccli.core.http.redact", "tccli.core.printable"}
CASES: dict[str, tuple[int, frozenset[str]]] = {
    "--version": (14_100, START | {"tccli.cli.types"}),
    "--help": (23_200, HELP | REFERENCES),
    "task --help": (12_900, HELP | {"tccli.commands", "tccli.commands.task"}),
    "queue --help": (33_200, METHODS | {"tccli.references.headings"}),
    "queue createTask --help": (
        48_100,
        METHODS
        | {
            *("tccli.core.schemas", "tccli.core.schemas.bundle", "tccli.core.schemas.descriptions"),
            *("tccli.core.schemas.fields", "tccli.references.json_schema"),
        },
    ),
    "from-now 1 hour": (22_700, RESULT | {"datetime", "tccli.commands.from_now", "tccli.core.times"}),
    "slugid": (
        21_500,
        RESULT | {"base64", "binascii", "slugid", "slugid.slugid", "struct", "tccli.commands.slugid", "uuid"},
    ),
    "nonsense": (21_500, ERROR | REFERENCES | {"difflib", "heapq", "tccli.cli.pointers"}),
    "task status": (
        21_450,
        ERROR
        | {
            *("tccli.cli.tasks", "tccli.cli.tasks.options", "tccli.cli.types"),
            *("tccli.commands", "tccli.commands.task", "tccli.commands.task.status"),
        },
    ),
}
"""Command → the most lines that its start may execute, and the modules that it may import."""
MAX_HELP_LINES = 50_300
MAX_HELP_FILES = 60
HELP_MODULES = ("copy", "gc", "json", "tccli")


def test_a_start_imports_only_what_it_needs(process_environment: dict[str, str]) -> None:
    """
    An import of Python's own takes up to a twentieth of a start. What it needs of it may be named differently in
    another version: only modules with public names are compared.
    """
    starts = measure(process_environment, [words.split() for words in CASES])

    assert {} == {
        words: unexpected
        for (words, (_, allowed)), start in zip(CASES.items(), starts, strict=True)
        if (unexpected := [name for name in start.modules if name not in allowed and not name.startswith("_")])
    }


def test_a_start_does_little(process_environment: dict[str, str]) -> None:
    """
    A limit is a hundredth of a start above what was measured: if a start needs more for a reason, raise it.
    """
    starts = measure(process_environment, [words.split() for words in CASES])

    assert {} == {
        words: f"{start.lines} lines, at most {limit}"
        for (words, (limit, _)), start in zip(CASES.items(), starts, strict=True)
        if start.lines > limit
    }
    # Modules are not garbage.
    assert [0] * len(starts) == [start.collections for start in starts]


def list_commands(group: click.Command, ctx: click.Context, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """
    Yield the words of all commands, without the second, third and fourth tree of methods.
    """
    yield path
    if isinstance(group, click.Group) and path not in {("api",), ("url",), ("signed-url",)}:
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            assert command is not None
            inner = command.context_class(command, info_name=name, parent=ctx, **command.context_settings)
            yield from list_commands(command, inner, (*path, name))


def test_any_help_does_little(process_environment: dict[str, str]) -> None:
    """
    The longest one has two hundred rows of fields.
    """
    ctx: Any = root.make_context("tc", [], obj=Context(argv=[], environ={}), resilient_parsing=True)
    commands = [[*path, "--help"] for path in [*list_commands(root, ctx), ("signed-url", "queue", "createTask")]]

    starts = measure(process_environment, commands)

    assert {} == {
        " ".join(words): f"{start.lines} lines, {len(start.files)} files, {unexpected}"
        for words, start in zip(commands, starts, strict=True)
        if (unexpected := sorted({name.split(".")[0] for name in start.modules} - {*HELP_MODULES, "_json"}))
        or start.lines > MAX_HELP_LINES
        or len(start.files) > MAX_HELP_FILES
    }
