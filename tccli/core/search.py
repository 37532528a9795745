"""
Ranked search: words against the names and texts of documents.

Pure. A word of a query matches a field if the field has it, in any form (``tasks`` and ``task``), or a synonym of it,
or a word that begins with it. Names are split (``listPendingTasks`` is three words, and also one).
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from tccli import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_STOP_WORDS = """
a about all am an and any anything are at be been by call calls can command commands could did do does done each
everything for from had has have how i if in into is it its me method methods my need of on one or our out please
should so some something taskcluster tc that the their them there these they this to use using via want was way we what
when where which who whom whose why will with would you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
PHRASES = {
    "how many": "count",
    "how long": "duration",
    "is running": "ongoing",
    "are running": "ongoing",
    "running tasks": "ongoing tasks",
    "running jobs": "ongoing tasks",
    "blocked": "stuck",
    "last lines": "tail",
    "why red": "failures",
    "who am i": "whoami",
    "log in": "login",
    "log into": "login",
    "sign in": "login",
    "why is": "explain",
    "signin": "login",
}
SYNONYMS = (
    "delete remove drop erase destroy revoke",
    "create add new make define submit",
    "get show see view read inspect describe print",
    "update change edit modify replace",
    "set put store write save",
    "cancel stop abort kill terminate",
    "rerun retry restart again repeat",
    "trigger fire start run launch",
    "download fetch",
    "worker machine instance host node agent",
    "scope permission right privilege access allowed",
    "log artifact",
    "mail email",
    "pending waiting backlog",
    "claim take hold",
    "status state",
    "disable lock block ban quarantine revoke",
    "pool fleet",
    "signed bewit",
    "time timestamp date",
    "audit history",
    "ping up alive reachable health",
    "count number length",
    "directory folder",
    "object file",
    "batch bulk mass",
)
SYNONYM_QUALITY = 0.4
PREFIX_QUALITY = 0.5
MIN_PREFIX_LENGTH = 3
EXACT_NAME_BOOST = 5.0
LIST_BONUS = 0.5
"""For a document about a list, if the query has a plural."""
MIN_SIMILARITY = 0.7
CONFIDENT_SIMILARITY = 0.8


class SearchDocument(NamedTuple):
    """
    Something that can be found.

    Attributes:
        names: As people type it, the shortest first.
        fields: Texts by field.
        weight: Less than 1 ranks it lower.
    """

    names: Sequence[str]
    fields: Mapping[str, str]
    weight: float = 1.0


