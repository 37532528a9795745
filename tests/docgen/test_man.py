"""
Manual pages: there is one for everything, they are well made, and what is committed is what would be made.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tccli import references, topics
from tccli.cli.directories import command_names
from tccli.cli.help import markdown
from tccli.cli.help.methods import find_method_docs
from tccli.docgen.man import mdoc, parts
from tccli.docgen.man import pages as man
from tccli.docgen.man import topic as man_topic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.cli.command_tree import CommandNode

needs_mandoc = pytest.mark.skipif(shutil.which("mandoc") is None, reason="there is no mandoc")
NAMES = ["tc", *(f"tc-{name}" for name in [*command_names(), "api", *references.built_in().service_names()])]
EVERY_PAGE = pytest.mark.parametrize("name", NAMES)
EVERY_SERVICE = pytest.mark.parametrize("service", references.built_in().service_names())
COMMITTED = Path(__file__).parent.parent.parent / "man"
TERMINAL = 80


@pytest.fixture(scope="session")
def pages(tree: CommandNode) -> Mapping[str, str]:
    """
    The pages as they are made now.
    """
    return man.pages(tree)


@pytest.fixture(scope="session")
def folder(pages: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A folder in which ``man`` finds them.
    """
    root = tmp_path_factory.mktemp("share") / "man"
    (root / "man1").mkdir(parents=True)
    for name, text in pages.items():
        (root / "man1" / name).write_text(text, "utf-8")
    return root


def read(folder: Path, name: str) -> str:
    """
    Return what a person sees in a terminal of 80 columns.
    """
    argv = ["mandoc", "-T", "utf8", "-O", f"width={TERMINAL - 2}", str(folder / "man1" / f"{name}.1")]
    return re.sub(".\b", "", subprocess.run(argv, capture_output=True, check=True).stdout.decode())


def squeezed(text: str) -> str:
    """
    Return a text without its blanks, of which formatters make what they like.
    """
    return re.sub(r"\s", "", text)


def test_there_is_a_page_for_everything(pages: Mapping[str, str]) -> None:
    """
    For tc, every command and every service, and for nothing else.
    """
    assert {f"{name}.1" for name in NAMES} == set(pages)


@EVERY_PAGE
def test_the_committed_page_is_up_to_date(pages: Mapping[str, str], name: str) -> None:
    """
    After a change of commands or words: ``python -m tccli.docgen``.
    """
    assert pages[f"{name}.1"] == (COMMITTED / f"{name}.1").read_text("utf-8")


def test_nothing_else_is_committed() -> None:
    """
    No page outlives its command.
    """
    assert {f"{name}.1" for name in NAMES} == {path.name for path in COMMITTED.iterdir()}


@needs_mandoc
@EVERY_PAGE
def test_a_page_is_well_made(folder: Path, name: str) -> None:
    """
    Neither errors nor warnings, nor anything about its style.
    """
    done = subprocess.run(
        ["mandoc", "-T", "lint", str(folder / "man1" / f"{name}.1")],
        capture_output=True,
        check=False,
    )

    assert "" == done.stdout.decode()


@needs_mandoc
@EVERY_PAGE
def test_a_page_fits_a_terminal(folder: Path, name: str) -> None:
    """
    Of 80 columns: nothing is cut off, examples and patterns included.
    """
    assert not [line for line in read(folder, name).split("\n") if len(line) > TERMINAL]


@EVERY_PAGE
def test_a_page_refers_to_pages(pages: Mapping[str, str], name: str) -> None:
    """
    That are here.
    """
    found = re.findall(r"^(?:\.|\.It )Sy (\S+) Ns \(1\)", pages[f"{name}.1"], re.MULTILINE)

    assert found
    assert {each.replace("\\", "") for each in found} <= set(NAMES)


@EVERY_SERVICE
def test_every_method_stands_in_the_page_of_its_service(
    pages: Mapping[str, str], tree: CommandNode, service: str
) -> None:
    """
    Once, under a heading of its own.
    """
    entry = next(each for each in tree.commands if each.name == service)
    headings = re.findall(r"^\.Ss (\S+)$", pages[f"tc-{service}.1"], re.MULTILINE)

    assert sorted(each.name for each in entry.commands) == sorted(heading.replace("\\&", "") for heading in headings)


@needs_mandoc
@EVERY_SERVICE
def test_the_page_contains_the_text_of_each_method(folder: Path, tree: CommandNode, service: str) -> None:
    """
    All of its paragraphs, its route, and its arguments.
    """
    entry = next(each for each in tree.commands if each.name == service)
    shown = squeezed(read(folder, f"tc-{service}"))

    for each in entry.commands:
        assert each.method is not None
        docs = [f"{label} {text}" for label, text in find_method_docs(each.method).parts]
        said = [*each.paragraphs, *docs, f"/api/{service}/{each.method.version}{each.method.route}"]
        assert not [text for text in said if squeezed(text) not in shown]
        assert (
            squeezed(f"tc {service} {each.name} [options] {' '.join(arg.metavar for arg in each.arguments)}") in shown
        )


def test_every_topic_is_told_of(pages: Mapping[str, str]) -> None:
    """
    In tc(1), each under a heading of its own, with its examples.
    """
    page = pages["tc.1"]

    for name in topics.list_topic_names():
        topic = topics.load_topic(name)
        assert f"\n{mdoc.heading(man_topic.HEADINGS.get(name, topic.title))}\n" in page
        for code in markdown.extract_code(topic.text):
            assert "\n".join(parts.examples([code])) in page


def test_a_command_with_two_names_is_told_of_once(pages: Mapping[str, str]) -> None:
    """
    ``tc download artifact`` leads to ``tc download-artifact``.
    """
    assert ".Sy tc\\-download\\-artifact Ns (1)" in pages["tc-download.1"]
    assert "managed" in pages["tc-download-artifact.1"]
    assert "managed" not in pages["tc-download.1"]


def test_global_options_are_told_of_once(pages: Mapping[str, str]) -> None:
    """
    In tc(1).
    """
    assert ["tc.1"] == [name for name, text in pages.items() if ".It Fl \\-root\\-url" in text]
