r"""
Generation of text that matches a regular expression.

Supports the part of JavaScript's syntax that JSON schemas use: characters, classes, groups, alternatives, repetitions
and anchors, but neither lookaround nor backreferences. Anchors in the middle, as in ``a^b``, are ignored, so the caller
checks the result.

Pure: randomness is an argument.
"""

from __future__ import annotations

import re
import string
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from random import Random

MAX_LENGTH = 10_000
"""Characters of the generated text."""

_EVERYTHING = "".join(map(chr, range(0x20, 0x7F)))
_SPACES = " \t"
_WORD = string.ascii_letters + string.digits + "_"
_CLASSES = {
    "d": string.digits,
    "w": _WORD,
    "s": _SPACES,
    "D": "".join(character for character in _EVERYTHING if not character.isdigit()),
    "W": "".join(character for character in _EVERYTHING if character not in _WORD),
    "S": _EVERYTHING.replace(" ", ""),
}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
_MANY = -1


class PatternError(ValueError):
    """
    A pattern is malformed or not supported.
    """


class _Characters(NamedTuple):
    choice: str


class _Repeated(NamedTuple):
    node: _Node
    least: int
    most: int


class _Sequence(NamedTuple):
    nodes: tuple[_Node, ...]


class _Either(NamedTuple):
    branches: tuple[_Node, ...]


_Node = _Characters | _Repeated | _Sequence | _Either


def generate_match(pattern: str, random: Random, *, least: int = 0) -> str:
    """
    Return a text that should match *pattern*, as short as possible but of at least *least* characters.

    Raises:
        PatternError: The pattern is not supported, or matches nothing of that length.
    """
    try:
        node = _Parser(pattern).parse()
        more = bisect_left(range(least), least, key=lambda more: len(_written(node, random, more)))
        text = _written(node, random, more)
    except RecursionError:
        raise PatternError(f"{pattern[:60]!r} is nested too deeply") from None
    if len(text) < least:
        raise PatternError(f"nothing of {least} characters matches {pattern!r}")
    return text


def _written(node: _Node, random: Random, more: int) -> str:
    return "".join(_Writer(random, more).pieces(node))


class _Writer:
    # Every repetition is written *more* times than it requires.

    def __init__(self, random: Random, more: int) -> None:
        self._random = random
        self._more = more
        self._left = MAX_LENGTH

    def pieces(self, node: _Node) -> list[str]:
        match node:
            case _Characters(choice):
                if not choice:
                    raise PatternError("a class without characters")
                return [self._random.choice(_readable(choice))]
            case _Sequence(nodes):
                return [piece for each in nodes for piece in self.pieces(each)]
            case _Either(branches):
                return self.pieces(branches[0])
            case _Repeated(inner, least, most):
                count = least + self._more if most == _MANY else min(least + self._more, most)
                written: list[str] = []
                for _ in range(count):
                    self._left -= 1
                    if self._left < 0:
                        raise PatternError("what matches is too long")
                    written += self.pieces(inner)
                return written


def _readable(choice: str) -> str:
    # Letters and digits if there are any: they are easier to read and to edit.
    plain = "".join(character for character in choice if character.isalnum() and character.isascii())
    return plain or choice


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._place = 0

    def parse(self) -> _Node:
        node = self._either()
        if self._place < len(self._pattern):
            raise PatternError(f"{self._pattern!r} closes a group that is not open")
        return node

    def _next(self) -> str:
        return self._pattern[self._place : self._place + 1]

    def _take(self) -> str:
        character = self._next()
        if not character:
            raise PatternError(f"{self._pattern!r} ends too early")
        self._place += 1
        return character

    def _skip(self, text: str) -> bool:
        found = self._pattern.startswith(text, self._place)
        self._place += len(text) if found else 0
        return found

    def _either(self) -> _Node:
        branches = [self._sequence()]
        while self._skip("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else _Either(tuple(branches))

    def _sequence(self) -> _Node:
        nodes: list[_Node] = []
        while self._next() not in {"", "|", ")"}:
            nodes.append(self._repeated(self._atom()))
        return _Sequence(tuple(nodes))

    def _repeated(self, node: _Node) -> _Node:
        bounds = {"*": (0, _MANY), "+": (1, _MANY), "?": (0, 1)}
        counted = re.compile(r"\{([0-9]{1,6})(,?)([0-9]{0,6})\}").match(self._pattern, self._place)
        if self._next() in bounds and self._next():
            least, most = bounds[self._take()]
        elif counted:
            self._place = counted.end()
            least = int(counted[1])
            most = int(counted[3]) if counted[3] else _MANY if counted[2] else least
        else:
            return node
        self._skip("?")
        return _Repeated(node, least, most)

    def _atom(self) -> _Node:
        character = self._take()
        match character:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case "\\":
                return self._escape()
            case ".":
                return _Characters(_EVERYTHING)
            case "^" | "$":
                return _Sequence(())
            case "*" | "+" | "?":
                raise PatternError(f"{self._pattern!r} repeats nothing")
            case _:
                return _Characters(character)

    def _group(self) -> _Node:
        if self._skip("?"):
            name = re.compile("<[A-Za-z_]\\w*>").match(self._pattern, self._place)
            if name:
                self._place = name.end()
            elif not self._skip(":"):
                raise PatternError(f"{self._pattern!r} has a lookaround, which is not supported")
        node = self._either()
        if self._take() != ")":
            raise PatternError(f"{self._pattern!r} leaves a group open")
        return node

    def _escape(self) -> _Node:
        if self._next() in {"b", "B"}:
            self._take()
            return _Sequence(())
        return _Characters(self._escaped())

    def _escaped(self) -> str:
        # The characters that an escape stands for; its backslash has been read.
        character = self._take()
        if character in _CLASSES:
            return _CLASSES[character]
        if character in {"x", "u"}:
            return self._code(2 if character == "x" else 4)
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character.isalnum():
            raise PatternError(f"{self._pattern!r} has \\{character}, which is not supported")
        return character

    def _code(self, digits: int) -> str:
        found = re.compile(f"[0-9A-Fa-f]{{{digits}}}").match(self._pattern, self._place)
        if not found:
            raise PatternError(f"{self._pattern!r} has an incomplete character code")
        self._place = found.end()
        return chr(int(found[0], 16))

    def _class(self) -> _Node:
        negated = self._skip("^")
        held: list[str] = []
        while not self._skip("]"):
            first = self._member()
            if len(first) == 1 and self._next() == "-" and self._pattern[self._place + 1 : self._place + 2] != "]":
                self._take()
                last = self._member()
                if len(last) == 1:
                    held += map(chr, range(ord(first), ord(last) + 1))
                else:
                    held += [first, "-", *last]
            else:
                held += first
        if negated:
            return _Characters("".join(character for character in _EVERYTHING if character not in held))
        return _Characters("".join(held))

    def _member(self) -> str:
        character = self._take()
        if character != "\\":
            return character
        return "\b" if self._skip("b") else self._escaped()