class Index:
    """
    Documents, prepared for queries.

    Args:
        documents: In the order in which equal ones are ranked.
        weights: How much a match in a field counts.
    """

    def __init__(self, documents: Sequence[SearchDocument], weights: Mapping[str, float]) -> None:
        self._documents = documents
        self._vocabulary: set[str] = set()
        # Root of a word → document → the best weight of the fields that have it.
        self._postings: dict[str, dict[int, float]] = {}
        for place, document in enumerate(documents):
            for field, text in document.fields.items():
                found = {part for word in split_words(text) for part in (word.lower(), *split_name(word))}
                self._vocabulary |= found
                for word in found:
                    entry = self._postings.setdefault(find_root(word), {})
                    entry[place] = max(entry.get(place, 0.0), weights[field])

    def search(self, query: str) -> tuple[list[int], list[str]]:
        """
        Return the places of the matching documents, the best first, and the words of *query* that nothing matches.
        """
        words = self._query_words(query)
        scores = {word: self._score_word(word) for word in words}
        matched = [found for found in scores.values() if found]
        totals: dict[int, float] = {}
        for place in {place for found in matched for place in found}:
            having = [found[place] for found in matched if place in found]
            # A document that matches all words ranks above one that matches one of them well.
            totals[place] = sum(having) * math.sqrt(len(having) / len(matched))
            totals[place] *= self._name_boost(place, query, words)
        if any(_is_plural(word) for word in words):
            for place in self._postings.get("list", {}).keys() & totals.keys():
                totals[place] += LIST_BONUS
        ranks = {place: score * self._documents[place].weight for place, score in totals.items()}
        return sorted(ranks, key=lambda place: (-ranks[place], place)), [word for word in words if not scores[word]]

    def correct(self, query: str, unknown: Iterable[str], *, similarity: float = MIN_SIMILARITY) -> str:
        """
        Return *query* with similar known words instead of the unknown ones; empty if there are none.
        """
        from difflib import get_close_matches

        vocabulary = sorted(self._vocabulary)
        similar = {word: get_close_matches(word.lower(), vocabulary, n=1, cutoff=similarity) for word in unknown}
        if not any(similar.values()):
            return ""
        return " ".join(found[0] if (found := similar.get(word)) else word for word in split_words(query))

    @staticmethod
    def _query_words(query: str) -> list[str]:
        for phrase, replacement in PHRASES.items():
            query = re.sub(rf"\b{phrase}\b", replacement, query, flags=re.IGNORECASE)
        words = list(dict.fromkeys(split_words(query)))
        return [word for word in words if word.lower() not in STOP_WORDS] or words

    def _score_word(self, word: str) -> dict[int, float]:
        scores: dict[int, float] = {}
        for quality, roots in self._readings(word):
            joined: dict[int, float] = {}
            for root in roots:
                entry = self._postings.get(root, {})
                # A rare word is worth more than a common one.
                rarity = math.log(1 + len(self._documents) / (1 + len(entry)))
                for place, weight in entry.items():
                    joined[place] = joined.get(place, 0.0) + quality * rarity * weight
            for place, score in joined.items():
                scores[place] = max(scores.get(place, 0.0), score)
        return scores

    def _readings(self, word: str) -> Iterator[tuple[float, Iterable[str]]]:
        whole, parts = find_root(word.lower()), [find_root(part) for part in split_name(word)]
        yield 1.0, [whole]
        if len(parts) > 1 and whole not in self._postings:
            yield 1.0, parts
        for synonym in _synonyms().get(whole, ()):
            yield SYNONYM_QUALITY, [synonym]
        if len(word) >= MIN_PREFIX_LENGTH and not any(root in self._postings for root in (whole, *parts)):
            for root in self._postings:
                if root.startswith(whole):
                    yield PREFIX_QUALITY, [root]

    def _name_boost(self, place: int, query: str, words: Sequence[str]) -> float:
        document = self._documents[place]
        shortest, *longer = (names.fold(name.replace(" ", "")) for name in document.names)
        spelled = names.fold(re.sub(r"[^A-Za-z0-9_]", "", query))
        if spelled in longer:
            return EXACT_NAME_BOOST / document.weight
        # A deprecated method is meant if it is spelled as one word, not if its name is a phrase of the query.
        is_meant = spelled == shortest and (document.weight >= 1 or len(words) == 1)
        return EXACT_NAME_BOOST if is_meant else 1.0


def split_words(text: str) -> list[str]:
    """
    Return the words of a text, in their spelling there.
    """
    return re.findall("[A-Za-z0-9_]+", text)


@cache
def split_name(word: str) -> tuple[str, ...]:
    """
    Return the parts of a name in lower case: ``listRoles2`` is list, roles, 2.
    """
    return tuple(part.lower() for part in re.findall("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", word))


@cache
def find_root(word: str) -> str:
    """
    Return what the forms of a word have in common: ``expires`` and ``expiry``, ``retries`` and ``retry``.
    """
    if len(word) > 4 and word.endswith(("ies", "ied")):
        word = word[:-3] + "y"
    elif _is_plural(word):
        word = word[:-1]
    for ending in ("ation", "ency", "ent", "ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= (3 if len(ending) < 4 and ending != "ent" else 4):
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] in "ey" else word


def _is_plural(word: str) -> bool:
    return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))


@cache
def _synonyms() -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in SYNONYMS:
        group = {find_root(word) for word in line.split()}
        for root in group:
            found[root] = found.get(root, set()) | (group - {root})
    return found
