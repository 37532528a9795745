"""
One schema that stands alone, made of those that refer to each other.

Pure. Source: JSON Schema draft 6, section 8: ``$ref`` names a schema by URL and JSON pointer, and what stands beside it
does not count. Titles, descriptions and defaults do no harm there, and are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin

from tccli.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

DRAFT = "http://json-schema.org/draft-06/schema#"
MAX_NODES = 200_000
"""Parts of one schema: the largest that is published has some thousand."""

HOLDS_NAMES = frozenset({"properties", "patternProperties", "definitions", "dependencies"})
HOLDS_VALUES = frozenset({"const", "enum", "default", "required", "examples"})
ANNOTATIONS = ("title", "description", "default", "examples")

_Place = tuple[str, str]


def bundle(schemas: Mapping[str, Any], name: str) -> dict[str, Any]:
    """
    Return the schema *name* with what it refers to put into it; only a schema that holds itself is kept apart.

    Args:
        schemas: By name; they refer to each other by name, and to their parts by JSON pointer.

    Returns:
        A schema with ``$schema``, whose only references, if any, lead to its own ``definitions``.

    Raises:
        ConfigurationError: It refers to what is not there, or is too large.
    """
    try:
        return _Bundle(schemas).whole(name)
    except RecursionError:
        raise ConfigurationError(f"the schema {name} is nested too deeply") from None


class _Bundle:
    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas
        self._names: dict[_Place, str] = {}
        self._parts = 0

    def whole(self, name: str) -> dict[str, Any]:
        self._find_circles((name, ""), [], set())
        body = self._named((name, "")) if (name, "") in self._names else self._inlined(self._at((name, "")), name)
        whole = {"$schema": DRAFT, **(body if isinstance(body, dict) else {"allOf": [body]})}
        if self._names:
            whole["definitions"] = {
                known: self._inlined(self._at(place), place[0]) for place, known in self._names.items()
            }
        return whole

    def _find_circles(self, place: _Place, above: list[_Place], done: set[_Place]) -> None:
        """
        Give a name to each schema that holds itself.
        """
        if place in above:
            self._names.setdefault(place, self._new_name(place))
        if place in above or place in done:
            return
        for target in self._targets(self._at(place), place[0]):
            self._find_circles(target, [*above, place], done)
        done.add(place)

    def _new_name(self, place: _Place) -> str:
        wanted = place[1].rpartition("/")[2] or place[0].rpartition("/")[2].removesuffix(".json")
        taken = set(self._names.values())
        return next(each for each in (wanted, *(f"{wanted}-{n}" for n in range(2, MAX_NODES))) if each not in taken)

    def _named(self, place: _Place) -> dict[str, Any]:
        return {"$ref": f"#/definitions/{self._names[place].replace('~', '~0').replace('/', '~1')}"}

    def _targets(self, node: Any, base: str) -> list[_Place]:
        """
        Return the places that a schema refers to.
        """
        if isinstance(node, list):
            return [target for each in node for target in self._targets(each, base)]
        if not isinstance(node, dict):
            return []
        if "$ref" in node:
            return [self._place(node["$ref"], base)]
        found: list[_Place] = []
        for key, value in node.items():
            if key in HOLDS_NAMES and isinstance(value, dict):
                found += [target for each in value.values() for target in self._targets(each, base)]
            elif key not in HOLDS_VALUES:
                found += self._targets(value, base)
        return found

    def _inlined(self, node: Any, base: str) -> Any:
        self._parts += 1
        if self._parts > MAX_NODES:
            raise ConfigurationError(f"the schema {base} is too large when all that it refers to is put into it")
        if isinstance(node, list):
            return [self._inlined(each, base) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            place = self._place(node["$ref"], base)
            said = {key: node[key] for key in ANNOTATIONS if key in node}
            body = self._named(place) if place in self._names else self._inlined(self._at(place), place[0])
            return {**body, **said} if isinstance(body, dict) else body
        inlined = {}
        for key, value in node.items():
            if key in {"definitions", "$id", "id", "$schema"} and not isinstance(value, list):
                continue
            if key in HOLDS_NAMES and isinstance(value, dict):
                inlined[key] = {name: self._inlined(each, base) for name, each in value.items()}
            else:
                inlined[key] = value if key in HOLDS_VALUES else self._inlined(value, base)
        return inlined

    def _place(self, reference: Any, base: str) -> _Place:
        try:
            name, _, pointer = urljoin(base, reference).partition("#")
        except (TypeError, ValueError, AttributeError):
            raise ConfigurationError(f"a schema of the reference refers to {reference!r}: no address") from None
        return name, unquote(pointer)

    def _at(self, place: _Place) -> Any:
        """
        Return the schema at a place.
        """
        name, pointer = place
        node = self._schemas.get(name)
        try:
            for step in pointer.split("/")[1:]:
                key = step.replace("~1", "/").replace("~0", "~")
                node = node[int(key)] if isinstance(node, list) else node[key]  # type: ignore[index] # tried
        except (KeyError, TypeError, ValueError, IndexError):
            node = None
        if node is None or (pointer and not pointer.startswith("/")):
            where = f"{name}#{pointer}" if pointer else name
            raise ConfigurationError(f"a schema of the reference refers to {where}, which is not there")
        return node
