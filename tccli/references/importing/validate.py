"""
References as deployments publish them, taken only when they are what they should be.

Whoever writes a reference decides which requests are made with our credentials, so nothing of it is taken on trust: a
name is a name, a route stays below ``/api/<service>/<version>``, and text cannot steer a terminal. What is not used,
such as a base URL, does not get through.

Source: the schemas ``api-reference-v0.json`` and ``exchanges-reference-v0.json`` of a deployment.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tccli import names
from tccli.references.importing.convert import strip_prose
from tccli.references.importing.errors import InvalidReferenceError, excerpt
from tccli.references.importing.sanitize import UNSAFE, sanitize, sanitize_line
from tccli.references.importing.schemas import FILE_NAME, select_resolvable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MAX_DOCUMENT_BYTES = 32 * 1024 * 1024
"""All documents of a deployment together are about a megabyte."""
MAX_ENTRIES = 2000
MAX_PROSE_LENGTH = 100_000

SERVICE = r"[a-z][a-z0-9_-]{0,21}"
VERSION = r"v[0-9]{1,4}"
NAME = r"[A-Za-z][A-Za-z0-9_]{0,63}"
# An argument is a whole segment: beside other characters, what it stands for could become "..".
ROUTE = rf"(?:/(?:<{NAME}>|(?!\.\.?(?:/|$))[A-Za-z0-9_.~-]+))+/?"
MAX_ROUTE_LENGTH = 1000
VERBS = frozenset({"delete", "get", "head", "patch", "post", "put"})
STABILITIES = frozenset({"deprecated", "experimental", "stable"})
SCOPE = r"[\x20-\x7e]{0,1000}"
EXCHANGE = r"[A-Za-z0-9_./-]{1,200}"
WORD = r"[A-Za-z0-9_-]{1,64}"
REFERENCE_PATH = re.compile(r"references/([^/]+)/([^/]+)/(api|exchanges)\.json")


def split_rollup(document: Any) -> dict[str, Any]:
    """
    Return the documents in a roll-up, or the one that stands alone, by their names in a roll-up; none is checked yet.

    Raises:
        InvalidReferenceError: It is neither a roll-up, an ``api.json`` nor an ``exchanges.json``.
    """
    if isinstance(document, list):
        found: dict[str, Any] = {}
        for place, entry in enumerate(document):
            with _at(f"[{place}]: "):
                name = _mapping(entry).get("filename")
                if not isinstance(name, str) or "content" not in entry:
                    raise InvalidReferenceError("there is no filename or no content")
                if name in found:
                    raise InvalidReferenceError(f"{excerpt(name)} is there twice")
                found[name] = entry["content"]
        return found
    if not isinstance(document, dict) or not isinstance(document.get("entries"), list):
        raise InvalidReferenceError("it is neither an api.json nor an exchanges.json nor a roll-up of them")
    kind = "exchanges" if "exchangePrefix" in document else "api"
    service = _matching(document.get("serviceName"), SERVICE, "serviceName")
    version = _matching(document.get("apiVersion"), VERSION, "apiVersion")
    return {f"references/{service}/{version}/{kind}.json": document}


def validate_documents(contents: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return references and their schemas without anything that is not used here; other documents are left out.

    Args:
        contents: As :func:`contents` returns them.

    Raises:
        InvalidReferenceError: One of them is not what it should be.
    """
    found: dict[str, Any] = {}
    versions: dict[str, tuple[str, str]] = {}
    for filename, content in contents.items():
        name = REFERENCE_PATH.fullmatch(filename)
        if not name:
            continue
        with _at(f"{excerpt(filename)}: "):
            service = _matching(name[1], SERVICE, "the service's folder")
            version = _matching(name[2], VERSION, "the version's folder")
            if versions.setdefault(names.fold(service), (service, version)) != (service, version):
                raise InvalidReferenceError("there are two versions of the service, or two with that name")
            found[filename] = _reference(content, service, version, name[3])
    if not found:
        raise InvalidReferenceError("there is no service in it")
    for service, version in versions.values():
        found.update(_schemas(contents, f"schemas/{service}/{version}/"))
    return found


def _schemas(contents: Mapping[str, Any], folder: str) -> dict[str, Any]:
    schemas = {
        name.removeprefix(folder): strip_prose(content)
        for name, content in contents.items()
        if name.startswith(folder) and re.fullmatch(FILE_NAME, name.removeprefix(folder))
    }
    with _at(folder):
        _few(schemas, "schemas")
        for name, schema in schemas.items():
            with _at(f"{name}: "):
                _check_texts(schema)
        return {folder + name: schema for name, schema in select_resolvable(schemas).items()}


def _reference(content: Any, service: str, version: str, kind: str) -> dict[str, Any]:
    content = _mapping(content)
    for key, expected in (("serviceName", service), ("apiVersion", version)):
        if content.get(key) != expected:
            raise InvalidReferenceError(f"{key} is {excerpt(content.get(key))}, not {expected}")
    entries = _listing(content.get("entries"), "entries")
    read = _method if kind == "api" else _exchange
    checked = []
    for place, entry in enumerate(entries):
        with _at(f"entries[{place}]: "):
            checked.append(read(_mapping(entry)))
    _no_name_twice((entry["name"] for entry in checked), "names")
    prefix = (
        {}
        if kind == "api"
        else {"exchangePrefix": _matching(content.get("exchangePrefix"), EXCHANGE, "exchangePrefix")}
    )
    return {"serviceName": service, "apiVersion": version, **prefix, **_prose(content), "entries": checked}


