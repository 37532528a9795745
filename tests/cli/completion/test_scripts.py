"""
What stands in completion scripts, for shells that are not here, too.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tccli.cli.completion import fish, posix, powershell, scripts, tables
from tccli.cli.completion.tables import GROUP, SERVICES

if TYPE_CHECKING:
    from pathlib import Path

    from tccli.cli.command_tree import CommandNode

SHELLS = ("bash", "zsh", "fish", "powershell")
AWKWARD = 'it\'s \\ "x" $HOME `id` $(id) \u2019 ; | & #'


@pytest.mark.parametrize("shell", SHELLS)
def test_everything_that_can_be_called_is_in_a_script(tree: CommandNode, shell: str) -> None:
    """
    Names as they are written, paths as they are looked up, options, choices and topics.
    """
    script = scripts.script(shell, tree)
    words = set(re.findall(r"[\w@./-]+", script))
    names = {entry.name for entry in tree.walk() if entry.path}
    options = {spelling for entry in tree.walk() for option in entry.options for spelling in option.spellings}
    choices = {choice for entry in tree.walk() for option in entry.options for choice in option.choices}

    assert not (names | options | choices | {"exit-codes", "taskDefined"}) - words
    assert posix.quoted("queue createtask") in script


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_is_made_the_same_every_time(tree: CommandNode, shell: str) -> None:
    """
    It is committed, and compared.
    """
    assert scripts.script(shell, tree) == scripts.script(shell, tree)
    assert "@TABLES@" not in scripts.script(shell, tree)


def test_tables_lead_from_the_root_to_every_command(tree: CommandNode) -> None:
    """
    Through words that a script offers; below a tree, through the services, and the tree's own words.
    """
    made = tables.tables(tree)
    reached = {""}
    paths = [""]
    while paths:
        path = paths.pop()
        if made.places[path] == GROUP:
            words = made.words.get(path, []) if path in made.trees else made.words[path]
            below = [f"{path} {tables.key([word.name])}".strip() for word in words]
            reached.update(below)
            paths += below

    assert reached == set(made.places) - {SERVICES}
    assert {"url", "signedurl", "api"} == set(made.trees)
    assert set(made.words[SERVICES]) <= set(made.words[""])


def test_what_differs_somewhere_is_looked_up_there(tree: CommandNode) -> None:
    """
    ``--format`` is a choice, but of one method it is a query option.
    """
    values = tables.tables(tree).values

    assert "json" in values["--format"].choices
    assert () == values["auth awss3credentials:--format"].choices
    assert values["references distill:-o"].kind == "folder"


@pytest.mark.parametrize(
    ("shell", "argv", "quote"),
    [
        pytest.param("bash", ["bash", "-c"], posix.quoted, id="bash"),
        pytest.param("zsh", ["zsh", "-fc"], posix.quoted, id="zsh"),
        pytest.param("fish", ["fish", "--no-config", "-c"], fish.quoted, id="fish"),
    ],
)
def test_words_are_quoted(shell: str, argv: list[str], quote: object) -> None:
    """
    Summaries come from references, which may be anybody's.
    """
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert callable(quote)
    done = subprocess.run([*argv, f"printf %s {quote(AWKWARD)}"], stdout=subprocess.PIPE, check=True)

    assert AWKWARD == done.stdout.decode()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_parses(tree: CommandNode, tmp_path: Path, shell: str) -> None:
    """
    As the shell itself says.
    """
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(scripts.script(shell, tree), "utf-8")
    done = subprocess.run([shell, "-n", str(tmp_path / "script")], stderr=subprocess.PIPE, check=False)

    assert (0, b"") == (done.returncode, done.stderr)


def powershell_tokens(script: str) -> list[str]:
    """
    Return the tokens of a script: texts, comments, brackets, and what is between.

    PowerShell takes typographic quotes for straight ones; in a single-quoted text, two are one, and nothing else is
    special.
    """
    single, double = "['\u2018\u2019\u201a\u201b]", '"'
    text = rf"{single}(?:{single}{single}|[^'\u2018\u2019\u201a\u201b])*{single}"
    return re.findall(rf'{text}|{double}(?:`.|""|[^"`])*{double}|\#[^\n]*|[][(){{}}]|[^][(){{}}\'"#]+', script)


def test_the_powershell_script_is_well_formed(tree: CommandNode) -> None:
    """
    Every text ends, and every bracket is closed by its own kind.
    """
    script = scripts.script("powershell", tree)
    tokens = powershell_tokens(script)
    opened = []
    for token in tokens:
        if token in {"(", "[", "{"}:
            opened.append(token)
        elif token in {")", "]", "}"}:
            assert opened.pop() + token in {"()", "[]", "{}"}

    assert script == "".join(tokens)
    assert [] == opened


def test_powershell_texts_are_quoted() -> None:
    """
    Any quote that PowerShell knows is doubled; nothing else needs it.
    """
    quoted = powershell.quoted(AWKWARD)

    assert [quoted] == powershell_tokens(quoted)
    assert AWKWARD == re.sub("(['\u2018\u2019\u201a\u201b])\\1", r"\1", quoted[1:-1])


def test_powershell_functions_and_tables_are_those_that_are_there(tree: CommandNode) -> None:
    """
    What the script calls or reads is defined in it.
    """
    script = scripts.script("powershell", tree)
    defined = set(re.findall(r"^function global:(Get-\w+)", script, re.MULTILINE))
    tables_defined = set(re.findall(r"^\$global:(TaskclusterTc\w+) =", script, re.MULTILINE))

    assert defined == set(re.findall(r"Get-TaskclusterTc\w+", script))
    assert tables_defined == set(re.findall(r"\$(?:global:)?(TaskclusterTc\w+)", script))
