"""
The YAML loader: PyYAML's parser, with js-yaml's rules for scalars, keys, merges and limits.

PyYAML implements YAML 1.1, where ``on`` is a boolean and ``12:30`` is 750, and its versions differ in how they resolve
a merge of a merge. So it only parses here, and this module composes the document.

Source: js-yaml 4.3, lib/loader.js.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from tccli.core.yaml.scalars import YamlError, parse_timestamp, resolve
from tccli.reasons import explain

MAX_DEPTH = 100
"""Nested lists and mappings, as in js-yaml."""
MAX_MERGED_KEYS = 10_000
"""As in js-yaml."""
MAX_ALIASED_CHARACTERS = 10 * 1024 * 1024
"""What all aliases together may add to the document. Without a limit, 341 bytes can expand to more than memory."""

TAG = "tag:yaml.org,2002:"
UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdd3-\ufffd\U00010000-\U0010ffff]")
LINE_BREAKS = {0x85: "\ufdd0", 0x2028: "\ufdd1", 0x2029: "\ufdd2"}
"""Line breaks in YAML 1.1 only, with noncharacters that stand for them while PyYAML reads the text."""
LINE_BREAKS_BACK = {ord(stand_in): chr(line_break) for line_break, stand_in in LINE_BREAKS.items()}
MAX_EXACT_INTEGER = 2**53
"""JavaScript rounds larger integers, and writes some of them with an exponent."""


def load(text: str) -> Any:
    """
    Return the document in *text*, which JSON can represent; an empty text is None.

    Timestamps become text in UTC with milliseconds, as in the services. Keys are text: ``1: x`` is ``{"1": "x"}``.

    Raises:
        YamlError: *text* is not YAML or has more than one document; a mapping has a key twice; a key is a list or a
            mapping; a tag is unknown; a number is infinite; or the document is nested or aliased beyond the limits.
    """
    import yaml

    from tccli.core.yaml.scanner import Loader

    if unprintable := UNPRINTABLE.search(text):
        start = unprintable.start()
        mark = yaml.Mark("", start, text.count("\n", 0, start), start - text.rfind("\n", 0, start) - 1, None, 0)
        raise YamlError(f"character U+{ord(unprintable[0]):04X} is not allowed", mark)
    composer = _Composer()
    try:
        # js-yaml ends the last line of a block scalar, also where the text does not.
        for event in yaml.parse(text.translate(LINE_BREAKS).removesuffix("\n") + "\n", Loader=Loader):
            composer.add(event)
    except yaml.MarkedYAMLError as error:
        raise YamlError(error.problem or error.context or "syntax error", error.problem_mark) from None
    except YamlError:
        raise
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # The scanner does not check the range of \U escapes and of the numbers of a %YAML directive.
        raise YamlError(explain(error)) from None
    return composer.document


class _Node(NamedTuple):
    """
    A finished node. Its size and height are those of the document that it expands to.
    """

    value: Any
    size: int
    height: int


class _Collection:
    """
    A list or mapping whose end has not been read yet.

    Attributes:
        merged: Keys that came with a merge, which the mapping's own ones replace.
    """

    def __init__(self, event: Any) -> None:
        import yaml

        self.value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.anchor = event.anchor
        self.size = 2
        self.height = 1
        self.key: str | None = None
        self.merges = False
        self.merged: set[str] = set()

    @property
    def expects_key(self) -> bool:
        return isinstance(self.value, dict) and self.key is None and not self.merges


class _Composer:
    """
    Builds a document from PyYAML's events without recursion.
    """

    def __init__(self) -> None:
        self.document: Any = None
        self._documents = 0
        self._open: list[_Collection] = []
        self._anchors: dict[str, _Node | None] = {}
        self._aliased = 0
        self._merged_keys = 0

    def add(self, event: Any) -> None:
        import yaml

        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise YamlError("a second document starts", event.start_mark)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._start(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                done = self._open.pop()
                self._insert(_Node(done.value, done.size, done.height), done.anchor, event)
            case yaml.AliasEvent():
                self._insert(self._resolve_alias(event), None, event)
            case yaml.ScalarEvent():
                event.value = event.value.translate(LINE_BREAKS_BACK)
                if self._open and self._open[-1].expects_key and _is_merge_key(event):
                    self._open[-1].merges = True
                else:
                    self._insert(_Node(_resolve_scalar(event), len(event.value) + 1, 0), event.anchor, event)

    def _start(self, event: Any) -> None:
        if self._open and self._open[-1].expects_key:
            raise YamlError("a key is a list or a mapping", event.start_mark)
        if len(self._open) >= MAX_DEPTH:
            raise YamlError(f"nested more than {MAX_DEPTH} levels deep", event.start_mark)
        tag = "map" if type(event).__name__.startswith("Mapping") else "seq"
        if event.tag not in {None, "!", TAG + tag}:
            raise YamlError(f"tag {event.tag} is not supported", event.start_mark)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Collection(event))

    def _resolve_alias(self, event: Any) -> _Node:
        name = event.anchor
        if name not in self._anchors:
            raise YamlError(f"alias *{name} has no anchor", event.start_mark)
        node = self._anchors[name]
        if node is None:
            raise YamlError(f"alias *{name} is inside of its own anchor", event.start_mark)
        self._aliased += node.size
        if self._aliased > MAX_ALIASED_CHARACTERS:
            raise YamlError(f"the aliases expand to more than {MAX_ALIASED_CHARACTERS} characters", event.start_mark)
        if len(self._open) + node.height > MAX_DEPTH:
            raise YamlError(f"nested more than {MAX_DEPTH} levels deep", event.start_mark)
        return node

    def _insert(self, node: _Node, anchor: str | None, event: Any) -> None:
        if anchor:
            self._anchors[anchor] = node
        if not self._open:
            self.document = node.value
            return
        parent = self._open[-1]
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)
        if isinstance(parent.value, list):
            parent.value.append(node.value)
        elif parent.merges:
            self._merge(parent, node.value, event)
            parent.merges = False
        elif parent.key is None:
            key = _to_key(node.value, event)
            if key in parent.value and key not in parent.merged:
                raise YamlError(f"duplicate key {key!r}", event.start_mark)
            parent.merged.discard(key)
            parent.key = key
        else:
            parent.value[parent.key] = node.value
            parent.key = None

    def _merge(self, parent: _Collection, source: Any, event: Any) -> None:
        """
        Add the keys of the mappings in *source* that are not there yet: the nearest value counts.
        """
        for mapping in source if isinstance(source, list) else [source]:
            if not isinstance(mapping, dict):
                raise YamlError("<< takes a mapping or a list of mappings", event.start_mark)
            self._merged_keys += len(mapping) + 1
            if self._merged_keys > MAX_MERGED_KEYS:
                raise YamlError(f"more than {MAX_MERGED_KEYS} keys are merged", event.start_mark)
            added = {key: value for key, value in mapping.items() if key not in parent.value}
            parent.value |= added
            parent.merged |= added.keys()


def _is_merge_key(event: Any) -> bool:
    return bool(event.value == "<<" and event.tag is None and event.style is None)


def _to_key(value: Any, event: Any) -> str:
    if isinstance(value, str):
        if value != event.value and parse_timestamp(event.value):
            # JavaScript writes such a key in the time zone and the language of the machine.
            raise YamlError(f"key {event.value} is a timestamp; quote it", event.start_mark)
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if abs(value) >= MAX_EXACT_INTEGER or "e" in repr(value):
        raise YamlError(f"key {value!r} is a number; quote it", event.start_mark)
    return repr(value)


def _resolve_scalar(event: Any) -> Any:
    text, tag = event.value, event.tag
    if tag is None and event.style is None:
        value = resolve(text)
    elif tag == "!" and not text and event.style is None:
        value = None
    elif tag in {None, "!", TAG + "str"}:
        # PyYAML decodes each \u escape by itself, where JSON writes one character as a pair of them.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    else:
        value = _resolve_as(tag, text, event)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise YamlError(f"{text} is not a JSON value", event.start_mark)
        # JavaScript has one type of numbers: 1e3 is the integer 1000, also for a schema.
        return int(value) if value.is_integer() and abs(value) < MAX_EXACT_INTEGER else value
    return value


def _resolve_as(tag: str, text: str, event: Any) -> Any:
    types = {"null": type(None), "bool": bool, "int": int, "float": int | float, "timestamp": str}
    expected = types.get(tag.removeprefix(TAG)) if tag.startswith(TAG) else None
    if expected is None:
        raise YamlError(f"tag {tag} is not supported", event.start_mark)
    value = resolve(text)
    is_boolean = isinstance(value, bool)
    is_text = isinstance(value, str) and not parse_timestamp(text)
    if not isinstance(value, expected) or is_boolean != (expected is bool) or is_text:
        raise YamlError(f"{text!r} does not fit the tag {tag.replace(TAG, '!!')}", event.start_mark)
    return value
