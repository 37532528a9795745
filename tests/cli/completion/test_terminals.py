"""
Completion as people have it: a shell in a terminal, and the Tab key.
"""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tccli.cli.completion import scripts
from tccli.docgen import completions
from tests.cli.completion.terminal import Terminal
from tests.examples.example_deployment import CLIENT, TASK, populate_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tccli.cli.command_tree import CommandNode
    from tests.examples.example_deployment import ExampleDeployment

    Open = Callable[..., Terminal]

TAB = "\t"
PATIENT = {"TC_COMPLETION_TIMEOUT": "30s"}
"""A busy machine takes longer than people wait."""

HOSTILE = "public/$(touch hostile) `touch hostile`;&'\"x"


@pytest.fixture(scope="session")
def script_files(tree: CommandNode, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """
    The scripts as files, by shell.
    """
    folder = tmp_path_factory.mktemp("scripts")
    files = {}
    for shell in ("bash", "zsh", "fish"):
        files[shell] = folder / shell
        files[shell].write_text(scripts.script(shell, tree), "utf-8")
    return files


@pytest.fixture(scope="session")
def installed_files(tree: CommandNode) -> dict[str, str]:
    """
    The texts of all scripts that a package installs, by path.
    """
    return completions.list_files(tree)


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest) -> str:
    """
    The name of a shell that is installed.
    """
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return str(request.param)


@pytest.fixture
def opened(
    shell: str, script_files: Mapping[str, Path], tmp_path: Path, process_environment: Mapping[str, str]
) -> Iterator[Open]:
    """
    Opens a terminal with variables beside those that every process needs, and another command to load the script.
    """
    terminals: list[Terminal] = []

    def open_terminal(environment: Mapping[str, str], loading: str = f". '{script_files[shell]}'") -> Terminal:
        folder = tmp_path / f"terminal{len(terminals)}"
        folder.mkdir()
        terminal = Terminal(shell, loading, folder, {**process_environment, **environment})
        terminals.append(terminal.__enter__())
        return terminal

    yield open_terminal
    for terminal in terminals:
        terminal.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        pytest.param("tc que\t", ["queue"], id="a service"),
        pytest.param("taskcluster-tc que\t", ["queue"], id="the other name"),
        pytest.param("tc queue createt\t", ["queue", "createTask"], id="a method, in lower case"),
        pytest.param("tc down\t-art\t", ["download-artifact"], id="a command"),
        pytest.param("tc queue listTaskGroup --li\t5", ["queue", "listTaskGroup", "--limit", "5"], id="an option"),
        pytest.param("tc purgeCache allP\t", ["purgeCache", "allPurgeRequests"], id="after another spelling"),
        pytest.param(
            "tc --root-url http://x:80 que\t", ["--root-url", "http://x:80", "queue"], id="after a global option"
        ),
        pytest.param("tc --color nev\t", ["--color", "never"], id="a choice"),
        pytest.param("tc --format=y\t", ["--format=yaml"], id="a choice after an equals sign"),
        pytest.param(
            "tc queue ping --service-discovery k\t", ["queue", "ping", "--service-discovery", "k8s-dns"], id="far"
        ),
        pytest.param("tc url secr\tge\tx", ["url", "secrets", "get", "x"], id="below url"),
        pytest.param("tc signed-url art\tx --lat\t", ["signed-url", "artifact", "x", "--latest"], id="beside services"),
        pytest.param(
            "tc signed-url queue listTaskGroup --con\tx --exp\t1",
            ["signed-url", "queue", "listTaskGroup", "--continuation-token", "x", "--expires", "1"],
            id="options below signed-url",
        ),
        pytest.param("tc schema que\tcreateT\t", ["schema", "queue", "createTask"], id="words that name a method"),
        pytest.param("tc events bind queue taskD\t", ["events", "bind", "queue", "taskDefined"], id="an exchange"),
        pytest.param("tc help exi\t", ["help", "exit-codes"], id="a topic"),
        pytest.param("tc completions --he\t", ["completions", "--help"], id="a command's option"),
        pytest.param("tc completions pow\t", ["completions", "powershell"], id="one of a few arguments"),
    ],
)
def test_completes_words_of_the_script(opened: Open, keys: str, words: list[str]) -> None:
    """
    It is there without a start of tc.
    """
    terminal = opened({})

    assert words == terminal.run(keys)
    assert [] == terminal.asked()


@pytest.mark.parametrize("name", ["tc", "taskcluster-tc"])
def test_what_a_package_installs(
    opened: Open, installed_files: dict[str, str], shell: str, tmp_path: Path, name: str
) -> None:
    """
    The shell finds it by itself, for both names; bash needs its bash-completion for that, which loads by name.
    """
    folder = tmp_path / "installed"
    folder.mkdir()
    for path, text in installed_files.items():
        (folder / Path(path).name.removesuffix(".bash")).write_text(text, "utf-8")
    loading = {
        "bash": f". '{folder}/{name}'",
        "zsh": f"fpath=('{folder}' $fpath); compinit -u -D",
        "fish": f"set -p fish_complete_path '{folder}'",
    }
    terminal = opened({}, loading[shell])

    assert ["queue", "createTask"] == terminal.run(f"{name} que{TAB}createt{TAB}")