def _method(entry: Mapping[str, Any]) -> dict[str, Any]:
    if entry.get("type", "function") != "function":
        raise InvalidReferenceError(f"type is {excerpt(entry['type'])}, not function")
    name = _matching(entry.get("name"), NAME, "name")
    route = _matching(entry.get("route"), ROUTE, "route")
    if len(route) > MAX_ROUTE_LENGTH:
        raise InvalidReferenceError("route is too long")
    in_route = re.findall(r"<(\w+)>", route)
    args = [_matching(one, NAME, "args") for one in _listing(entry.get("args", in_route), "args")]
    if args != in_route:
        raise InvalidReferenceError(f"args are {excerpt(args)}, but the route {excerpt(route)} has {excerpt(in_route)}")
    query = [_matching(one, NAME, "query") for one in _listing(entry.get("query", []), "query")]
    _no_name_twice(args, "args")
    _no_name_twice(query, "query")
    schemas = {key: _text(entry[key], key) for key in ("input", "output") if key in entry}
    scopes = {"scopes": _scopes(entry["scopes"], top=True)} if entry.get("scopes") is not None else {}
    return {
        "name": name,
        "method": _one_of(entry.get("method"), VERBS, "method"),
        "route": route,
        "args": args,
        "query": query,
        **schemas,
        **scopes,
        "stability": _one_of(entry.get("stability", "stable"), STABILITIES, "stability"),
        "category": sanitize_line(_text(entry.get("category", ""), "category")),
        **_prose(entry),
    }


def _exchange(entry: Mapping[str, Any]) -> dict[str, Any]:
    name = _matching(entry.get("name"), NAME, "name")
    keys = []
    for place, key in enumerate(_listing(entry.get("routingKey"), "routingKey")):
        with _at(f"routingKey[{place}]: "):
            keys.append(_routing_key(_mapping(key)))
    _no_name_twice((key["name"] for key in keys), "routingKey")
    return {
        "name": name,
        "exchange": _matching(entry.get("exchange"), EXCHANGE, "exchange"),
        "routingKey": keys,
        **({"schema": _text(entry["schema"], "schema")} if "schema" in entry else {}),
        **_prose(entry),
    }


def _routing_key(key: Mapping[str, Any]) -> dict[str, Any]:
    name = _matching(key.get("name"), NAME, "name")
    if "constant" in key:
        return {"name": name, "constant": _matching(key["constant"], WORD, "constant")}
    multiple = key.get("multipleWords", False)
    if not isinstance(multiple, bool):
        raise InvalidReferenceError(f"multipleWords is {excerpt(multiple)}")
    return {"name": name, "multipleWords": multiple}


def _scopes(expression: Any, *, top: bool = False) -> Any:
    """
    Return a scope expression; one that stands for several scopes has its place among others only.
    """
    match expression:
        case str():
            return _matching(expression, SCOPE, "a scope")
        case {"AllOf": parts, **rest} | {"AnyOf": parts, **rest} if not rest:
            key = next(iter(expression))
            return {key: [_scopes(part) for part in _listing(parts, key)]}
        case {"for": each, "in": several, "each": scope, **rest} if not rest and not top:
            return {
                "for": _matching(each, NAME, "for"),
                "in": _matching(several, NAME, "in"),
                "each": _matching(scope, SCOPE, "each"),
            }
        case {"if": condition, "then": then, **rest} if rest.keys() <= {"else"}:
            return {
                "if": _matching(condition, NAME, "if"),
                "then": _scopes(then, top=True),
                **{key: _scopes(value, top=True) for key, value in rest.items()},
            }
    raise InvalidReferenceError(f"scopes has {excerpt(expression)}, which is no scope expression")


def _prose(entry: Mapping[str, Any]) -> dict[str, str]:
    title = sanitize_line(_text(entry.get("title", ""), "title"))[:200]
    return {"title": title, "description": sanitize(_text(entry.get("description", ""), "description")).strip()}


def _check_texts(schema: Any) -> None:
    """
    Check that nothing in a schema steers a terminal that shows it.
    """
    if isinstance(schema, dict):
        for name, value in schema.items():
            _check_texts(name)
            _check_texts(value)
    elif isinstance(schema, list):
        for value in schema:
            _check_texts(value)
    elif isinstance(schema, str) and UNSAFE.search(schema):
        raise InvalidReferenceError(f"it holds control characters: {excerpt(schema)}")


@contextmanager
def _at(place: str) -> Iterator[None]:
    """
    Say where, when something is wrong inside.
    """
    try:
        yield
    except InvalidReferenceError as error:
        raise InvalidReferenceError(f"{place}{error}") from None


def _matching(value: Any, pattern: str, what: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise InvalidReferenceError(f"{what} is {excerpt(value)}, which it cannot be")
    return value


def _one_of(value: Any, choices: frozenset[str], what: str) -> str:
    if not isinstance(value, str) or value not in choices:
        raise InvalidReferenceError(f"{what} is {excerpt(value)}, not one of {', '.join(sorted(choices))}")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_PROSE_LENGTH:
        raise InvalidReferenceError(f"{what} is {excerpt(value)}, not a text of at most {MAX_PROSE_LENGTH} characters")
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidReferenceError(f"{excerpt(value)} stands where an object is expected")
    return value


def _listing(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidReferenceError(f"{what} is {excerpt(value)}, not an array")
    _few(value, what)
    return value


def _few(value: list[Any] | dict[str, Any], what: str) -> None:
    if len(value) > MAX_ENTRIES:
        raise InvalidReferenceError(f"there are more than {MAX_ENTRIES} {what}")


def _no_name_twice(given: Iterable[str], what: str) -> None:
    """
    Refuse names that are the same to somebody who types them: ``createTask`` and ``create_task``.
    """
    seen: dict[str, str] = {}
    for name in given:
        folded = names.fold(name)
        if folded in seen:
            raise InvalidReferenceError(f"{what}: {seen[folded]} and {name} are the same to a person who types them")
        seen[folded] = name
