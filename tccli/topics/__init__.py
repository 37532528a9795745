"""
The pages of ``tc help TOPIC``: a file each, beside this one.

The first line of a file is its heading, ``# in CI: what it is about``; what comes before the colon is how the topic is
called, and the file has the same name with hyphens: ``in-ci.md``. The rest is Markdown of the small kind that
:mod:`tccli.markdown` knows.
"""

from __future__ import annotations

import os
from typing import NamedTuple

FOLDER = os.path.dirname(__file__)
SUFFIX = ".md"


class Topic(NamedTuple):
    """
    A page.

    Attributes:
        name: As one word: ``in-ci``.
        title: As it is said: ``in CI``.
        summary: What it is about, in a line.
        text: The page below its heading, as Markdown.
    """

    name: str
    title: str
    summary: str
    text: str


def topic_names() -> list[str]:
    """
    Return the names of the topics, sorted.
    """
    return sorted(name.removesuffix(SUFFIX) for name in os.listdir(FOLDER) if name.endswith(SUFFIX))


def topic(name: str) -> Topic:
    """
    Return a topic by its exact name.
    """
    with open(os.path.join(FOLDER, name + SUFFIX), encoding="utf-8") as file:
        heading, _, text = file.read().partition("\n")
    title, _, summary = heading.removeprefix("# ").partition(": ")
    return Topic(name, title, summary, text.strip("\n"))
