"""
The architecture: which package may import which, and what a start must not load.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tccli
from tccli import references
from tccli.core.cache import references as reference_cache
from tccli.references.importing import merge
from tccli.references.importing.validate import validate_documents
from tccli.sandbox.references import published

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT_URL = "https://tc.example.com"
PACKAGE = Path(tccli.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("*.py"))
PACKAGES = {".".join(path.parts[:-1]) for path in MODULES if path.stem == "__init__"}
HTTP = {"http.client", "httpx", "urllib.request", "requests", "aiohttp", "httpcore"}
HTTPX_IMPORT = Path("tccli/core/http/httpx_import.py")
HEAVY = {
    "aiohttp",
    "asyncio",
    "h11",
    "http.client",
    "httpcore",
    "httpx",
    "importlib.metadata",
    "importlib.resources",
    "jq",
    "jsone",
    "jsonschema",
    "mohawk",
    "pika",
    "pygments",
    "requests",
    "rich",
    "sqlite3",
    "ssl",
    "starlette",
    "tomlkit",
    "urllib.request",
    "uvicorn",
    "yaml",
}
RUN = "import sys; from tccli.cli.app import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr, sep='\\n')"

# Modules that parse the JSON of this package, or of a process of ours, with Python's own parser.
OWN_JSON = {"strict_json.py", "output/filter.py", "core/tasks/go_functions.py", "core/tasks/go_template.py"}
LEAVES = {"errors", "interrupts", "names", "reasons", "strict_json"}
# What each part may import of the others. A part may always import itself.
MAY_IMPORT = {
    "errors": set(),
    "interrupts": set(),
    "names": set(),
    "reasons": set(),
    "strict_json": set(),
    "topics": set(),
    "references": LEAVES,
    "core": {"references", *LEAVES},
    "output": {"core", *LEAVES},
    "cli": {"output", "core", "references", "topics", *LEAVES},
    "commands": {"cli", "output", "core", "references", "topics", *LEAVES},
    "docgen": {"cli", "core.schemas", "references", "topics", *LEAVES},
    "sandbox": {
        "core.child_process",
        "core.hawk",
        "core.http",
        "core.scopes",
        "core.schemas",
        "core.times",
        "core.yaml",
        "core.slugids",
        "references",
        *LEAVES,
    },
    "__main__": {"cli", "interrupts"},
    "__init__": set(),
}
# Modules outside of the sandbox that start threads. Many calls at a time are made by core/parallel.py only.
STARTS_THREADS = {
    "core/parallel.py": "the engine of commands that make many calls",
    "core/dispatch.py": "receives the results of worker processes, for the engine",
    "core/worker_processes.py": "the calls of a worker process, of the same engine",
    "core/transfer/segments.py": "the connections of one file, which depend on its rate",
    "core/transfer/digests.py": "hashes while bytes are received: hashlib does not need the interpreter's lock",
    "core/tasks/log_reader.py": "reads a log ahead of the one who prints it",
    "core/tasks/pauses.py": "ends the last request of a wait when its time is up",
    "core/http/deadline.py": "looks up a name: the system call has no time limit",
    "core/credential_sources.py": "asks a keyring, which has no time limit",
    "core/signin/callback.py": "serves the page to which a sign-in returns",
    "cli/tasks/task_log.py": "ends the reading of a log when the time of a wait is up",
    "cli/tasks/log_output.py": "gives tasks to the engine as they start, while the group is watched",
    "cli/pasted_lines.py": "reads a terminal, which has no time limit",
    "cli/side_thread.py": "shows progress, and watches the rate of a transfer",
    "commands/completions.py": "fetches references within the time that a shell may wait",
}
# Modules outside of the sandbox that fork.
FORKS = {
    "core/worker_processes.py": "worker processes of the engine, before there are threads",
    "output/filter.py": "jq, which cannot be interrupted",
}
# Single modules that may import more than their part.
EXCEPTIONS = {
    "tccli/commands/sandbox.py": {"sandbox"},
}


def part(module: Path) -> str:
    """
    Return the part of the package that a file belongs to: its first directory, or its own name.
    """
    return module.parts[1] if len(module.parts) > 2 else module.stem


def import_statements(module: Path, *, typing: bool) -> Iterator[tuple[str, str]]:
    """
    Yield (module, name) for all that a file imports, in functions too.

    Args:
        typing: Include what only type checkers import.
    """
    pending: list[ast.AST] = [ast.parse((PACKAGE.parent / module).read_text("utf-8"))]
    while pending:
        node = pending.pop()
        is_typing = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        if is_typing and not typing:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            yield from ((str(node.module), alias.name) for alias in node.names)
        pending += ast.iter_child_nodes(node)


def imports(module: Path, *, typing: bool = False) -> set[str]:
    """
    Return the modules that a file imports, by their full names.
    """
    return {
        f"{source}.{name}" if name and source in PACKAGES and f"{source}.{name}" in MODULE_NAMES else source
        for source, name in import_statements(module, typing=typing)
    }


def module_name(path: Path) -> str:
    """
    Return the dotted name of a file's module.
    """
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


MODULE_NAMES = {module_name(path): path for path in MODULES}


def inner(module: Path) -> set[str]:
    """
    Return what a file imports of this project, without the project's name.
    """
    return {name.removeprefix("tccli.") for name in imports(module) if name.startswith("tccli.")}


def test_imports_go_one_way() -> None:
    """
    Commands → cli → {output, core} → references → leaves; docgen → cli; only commands/sandbox uses sandbox.
    """
    wrong = []
    for module in MODULES:
        allowed = MAY_IMPORT[part(module)] | {part(module)} | EXCEPTIONS.get(str(module), set())
        for name in inner(module):
            steps = name.split(".")
            if not {".".join(steps[:length]) for length in range(1, len(steps) + 1)} & allowed:
                wrong.append(f"{module} imports {name}")

    assert not wrong


def test_there_is_no_cycle() -> None:
    """
    Neither between packages nor inside them; imports in functions and for type checkers count as well.
    """
    graph = {
        module_name(path): {name for name in imports(path, typing=True) if name in MODULE_NAMES} - {module_name(path)}
        for path in MODULES
    }

    assert not list(cycles(graph))


def cycles(graph: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """
    Yield each cycle of a graph that a depth-first search runs into.
    """
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> Iterator[str]:
        if name in path:
            yield " → ".join([*path[path.index(name) :], name])
        elif name not in done:
            for other in sorted(graph[name]):
                yield from visit(other, [*path, name])
            done.add(name)

    for name in sorted(graph):
        yield from visit(name, [])


def test_the_map_is_complete() -> None:
    """
    CONTRIBUTING.md names each package, in ``cli`` and ``core`` also those inside, and no file that does not exist.
    """
    text = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text("utf-8")
    named = {word for word in re.findall(r"`([a-z_.][\w./]*/[\w./]*)`", text) if not re.search("[A-Z]{4}", word)}
    packages = {str(path.parent.relative_to(PACKAGE)) for path in PACKAGE.rglob("*/__init__.py")}
    large = {name for name in packages if "/" not in name or re.fullmatch("(cli|core)/[a-z]+", name)}
    places = [PACKAGE.parent, PACKAGE, PACKAGE.parent / "tests", PACKAGE / "references", PACKAGE / "output"]

    assert set() == large - {name.rstrip("/") for name in named}
    assert [] == [name for name in sorted(named) if not any((place / name).exists() for place in places)]


def test_commands_do_not_import_each_other() -> None:
    """
    What two commands share belongs into ``cli``. Subcommands may be a package of their own.
    """
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if part(module) == "commands"
        for name in inner(module)
        if name.startswith("commands.") and name.split(".")[1] != module.parts[2].removesuffix(".py")
    ]

    assert not wrong


def test_the_core_is_a_library() -> None:
    """
    It imports neither click nor rich, does not print, and does not exit.
    """
    wrong = []
    for module in MODULES:
        if part(module) not in {"core", "references", *LEAVES}:
            continue
        tree = ast.parse((PACKAGE.parent / module).read_text("utf-8"))
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        found = {name.split(".")[0] for name in imports(module)} & {"click", "rich"}
        found |= calls & {"print", "input", "exit", "sys.exit"}
        wrong += [f"{module} uses {name}" for name in sorted(found)]

    assert not wrong


def test_one_module_talks_http() -> None:
    """
    Only one module of ``core.http`` imports httpx, without its command line tool.
    """
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if module != HTTPX_IMPORT
        for source, name in import_statements(module, typing=True)
        if {source, f"{source}.{name}"} & HTTP
    ]

    assert not wrong


def test_json_of_others_is_parsed_in_one_place() -> None:
    """
    Python's own parser has further exceptions: for nesting, and for numbers of many digits.
    """
    wrong = []
    for module in MODULES:
        path = module.relative_to(PACKAGE.name)
        if path.parts[0] in {"references", "sandbox"} or str(path) in OWN_JSON:
            continue
        wrong += [
            f"{module}:{node.lineno}"
            for node in ast.walk(ast.parse((PACKAGE.parent / module).read_text("utf-8")))
            if isinstance(node, ast.Attribute) and ast.unparse(node) in {"json.load", "json.loads"}
        ]

    assert not wrong


def test_one_engine_makes_many_calls() -> None:
    """
    Other modules start threads and processes for reasons of their own, and nothing uses pools of others.
    """
    making, starting, forking, pools = set(), set(), set(), []
    for module in MODULES:
        path = module.relative_to(PACKAGE.name)
        if path.parts[0] == "sandbox":
            continue
        tree = ast.parse((PACKAGE.parent / module).read_text("utf-8"))
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        last_names = {name.split(".")[-1] for name in calls}
        if last_names & {"Thread", "Timer"}:
            making.add(path.as_posix())
        if last_names & {"start_thread", "start_timer"}:
            starting.add(path.as_posix())
        if "os.fork" in calls:
            forking.add(path.as_posix())
        pools += [str(module) for name in imports(module) if name.startswith(("concurrent", "multiprocessing"))]

    assert making == {"core/threads.py"}
    assert set(STARTS_THREADS) == starting
    assert set(FORKS) == forking
    assert pools == []


def test_one_package_reads_yaml() -> None:
    """
    Only ``core.yaml`` imports PyYAML: everything else uses it.
    """
    found = [str(module) for module in MODULES if "yaml" in imports(module, typing=True)]

    assert {str(Path(module).parent) for module in found} == {"tccli/core/yaml"}


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["--help"], id="tc --help"),
        pytest.param(["queue", "--help"], id="tc queue --help"),
        pytest.param(["queue", "createTask", "--help"], id="tc queue createTask --help"),
        pytest.param(["from-now", "1", "hour"], id="tc from-now"),
        pytest.param(["slugid"], id="tc slugid"),
        pytest.param(["--version"], id="tc --version"),
        pytest.param(["nonsense"], id="an unknown command"),
    ],
)
def test_a_start_loads_nothing_heavy(process_environment: dict[str, str], argv: list[str]) -> None:
    """
    In a fresh process.
    """
    loaded = loaded_modules(argv, process_environment)

    assert "click" in loaded
    assert not sorted(loaded & HEAVY)


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["--help"], id="tc --help"),
        pytest.param(["queue", "--help"], id="tc queue --help"),
        pytest.param(["queue", "createTask", "--help"], id="tc queue createTask --help"),
    ],
)
def test_a_start_with_live_references_loads_nothing_heavy(process_environment: dict[str, str], argv: list[str]) -> None:
    """
    References are checked and converted when they are fetched, not when they are used.
    """
    texts = merge.convert_documents(validate_documents(published()), references.built_in())
    reference_cache.store(process_environment, ROOT_URL, texts, now=1_893_553_445)

    loaded = loaded_modules(argv, {**process_environment, "TASKCLUSTER_ROOT_URL": ROOT_URL})

    assert "tccli.core.cache.references" in loaded
    assert not sorted(loaded & HEAVY)
    assert not [name for name in loaded if name.startswith(("tccli.references.importing", "tccli.core.account"))]


def test_a_call_loads_no_more_than_it_needs(process_environment: dict[str, str]) -> None:
    """
    Nor anything that only other formats and other payloads need.
    """
    argv = ["--root-url", "http://127.0.0.1:1", "--retries", "0", "queue", "ping"]

    loaded = loaded_modules(argv, process_environment)

    assert "httpx" in loaded
    assert not sorted(loaded & {"rich", "pygments", "yaml", "jsonschema", "asyncio", "mohawk", "jq"})
    # What httpx and httpcore would load, and a call does not use.
    assert not sorted(loaded & {"httpx._main", "h2", "socksio", "anyio", "idna", "certifi", "importlib.resources"})


def test_a_valid_payload_needs_no_jsonschema(process_environment: dict[str, str]) -> None:
    """
    It gives the reasons why one is not valid.
    """
    roles = ["--root-url", "http://127.0.0.1:1", "auth", "createRole", "a", "--dry-run", "--data"]
    valid = loaded_modules([*roles, '{"description": "d", "scopes": ["a"]}'], process_environment)

    assert "tccli.core.schemas.compiled" in valid
    assert "jsonschema" not in valid


def loaded_modules(argv: list[str], environment: dict[str, str]) -> set[str]:
    """
    Return the modules that a command line loads in a fresh process.
    """
    done = subprocess.run([sys.executable, "-c", RUN, *argv], env=environment, capture_output=True, check=True)
    return set(done.stderr.decode().split("\n"))
