"""
The house keeps its shape: who imports whom, and what a start does not load.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tccli
from tccli import references
from tccli.core import kept_references
from tccli.references import live
from tccli.references.published import checked
from tccli.sandbox.documents import published

ROOT_URL = "https://tc.example.com"
PACKAGE = Path(tccli.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("*.py"))
EVERY_MODULE = pytest.mark.parametrize("module", MODULES, ids=map(str, MODULES))
HTTP = {"http.client", "httpx", "urllib.request", "requests", "aiohttp", "httpcore"}
HEAVY = {
    "aiohttp",
    "asyncio",
    "croniter",
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
    "urllib.request",
    "uvicorn",
    "yaml",
}

# For each part, what it may import of the others; a part may always import itself, and deeper parts are named first.
MAY_IMPORT = {
    "sandbox": {"sandbox", "core.hawk", "core.scopes", "core.schemas.check", "core.times", "references", "errors"},
    "core": {"references", "errors", "names"},
    "references": {"errors", "names"},
    "libraries": {"errors", "names", "core", "references"},
    "output": {"errors", "core.files"},
    "options": {"errors", "names", "core", "output", "references", "libraries", "param_types"},
    "help_format": {"wrapping"},
    "command": {"errors", "names", "options", "help_format"},
    "method_help": {"references", "core"},
    "param_types": {"errors", "names", "core"},
    "calls": {"errors", "core", "output", "inputs"},
    "api": {"errors", "names", "core", "options", "references", "command", "method_help", "help_format", "calls"},
    "lookup": {"errors", "names", "options", "references"},
    "inputs": {"errors", "core"},
    "planned_calls": {"errors", "names", "core", "references", "lookup", "inputs"},
    "verdicts": {"errors", "options", "output", "core"},
    "documents": {
        "references",
        "core.schemas.fields",
        "markdown",
        "options",
        "param_types",
        "names",
        "api",
        "command",
        "method_help",
        "topics",
    },
    "progress": {"options", "core"},
    "downloads": {"errors", "core", "output", "options", "command", "references", "progress"},
    "uploads": {"errors", "core", "options", "param_types", "command", "progress"},
    "commands": {
        "errors",
        "names",
        "core",
        "output",
        "options",
        "command",
        "references",
        "lookup",
        "inputs",
        "libraries",
        "verdicts",
        "planned_calls",
        "method_help",
        "topics",
        "markdown",
        "wrapping",
        "api",
        "downloads",
        "uploads",
    },
    "app": {"errors", "names", "options", "api", "command"},
    "errors": set(),
    "names": set(),
    "topics": set(),
    "markdown": {"wrapping"},
    "wrapping": set(),
    "__main__": {"app"},
    "__init__": set(),
}


def part(module: Path) -> str:
    """
    Return which part of the house a file belongs to.
    """
    return module.parts[1] if len(module.parts) > 2 else module.stem


def imports(module: Path) -> set[str]:
    """
    Return what a file imports when it runs, anywhere in it; what is for type checkers only does not count.
    """
    tree = ast.parse((PACKAGE.parent / module).read_text("utf-8"))
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(names if node.module in PACKAGES else {str(node.module)})
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree)
    return found


PACKAGES = {".".join(path.parts[:-1]) for path in MODULES if path.stem == "__init__"}


def inner(module: Path) -> set[str]:
    """
    Return what a file imports of this project, without the project's name.
    """
    found = {name.removeprefix("tccli.") for name in imports(module) if name.startswith("tccli.")}
    return {name for name in found if name != "__version__"}


@EVERY_MODULE
def test_imports_go_one_way(module: Path) -> None:
    """
    From app → commands → api → {options, names} → {output, core} → references → errors.
    """
    allowed = MAY_IMPORT[part(module)] | {part(module)}
    if module == Path("tccli/commands/sandbox.py"):
        allowed |= {"sandbox"}
    if module == Path("tccli/commands/completions.py"):
        allowed |= {"documents"}
    if module == Path("tccli/documents/__main__.py"):
        allowed |= {"app"}
    for name in inner(module):
        steps = name.split(".")
        assert {".".join(steps[:length]) for length in range(1, len(steps) + 1)} & allowed, name


@EVERY_MODULE
def test_commands_do_not_import_each_other(module: Path) -> None:
    """
    What two of them share lies deeper.
    """
    if part(module) == "commands":
        assert not {name for name in inner(module) if name.startswith("commands.")}


@EVERY_MODULE
def test_the_core_is_a_library(module: Path) -> None:
    """
    No click, no rich, no printing, no exit.
    """
    if part(module) not in {"core", "references", "errors", "names"}:
        return
    calls = {
        ast.unparse(node.func)
        for node in ast.walk(ast.parse((PACKAGE.parent / module).read_text("utf-8")))
        if isinstance(node, ast.Call)
    }

    assert not {name.split(".")[0] for name in imports(module)} & {"click", "rich"}
    assert not calls & {"print", "input", "exit", "sys.exit"}


@EVERY_MODULE
def test_one_module_talks_http(module: Path) -> None:
    """
    ``core/transport.py``, and the parts that are its own; what reads proxies from the environment sends nothing.
    """
    if part(module) == "sandbox" or module == Path("tccli/core/transport.py"):
        return
    found = imports(module) & HTTP

    assert found <= ({"urllib.request"} if module == Path("tccli/core/proxies.py") else set())


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
    script = "import sys; from tccli.app import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", script, *argv], env=process_environment, capture_output=True, check=True
    )
    loaded = set(done.stderr.decode().split("\n"))

    assert "click" in loaded
    assert not loaded & HEAVY


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
    What checks and distils them has been at work when they were fetched.
    """
    texts = live.texts(checked(published()), references.built_in())
    kept_references.keep(process_environment, ROOT_URL, texts, now=1_893_553_445)
    script = "import sys; from tccli.app import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", script, *argv],
        env={**process_environment, "TASKCLUSTER_ROOT_URL": ROOT_URL},
        capture_output=True,
        check=True,
    )
    loaded = set(done.stderr.decode().split("\n"))

    assert "tccli.core.kept_references" in loaded
    assert not loaded & {*HEAVY, "tccli.references.distill", "tccli.references.published", "tccli.core.account"}


def test_a_call_without_tls_loads_no_tls_context(process_environment: dict[str, str]) -> None:
    """
    Nor any of what only other formats and other payloads need.
    """
    script = "import sys; from tccli.app import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", script, "--root-url", "http://127.0.0.1:1", "--retries", "0", "queue", "ping"],
        env=process_environment,
        capture_output=True,
        check=True,
    )
    loaded = set(done.stderr.decode().split("\n"))

    assert "http.client" in loaded
    assert not loaded & {"rich", "yaml", "jsonschema", "asyncio", "mohawk", "httpx", "jq"}