def test_several_are_listed(opened: Open, shell: str) -> None:
    """
    With what each is for, where the shell shows that.
    """
    terminal = opened({})
    terminal.type("tc queue create" + TAB + ("" if shell == "fish" else TAB))

    terminal.shows("createArtifact", "createTask", *(() if shell == "bash" else ("Create a task",)))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        pytest.param(
            "tc queue createTask x --data @a\t", ["queue", "createTask", "x", "--data", "@a b.json"], id="@file"
        ),
        pytest.param("tc whoami -o a\t", ["whoami", "-o", "a b.json"], id="file"),
        pytest.param("tc sandbox start --data fol\t", ["sandbox", "start", "--data", "folder"], id="folder"),
    ],
)
def test_files(opened: Open, keys: str, words: list[str]) -> None:
    """
    Those of the current folder, where a file is taken.
    """
    terminal = opened({})
    (terminal.folder / "a b.json").write_text("{}", "utf-8")
    (terminal.folder / "folder").mkdir()

    # A slash at the end says that there is more, and some shells take it away again.
    assert words == [word.removesuffix("/") for word in terminal.run(keys)]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        pytest.param("tc secrets get \t", ["secrets", "get", "project/example/token"], id="secret"),
        pytest.param("tc secrets get proj\t", ["secrets", "get", "project/example/token"], id="beginning of a secret"),
        pytest.param('tc secrets get "proj\t', ["secrets", "get", "project/example/token"], id="in quotes"),
        pytest.param("tc hooks hook \t\t", ["hooks", "hook", "project-example", "nightly"], id="hook group and hook"),
        pytest.param("tc auth client project/\t", ["auth", "client", CLIENT], id="client"),
        pytest.param("tc auth role project:\t", ["auth", "role", "project:example"], id="a colon in the name"),
        pytest.param(
            "tc worker-manager workerPool pr\t", ["worker-manager", "workerPool", "proj-example/linux"], id="pool"
        ),
        pytest.param("tc index findTask exa\tv\tn\t", ["index", "findTask", "example.v1.nightly"], id="index"),
        pytest.param(
            f"tc download-artifact {TASK} public/\t",
            ["download-artifact", TASK, "public/build/target.tar.gz"],
            id="artifact",
        ),
        pytest.param(
            "tc queue getArtifact $T 0 pub\t",
            ["queue", "getArtifact", TASK, "0", "public/build/target.tar.gz"],
            id="artifact of a run, the task in a variable",
        ),
        pytest.param(
            "tc scopes required secrets get pr\t",
            ["scopes", "required", "secrets", "get", "project/example/token"],
            id="argument of a method",
        ),
    ],
)
def test_completes_values_of_the_deployment(
    opened: Open, deployment: ExampleDeployment, keys: str, words: list[str]
) -> None:
    """
    It is asked for with the account of the environment.
    """
    populate_task(deployment)
    terminal = opened({**deployment.sandbox.environment, **PATIENT, "T": TASK})

    assert words == terminal.run(keys)
    assert terminal.asked()


def test_options_typed_before_count(opened: Open, deployment: ExampleDeployment) -> None:
    """
    The account that the line names is the one that is asked.
    """
    root = deployment.sandbox.root_url
    environment = {
        name: text for name, text in deployment.sandbox.environment.items() if name != "TASKCLUSTER_ROOT_URL"
    }
    terminal = opened({**environment, **PATIENT, "TASKCLUSTER_ROOT_URL": "http://127.0.0.1:1"})
    words = terminal.run(f"tc --root-url {root} secrets get --retries=0 proj{TAB}")

    assert ["--root-url", root, "secrets", "get", "--retries=0", "project/example/token"] == words
    assert [f"--root-url {root} --retries=0 completions --values secret -- proj"] == terminal.asked()


def test_profiles(opened: Open, bare_environment: Mapping[str, str]) -> None:
    """
    Their names are in a file.
    """
    path = Path(bare_environment["HOME"], ".config", "tc", "profiles.toml")
    path.parent.mkdir(parents=True)
    path.write_text('[staging]\nrootUrl = "https://x"\n', "utf-8")

    assert ["--profile", "staging", "whoami"] == opened(PATIENT).run(f"tc --profile st{TAB}who{TAB}")


def test_names_are_other_peoples_texts(opened: Open, deployment: ExampleDeployment) -> None:
    """
    Nothing of a name is run or expanded: it comes out as it is.
    """
    deployment.claim_task()
    deployment.transfer_env.artifact(TASK, HOSTILE, b"")
    terminal = opened({**deployment.sandbox.environment, **PATIENT})

    assert ["queue", "getLatestArtifact", TASK, HOSTILE] == terminal.run(f"tc queue getLatestArtifact {TASK} pub{TAB}")
    assert not list(terminal.folder.rglob("hostile"))


def test_completes_nothing_without_a_server(opened: Open) -> None:
    """
    The line stays as it was typed, nothing is written below it, and the shell goes on.
    """
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        terminal = opened({"TASKCLUSTER_ROOT_URL": f"http://127.0.0.1:{nobody.getsockname()[1]}"})
        words = terminal.run(f"tc secrets get pro{TAB}x")

    assert ["secrets", "get", "prox"] == words
    assert 1 == len(terminal.asked())
    assert "tc:" not in terminal.screen
