"""
What a journal has about each call, in little memory.
"""

from __future__ import annotations

from array import array
from hashlib import blake2b
from typing import NamedTuple

from tccli.core.journal.lines import State

MIN_TABLE_SLOTS = 1 << 10


class Entry(NamedTuple):
    """
    What a journal has about a call.

    Attributes:
        digest: Of the call.
        state: Of earlier runs, or None if they did not have the call.
        is_of_this_run: Whether `Journal.claim` returned it before in this run.
    """

    digest: int
    state: State | None
    is_of_this_run: bool


class EntryTable:
    """
    Entries by the names of calls: a hash table of 64-bit numbers in two arrays. A dict needs five times the memory.
    """

    def __init__(self) -> None:
        self._keys, self._values = _make_slots(MIN_TABLE_SLOTS), _make_slots(MIN_TABLE_SLOTS)
        self._count = 0

    def get(self, name: str) -> Entry | None:
        """
        Return the entry of a call, or None if there is none.
        """
        place = self._find(_hash(name))
        return _unpack(self._values[place]) if self._keys[place] else None

    def set(self, name: str, entry: Entry) -> None:
        """
        Store the entry of a call in place of an earlier one.
        """
        key = _hash(name)
        place = self._find(key)
        if not self._keys[place]:
            if self._count * 3 >= len(self._keys) * 2:
                self._grow()
                place = self._find(key)
            self._count += 1
            self._keys[place] = key
        self._values[place] = _pack(entry)

    def _find(self, key: int) -> int:
        mask = len(self._keys) - 1
        place = key & mask
        while self._keys[place] not in {0, key}:
            place = (place + 1) & mask
        return place

    def _grow(self) -> None:
        keys, values = self._keys, self._values
        self._keys, self._values = _make_slots(2 * len(keys)), _make_slots(2 * len(keys))
        for key, value in zip(keys, values, strict=True):
            if key:
                place = self._find(key)
                self._keys[place], self._values[place] = key, value


def _make_slots(count: int) -> array[int]:
    return array("Q", bytes(8 * count))


def _hash(name: str) -> int:
    # Not 0, which is an empty slot.
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()) or 1


def _pack(entry: Entry) -> int:
    return entry.digest << 8 | int(entry.is_of_this_run) << 7 | (entry.state or 0)


def _unpack(packed: int) -> Entry:
    state = packed & 0x7F
    return Entry(packed >> 8, State(state) if state else None, bool(packed & 0x80))
