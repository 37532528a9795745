"""
What is written is what is read: text in manual pages comes out as it went in.
"""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tccli.docgen.man import mdoc

needs_mandoc = pytest.mark.skipif(shutil.which("mandoc") is None, reason="there is no mandoc")
HEAD = [".Dd November 23, 2026", ".Dt X 1", ".Os", ".Sh NAME", ".Nm x", ".Nd y", ".Sh DESCRIPTION"]
# What a keyboard has, and some of what it has not.
CHARACTERS = st.characters(min_codepoint=0x20, max_codepoint=0x7E) | st.sampled_from("äß…→“”é€")
WORDS = st.text(CHARACTERS.filter(lambda char: char != " "), min_size=1, max_size=90)
RUDE_WORDS = WORDS | st.sampled_from(
    [
        ".Sh",
        "'br",
        "\\fB",
        "\\&",
        "\\",
        ".",
        "..",
        "--all",
        "Fl",
        "Ar",
        "Op",
        "It",
        "|",
        "Ns",
        '"',
        "e.g.",
        "End.",
        "%A",
        "\\:",
    ]
)
TEXTS = st.lists(RUDE_WORDS, min_size=1, max_size=30).map(" ".join)


def rendered(lines: list[str]) -> str:
    """
    Return what a reader sees below the heading DESCRIPTION.
    """
    done = subprocess.run(
        ["mandoc", "-T", "utf8", "-O", "width=78"],
        input="\n".join([*HEAD, *lines]).encode() + b"\n",
        capture_output=True,
        check=False,
    )
    text = re.sub(".\b", "", done.stdout.decode())
    return text.partition("DESCRIPTION\n")[2].rpartition("\n\n")[0]


def squeezed(text: str) -> str:
    """
    Return a text without its blanks, of which formatters make what they like.
    """
    return re.sub(r"\s", "", text)


@needs_mandoc
@settings(max_examples=60)
@given(TEXTS)
@example('-h\' `x` ^a~ "b" \\e .Sh Fl')
@example("One. Two! three? (Four.) e.g. five")
def test_prose_is_read_as_it_was_written(text: str) -> None:
    """
    Whatever means something to mdoc, and wherever its lines break.
    """
    assert squeezed(text) == squeezed(rendered(mdoc.prose(text)))


@needs_mandoc
@settings(max_examples=60)
@given(
    st.lists(st.text(CHARACTERS, max_size=70).map(str.rstrip), min_size=1, max_size=8).filter(lambda x: x[0] and x[-1])
)
@example([".Sh NAME", "'x", "", "  a  b", "\\"])
def test_a_display_keeps_its_lines(lines: list[str]) -> None:
    """
    And all blanks in them: it is there to be copied.
    """
    shown = rendered(mdoc.literal_block("\n".join(lines)))

    assert lines == [line.removeprefix("     ").rstrip() for line in shown.split("\n")][-len(lines) :]


@needs_mandoc
@settings(max_examples=60)
@given(st.lists(RUDE_WORDS.filter(lambda word: len(word) < 40), min_size=1, max_size=5))
@example(["Fl", "Ar", "Ns", ".", "|", "%A", "Brq"])
def test_arguments_of_macros_are_text(words: list[str]) -> None:
    """
    A word that is called like a macro is none.
    """
    shown = rendered(mdoc.tagged_list([(" ".join(map(mdoc.escape_word, words)), ["What it is."])]))

    assert squeezed("".join(words) + "What it is.") == squeezed(shown)


@needs_mandoc
@settings(max_examples=60)
@given(TEXTS)
@example("One thing. Two things. " * 5)
def test_prose_is_written_as_style_wants_it(text: str) -> None:
    """
    A new line for each sentence, and none that is long.
    """
    source = "\n".join([*HEAD, *mdoc.prose(text)]) + "\n"
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "style"], input=source.encode(), capture_output=True, check=False
    )

    assert b"" == done.stdout


def test_long_words_are_broken_where_they_may_be() -> None:
    """
    After a slash or a colon; what comes out of that is no longer than there is room.
    """
    route = "/api/queue/v1/provisioners/<provisionerId>/worker-types"

    assert ["/api/queue/v1/provisioners/", "<provisionerId>/worker-types"] == mdoc._split_word(route, 29)
