"""
What words have in common: their stems, the parts of names, synonyms, and what questions are padded with.

Pure, and made for the words of this field: ``fire`` is ``trigger``, and ``machine`` is ``worker``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILLERS = """
a about all am an and any anything api are at be been by call calls can command commands could did do does
done each everything for from function had has have how i if in into is it its let me method methods my need
needs of on one or our out please should so some something taskcluster tc tell that the their them then there
these they this to use using via want wants was way we were what when where which who whom whose why will with
would you your
"""
FILLERS = frozenset(_FILLERS.split())
SYNONYMS = (
    "delete remove drop erase destroy",
    "create add new make define submit",
    "show get see view display read inspect describe print look",
    "update change edit modify replace",
    "set put store write save",
    "cancel stop abort kill terminate",
    "rerun retry restart again repeat",
    "trigger fire start run launch",
    "download fetch get redirect",
    "worker machine instance host node agent",
    "secret password",
    "scope permission right privilege access allowed",
    "log artifact",
    "mail email",
    "pending waiting backlog",
    "claim running take hold",
    "status state",
    "disable lock block ban quarantine",
    "schedule cron",
    "pool fleet",
    "signed bewit",
    "time timestamp date",
    "error failure problem",
    "audit history",
    "ping up alive reachable health",
    "count number length",
    "seal close",
    "token key",
    "version release",
    "schema format",
    "file object",
)
PHRASES = {"how many": "count", "who am i": "whoami"}


def words(text: str) -> list[str]:
    """
    Return the words of a text as they stand there.
    """
    return re.findall("[A-Za-z0-9_]+", text)


def parts(word: str) -> list[str]:
    """
    Take a name apart: ``listRoles2`` becomes list, roles, 2.
    """
    return [part.lower() for part in re.findall("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", word)]


@cache
def key(name: str) -> frozenset[str]:
    """
    Return what all ways to say a name have in common, whatever their order and with whatever synonyms.
    """
    stems = [stem(part) for word in words(name) for part in parts(word)]
    return frozenset(_first_synonyms().get(each, each) for each in stems)


def is_plural(word: str) -> bool:
    """
    Say whether a word looks like several of something.
    """
    return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))


@cache
def forms(word: str) -> tuple[str, ...]:
    """
    Return a word and, of a name, its parts.
    """
    inside = parts(word)
    return (word.lower(), *inside) if len(inside) > 1 else (word.lower(),)


@cache
def _first_synonyms() -> Mapping[str, str]:
    """
    Return stems, and of each what stands first among its synonyms.
    """
    found: dict[str, str] = {}
    for line in SYNONYMS:
        first, *others = line.split()
        for word in others:
            found.setdefault(stem(word), stem(first))
    return found


@cache
def synonyms() -> Mapping[str, set[str]]:
    """
    Return stems, and of each those that mean about the same.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for line in SYNONYMS:
        group = {stem(word) for word in line.split()}
        for word in group:
            found[word] |= group - {word}
    return found


@cache
def stem(word: str) -> str:
    """
    Return what the forms of a word have in common: of plurals, of verbs, of ``expires`` and ``expiry``.

    Args:
        word: Lower case.
    """
    if len(word) > 4 and word.endswith(("ies", "ied")):
        word = word[:-3] + "y"
    elif len(word) > 4 and word.endswith(("ses", "xes", "ches", "shes")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending, shortest in (("ation", 4), ("ency", 5), ("ent", 5), ("ing", 3), ("ed", 3)):
        if word.endswith(ending) and len(word) - len(ending) >= shortest:
            word = word[: -len(ending)]
            if word[-1] == word[-2] and word[-1] not in "sl":
                word = word[:-1]
            break
    if len(word) > 4 and word.endswith("ll"):
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] in "ey" else word
