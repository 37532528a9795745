"""
PyYAML's scanner, with js-yaml's rules for plain scalars, flow collections and tabs.

PyYAML ends a plain scalar in a list such as ``[http://x/?y]`` at the question mark, and knows tabs only in quotes.

Source: js-yaml 4.3, lib/loader.js (readPlainScalar, readFlowCollection, skipSeparationSpace).
"""

from __future__ import annotations

import re

import yaml
from yaml.scanner import ScannerError

WHITE = re.compile("[ \t]*")
BLANK_LINE = re.compile("[ \t]*(?=[\r\n])")
SPACES = re.compile(" *")
DOCUMENT_MARKER = re.compile("(?:---|\\.\\.\\.)(?=[ \t\r\n\0])")
PLAIN_IN_BLOCK = re.compile("(?:[^ \t\r\n\0:]|:(?![ \t\r\n\0]))+")
PLAIN_IN_FLOW = re.compile("(?:[^ \t\r\n\0:,\\[\\]{}]|:(?![ \t\r\n\0,\\[\\]{}]))+")
FLOW_INDICATORS = ",[]{}"
WHITE_OR_END = " \t\r\n\0"


class Loader(yaml.SafeLoader):
    """
    A source of events for :func:`yaml.parse`, which takes text only.
    """

    def check_plain(self) -> bool:
        """
        Return whether a plain scalar starts here.
        """
        character = self.peek()
        if character in "?-:":
            return not self._is_separated(1)
        return character not in WHITE_OR_END + FLOW_INDICATORS + "#&*!|>'\"%@`"

    def check_key(self) -> bool:
        """
        Return whether the question mark here starts a key.
        """
        return self.peek(1) in WHITE_OR_END

    def check_value(self) -> bool:
        """
        Return whether the colon here ends a key.
        """
        # After a quoted key in a flow mapping, a colon needs no blank after it.
        return self._is_separated(1) or (self.flow_level > 0 and self.flow_level in self.possible_simple_keys)

    def scan_plain(self) -> yaml.ScalarToken:
        """
        Return the plain scalar that starts here, its lines joined.
        """
        pattern = PLAIN_IN_FLOW if self.flow_level else PLAIN_IN_BLOCK
        start = end = self.get_mark()
        indent = self.indent + 1
        parts: list[str] = []
        separation = ""
        while self.peek() != "#" and (match := pattern.match(self.buffer, self.pointer)):
            parts += separation, match[0]
            self.allow_simple_key = False
            self.forward(len(match[0]))
            end = self.get_mark()
            separation = self._scan_separation(indent)
            if not separation or (not self.flow_level and self.column < indent):
                break
        return yaml.ScalarToken("".join(parts), True, start, end)

    def scan_to_next_token(self) -> None:
        """
        Skip blanks, tabs, line breaks and comments.
        """
        while True:
            super().scan_to_next_token()
            if self.peek() != "\t":
                return
            white = len(self._match(WHITE))
            if not self.flow_level and self.peek(white) not in "\r\n#\0":
                indentation = self.buffer[self.pointer - self.column : self.pointer]
                if not indentation.strip(" ") and self.column <= self.indent:
                    raise ScannerError(None, None, "a tab is used for indentation", self.get_mark())
                # After a tab, no list or mapping may start.
                self.allow_simple_key = False
            self.forward(white)

    def _is_separated(self, offset: int) -> bool:
        character = self.peek(offset)
        return character in WHITE_OR_END or bool(self.flow_level and character in FLOW_INDICATORS)

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.buffer, self.pointer)
        return match[0] if match else ""

    def _scan_separation(self, indent: int) -> str:
        """
        Skip what separates two words of a plain scalar, and return what stands for it; "" at the scalar's end.
        """
        white = self._match(WHITE)
        self.forward(len(white))
        breaks = 0
        while self.peek() in "\r\n":
            self.scan_line_break()  # type: ignore[no-untyped-call]
            self.allow_simple_key = True
            breaks += 1
            if self._match(DOCUMENT_MARKER):
                return ""
            self.forward(len(self._match(BLANK_LINE) or self._match(SPACES)))
            if self.flow_level or self.column >= indent:
                self.forward(len(self._match(WHITE)))
        if not breaks:
            return white
        return " " if breaks == 1 else "\n" * (breaks - 1)
