"""
Ranking by words: which of many described things answers a question best.

Pure. Words are compared by their stems (``tasks`` and ``task``, ``expires`` and ``expiry`` are one), names are taken
apart (``listPendingTasks`` is three words, and one as well), and what questions are padded with is left out.

Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", for the weights: a word counts
the more the rarer it is, the shorter the field, and the more the field says; its second occurrence counts less.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from tccli import names
from tccli.core.search.stemming import FILLERS, PHRASES, forms, is_plural, key, parts, stem, synonyms, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LISTING = "list"
"""What is asked for by a plural."""

LISTS = 0.15
SYNONYM = 0.4
PARTS = 0.5
PREFIX = 0.5
"""How much a match counts that is not the word itself: a listing, a synonym, the parts of a name, a beginning."""

SATURATION = 4.0
LENGTH_MATTERS = 0.6
"""The k1 and the b of BM25."""

LONGEST = 6.0
"""A field that is longer than so many average ones is not held to be longer: a page may list what it is about."""

NAMED = 2.0
SPELLED = 5.0
"""What is called so goes before what is about it, and what is spelled so before both."""

SHORTEST_PREFIX = 3
NEAR = 0.7
SURE = 0.8
"""How alike words are where one may be meant by the other, and where it surely is."""


class Entry(NamedTuple):
    """
    Something that can be found.

    Attributes:
        names: As people would type it, the shortest first: who writes just that means it.
        texts: By field.
        weight: Less than 1 for what should rather not be found.
    """

    names: Sequence[str]
    texts: Mapping[str, str]
    weight: float = 1.0


class Found(NamedTuple):
    """
    What a question led to.

    Attributes:
        places: Of the entries that were given, best first.
        unknown: The words of the question that no entry has.
    """

    places: list[int]
    unknown: list[str]


class Index:
    """
    Entries, prepared for questions.

    Args:
        entries: In the order in which equals are shown.
        weights: Field → how much a word in it counts.
    """

    def __init__(self, entries: Sequence[Entry], weights: Mapping[str, float]) -> None:
        self.entries = entries
        self._words: set[str] = set()
        self._postings: dict[str, dict[int, float]] = defaultdict(dict)
        counted = [{field: self._count(text) for field, text in entry.texts.items()} for entry in entries]
        totals = Counter(
            {field: sum(counts[field].total() for counts in counted if field in counts) for field in weights}
        )
        for place, counts in enumerate(counted):
            for field, count in counts.items():
                average = totals[field] / len(entries) or 1
                length = min(count.total() / average, LONGEST)
                share = weights[field] / (1 - LENGTH_MATTERS + LENGTH_MATTERS * length)
                for word, times in count.items():
                    there = self._postings[word]
                    there[place] = there.get(place, 0.0) + share * times

    def find(self, question: str) -> Found:
        """
        Return what answers *question*.
        """
        for phrase, word in PHRASES.items():
            question = re.sub(rf"\b{phrase}\b", word, question, flags=re.IGNORECASE)
        said = words(question)
        asked = {stem(word.lower()): word for word in said if word.lower() not in FILLERS}
        asked = asked or {stem(word.lower()): word for word in said}
        scores = {word: self._scores(word) for word in asked.values()}
        known = [found for found in scores.values() if found]
        totals: dict[int, float] = defaultdict(float)
        for found in known:
            for place, score in found.items():
                totals[place] += score
        for place in totals:
            # What fits all words goes before what fits one of them well.
            totals[place] *= math.sqrt(sum(place in found for found in known) / len(known))
        if any(is_plural(word) for word in asked.values()):
            for place, score in self._scores(LISTING).items():
                if place in totals:
                    totals[place] += LISTS * score
        for place, factor in self._named(said, list(asked.values())).items():
            totals[place] = totals[place] * factor + 1
        ranks = {place: score * self.entries[place].weight for place, score in totals.items()}
        best = sorted(ranks, key=lambda place: (-ranks[place], place))
        return Found(best, [word for word, found in scores.items() if not found])

    def correction(self, question: str, unknown: Iterable[str], *, alike: float = NEAR) -> str:
        """
        Return *question* with words that entries have for those that they have not, or nothing if none is near.
        """
        from difflib import get_close_matches

        known = sorted(self._words)
        near = {word: get_close_matches(word.lower(), known, n=1, cutoff=alike) for word in unknown}
        if not any(near.values()):
            return ""
        return " ".join(found[0] if (found := near.get(word)) else word for word in words(question))

    def _named(self, said: Sequence[str], asked: Sequence[str]) -> dict[int, float]:
        """
        Return the entries that the question names, and how much that counts.

        What should rather not be found is meant only where it is spelled, not where words happen to make up its name.
        """
        spelled = names.fold("".join(said))
        meant = {key(" ".join(words)) for words in (said, asked)}
        factors: dict[int, float] = {}
        for place, entry in enumerate(self.entries):
            shortest, *longer = (names.fold(name.replace(" ", "")) for name in entry.names)
            if spelled in longer:
                factors[place] = SPELLED / entry.weight
            elif spelled == shortest and (entry.weight >= 1 or len(said) == 1):
                factors[place] = SPELLED
            elif entry.weight >= 1 and not meant.isdisjoint(map(key, entry.names)):
                factors[place] = NAMED
        return factors

    def _count(self, text: str) -> Counter[str]:
        counts: Counter[str] = Counter()
        for word, times in Counter(words(text)).items():
            inside = forms(word)
            self._words.update(inside)
            for part in inside:
                counts[stem(part)] += times
        return counts

    def _scores(self, word: str) -> dict[int, float]:
        """
        Return how well each entry fits one word of a question; those that do not are left out.
        """
        scores: dict[int, float] = {}
        for share, stems in self._readings(word):
            joined: dict[int, float] = defaultdict(float)
            for each in stems:
                there = self._postings.get(each, {})
                rarity = math.log(1 + (len(self.entries) - len(there) + 0.5) / (len(there) + 0.5))
                for place, count in there.items():
                    joined[place] += share * rarity * count / (SATURATION + count)
            for place, score in joined.items():
                scores[place] = max(scores.get(place, 0.0), score)
        return scores

    def _readings(self, word: str) -> Iterator[tuple[float, Sequence[str]]]:
        """
        Yield what a word may mean, and how much that counts: itself, its parts, its synonyms; else what it begins.
        """
        inside = [stem(part) for part in parts(word)]
        whole = stem(word.lower())
        yield 1.0, [whole]
        if len(inside) > 1:
            yield PARTS if whole in self._postings else 1.0, inside
        for synonym in synonyms().get(whole, ()):
            yield SYNONYM, [synonym]
        if len(word) >= SHORTEST_PREFIX and not any(part in self._postings for part in (whole, *inside)):
            for known in {stem(each) for each in self._words if each.startswith(word.lower())}:
                yield PREFIX, [known]
