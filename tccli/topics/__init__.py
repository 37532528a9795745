"""
The help topics (``tc help TOPIC``), one Markdown file each.

The first line of a file is its heading, ``# in CI: summary``. The part before the colon is the title; with hyphens it
is the name of the topic and of its file, ``in-ci.md``. :mod:`tccli.cli.help.markdown` renders the rest.
"""

from __future__ import annotations

import os
from typing import NamedTuple

TOPICS_DIRECTORY = os.path.dirname(__file__)

_SUFFIX = ".md"


# Words for what a topic is about. None is the name of a command or a service.
ALIASES = {
    "ci": "in-ci",
    "script": "in-ci",
    "scripts": "in-ci",
    "wait": "in-ci",
    "retry": "exit-codes",
    "retries": "exit-codes",
    "error": "exit-codes",
    "errors": "exit-codes",
    "proxy": "environment",
    "proxies": "environment",
    "env": "environment",
    "variables": "environment",
    "configuration": "environment",
    "login": "credentials",
    "profiles": "credentials",
    "token": "credentials",
    "401": "credentials",
    "403": "scopes",
    "permissions": "scopes",
    "roles": "scopes",
    "format": "formats",
    "output": "formats",
    "jq": "formats",
    "json": "formats",
    "yaml": "formats",
    "paging": "formats",
    "pagination": "formats",
    "time": "times",
    "timestamps": "times",
    "durations": "times",
    "clock": "times",
}


class Topic(NamedTuple):
    """
    A help topic.

    Attributes:
        name: One word, as on the command line: ``in-ci``.
        title: As in headings: ``in CI``.
        summary: One line.
        text: The Markdown below the heading.
    """

    name: str
    title: str
    summary: str
    text: str


def list_topic_names() -> list[str]:
    """
    Return the names of the topics in alphabetical order.
    """
    return sorted(name.removesuffix(_SUFFIX) for name in os.listdir(TOPICS_DIRECTORY) if name.endswith(_SUFFIX))


def load_topic(name: str) -> Topic:
    """
    Return the topic with exactly this name.
    """
    with open(os.path.join(TOPICS_DIRECTORY, name + _SUFFIX), encoding="utf-8") as file:
        heading, _, text = file.read().partition("\n")
    title, _, summary = heading.removeprefix("# ").partition(": ")
    return Topic(name, title, summary, text.strip("\n"))
