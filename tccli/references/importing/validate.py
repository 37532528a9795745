"""
Validation of published references.

The author of a reference decides which requests are sent with our credentials. So everything is checked: names are
names, a route stays below ``/api/<service>/<version>``, and text has no control characters. What is not used, such as a
base URL, is left out.

Source: the schemas ``api-reference-v0.json`` and ``exchanges-reference-v0.json`` of a deployment.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tccli import names
from tccli.references.importing.convert import PROSE_WITHOUT_DESCRIPTIONS, strip_prose
from tccli.references.importing.errors import InvalidReferenceError, UnsupportedError, excerpt
from tccli.references.importing.sanitize import UNSAFE, sanitize, sanitize_line
from tccli.references.importing.schemas import FILE_NAME, select_resolvable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MAX_DOCUMENT_BYTES = 32 * 1024 * 1024
"""All documents of a deployment together are about a megabyte."""
MAX_ENTRIES = 2000
MAX_PROSE_LENGTH = 100_000

SERVICE = r"[a-z][a-z0-9_-]{0,21}"
VERSION = r"v[0-9]{1,4}"
NAME = r"[A-Za-z][A-Za-z0-9_]{0,63}"
ROUTE = rf"(?:/(?:<{NAME}>|[A-Za-z0-9_.~:@,;=!-])+)+/?"
ANY_ROUTE = rf"(?:/(?:<{NAME}>|[A-Za-z0-9_.~:@,;=!()*+$&'|^\[\]-])+)+/?"
"""Characters that lead a request nowhere else."""
MAX_ROUTE_LENGTH = 1000
VERBS = frozenset({"delete", "get", "head", "patch", "post", "put"})
STABILITIES = frozenset({"deprecated", "experimental", "stable"})
SCOPE = r"[\x20-\x7e]{0,1000}"
EXCHANGE = r"[A-Za-z0-9_./-]{1,200}"
WORD = r"[A-Za-z0-9_-]{1,64}"
REFERENCE_PATH = re.compile(r"references/([^/]+)/([^/]+)/(api|exchanges)\.json")


def split_rollup(document: Any) -> dict[str, Any]:
    """
    Return the documents of a roll-up, or a single document, by their names in a roll-up. They are not validated yet.

    Raises:
        InvalidReferenceError: *document* is neither a roll-up, an ``api.json`` nor an ``exchanges.json``.
    """
    if isinstance(document, list):
        found: dict[str, Any] = {}
        for place, entry in enumerate(document):
            with _located(f"[{place}]: "):
                name = _check_object(entry).get("filename")
                if not isinstance(name, str) or "content" not in entry:
                    raise InvalidReferenceError("filename or content is missing")
                if name in found:
                    raise InvalidReferenceError(f"duplicate filename {excerpt(name)}")
                found[name] = entry["content"]
        return found
    if not isinstance(document, dict) or not isinstance(document.get("entries"), list):
        raise InvalidReferenceError("neither an api.json nor an exchanges.json nor a roll-up of them")
    kind = "exchanges" if "exchangePrefix" in document else "api"
    service = _match(document.get("serviceName"), SERVICE, "serviceName")
    version = _match(document.get("apiVersion"), VERSION, "apiVersion")
    return {f"references/{service}/{version}/{kind}.json": document}


def validate_documents(documents: Mapping[str, Any], skip: Callable[[str], None] | None = None) -> dict[str, Any]:
    """
    Return the references and their schemas with only what is used; other documents are left out.

    Args:
        documents: From :func:`split_rollup`.
        skip: Called with a line about each method or schema that is harmless, but cannot be called or checked; it is
            left out then. Without it, that is an error.

    Raises:
        InvalidReferenceError: One of them is not valid.
    """
    found: dict[str, Any] = {}
    versions: dict[str, tuple[str, str]] = {}
    for filename, content in documents.items():
        name = REFERENCE_PATH.fullmatch(filename)
        if not name:
            continue
        with _located(f"{excerpt(filename)}: "):
            service = _match(name[1], SERVICE, "the service's directory")
            version = _match(name[2], VERSION, "the version's directory")
            if versions.setdefault(names.fold(service), (service, version)) != (service, version):
                raise InvalidReferenceError("two versions of the service, or two services with the same name")
            found[filename] = _reference(content, service, version, name[3], skip)
    if not found:
        raise InvalidReferenceError("no service in it")
    for service, version in versions.values():
        found.update(_schemas(documents, f"schemas/{service}/{version}/", skip))
    return found


def _schemas(documents: Mapping[str, Any], directory: str, skip: Callable[[str], None] | None) -> dict[str, Any]:
    schemas = {
        name.removeprefix(directory): strip_prose(content, prose=PROSE_WITHOUT_DESCRIPTIONS)
        for name, content in documents.items()
        if name.startswith(directory) and re.fullmatch(FILE_NAME, name.removeprefix(directory))
    }
    with _located(directory):
        _check_count(schemas, "schemas")
        for name, schema in schemas.items():
            with _located(f"{name}: "):
                _check_texts(schema)
        return {directory + name: schema for name, schema in select_resolvable(schemas, skip).items()}


def _reference(
    content: Any, service: str, version: str, kind: str, skip: Callable[[str], None] | None
) -> dict[str, Any]:
    content = _check_object(content)
    for key, expected in (("serviceName", service), ("apiVersion", version)):
        if content.get(key) != expected:
            raise InvalidReferenceError(f"{key} is {excerpt(content.get(key))}, not {expected}")
    entries = _check_list(content.get("entries"), "entries")
    read = _method if kind == "api" else _exchange
    checked: list[dict[str, Any]] = []
    for place, entry in enumerate(entries):
        with _located(f"entries[{place}]: "):
            try:
                checked.append(read(_check_object(entry)))
            except UnsupportedError as error:
                if skip is None:
                    raise
                skip(f"{service}.{_match(entry.get('name'), NAME, 'name')}: {error}")
    _check_unique((entry["name"] for entry in checked), "names")
    prefix = (
        {} if kind == "api" else {"exchangePrefix": _match(content.get("exchangePrefix"), EXCHANGE, "exchangePrefix")}
    )
    return {"serviceName": service, "apiVersion": version, **prefix, **_describe(content), "entries": checked}


def _method(entry: Mapping[str, Any]) -> dict[str, Any]:
    kind = entry.get("type", "function")
    if kind != "function":
        error = UnsupportedError if isinstance(kind, str) and re.fullmatch(WORD, kind) else InvalidReferenceError
        raise error(f"type is {excerpt(kind)}, not function")
    name = _match(entry.get("name"), NAME, "name")
    route = _check_route(entry.get("route"))
    in_route = re.findall(r"<(\w+)>", route)
    args = [_match(one, NAME, "args") for one in _check_list(entry.get("args", in_route), "args")]
    if args != in_route:
        raise InvalidReferenceError(f"args are {excerpt(args)}, but the route {excerpt(route)} has {excerpt(in_route)}")
    query = [_match(one, NAME, "query") for one in _check_list(entry.get("query", []), "query")]
    _check_unique(args, "args")
    _check_unique(query, "query")
    schemas = {key: _check_string(entry[key], key) for key in ("input", "output") if key in entry}
    scopes = {"scopes": _scopes(entry["scopes"], top=True)} if entry.get("scopes") is not None else {}
    return {
        "name": name,
        "method": _check_choice(entry.get("method"), VERBS, "method"),
        "route": route,
        "args": args,
        "query": query,
        **schemas,
        **scopes,
        "stability": _check_choice(entry.get("stability", "stable"), STABILITIES, "stability"),
        "category": sanitize_line(_check_string(entry.get("category", ""), "category")),
        **_describe(entry),
    }


def _check_route(value: Any) -> str:
    route = _match(value, ANY_ROUTE, "route")
    if len(route) > MAX_ROUTE_LENGTH:
        raise InvalidReferenceError("route is too long")
    segments = [re.sub(f"<{NAME}>", "<>", segment) for segment in route.strip("/").split("/")]
    if {".", ".."} & set(segments):
        raise InvalidReferenceError(f"route is {excerpt(route)}, which is not valid")
    # A value could make two dots of ".<a>" or "<a><b>". The services read brackets and asterisks as patterns.
    if not re.fullmatch(ROUTE, route) or {".<>", "<>.", "<><>"} & set(segments):
        raise UnsupportedError(f"route is {excerpt(route)}, which cannot be called")
    return route


def _exchange(entry: Mapping[str, Any]) -> dict[str, Any]:
    name = _match(entry.get("name"), NAME, "name")
    keys = []
    for place, key in enumerate(_check_list(entry.get("routingKey"), "routingKey")):
        with _located(f"routingKey[{place}]: "):
            keys.append(_routing_key(_check_object(key)))
    _check_unique((key["name"] for key in keys), "routingKey")
    return {
        "name": name,
        "exchange": _match(entry.get("exchange"), EXCHANGE, "exchange"),
        "routingKey": keys,
        **({"schema": _check_string(entry["schema"], "schema")} if "schema" in entry else {}),
        **_describe(entry),
    }


def _routing_key(key: Mapping[str, Any]) -> dict[str, Any]:
    name = _match(key.get("name"), NAME, "name")
    if "constant" in key:
        return {"name": name, "constant": _match(key["constant"], WORD, "constant")}
    multiple = key.get("multipleWords", False)
    if not isinstance(multiple, bool):
        raise InvalidReferenceError(f"multipleWords is {excerpt(multiple)}")
    return {"name": name, "multipleWords": multiple}


def _scopes(expression: Any, *, top: bool = False) -> Any:
    # A "for" stands for several scopes, so it is only valid in a list.
    match expression:
        case str():
            return _match(expression, SCOPE, "a scope")
        case {"AllOf": parts, **rest} | {"AnyOf": parts, **rest} if not rest:
            key = next(iter(expression))
            return {key: [_scopes(part) for part in _check_list(parts, key)]}
        case {"for": each, "in": several, "each": scope, **rest} if not rest and not top:
            return {
                "for": _match(each, NAME, "for"),
                "in": _match(several, NAME, "in"),
                "each": _match(scope, SCOPE, "each"),
            }
        case {"if": condition, "then": then, **rest} if rest.keys() <= {"else"}:
            return {
                "if": _match(condition, NAME, "if"),
                "then": _scopes(then, top=True),
                **{key: _scopes(value, top=True) for key, value in rest.items()},
            }
    raise UnsupportedError(f"scopes has {excerpt(expression)}, which is not a scope expression")


def _describe(entry: Mapping[str, Any]) -> dict[str, str]:
    title = sanitize_line(_check_string(entry.get("title", ""), "title"))[:200]
    return {"title": title, "description": sanitize(_check_string(entry.get("description", ""), "description")).strip()}


def _check_texts(schema: Any) -> None:
    if isinstance(schema, dict):
        for name, value in schema.items():
            _check_texts(name)
            _check_texts(value)
    elif isinstance(schema, list):
        for value in schema:
            _check_texts(value)
    elif isinstance(schema, str) and UNSAFE.search(schema):
        raise InvalidReferenceError(f"control characters in {excerpt(schema)}")


@contextmanager
def _located(place: str) -> Iterator[None]:
    try:
        yield
    except InvalidReferenceError as error:
        raise type(error)(f"{place}{error}") from None


def _match(value: Any, pattern: str, what: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise InvalidReferenceError(f"{what} is {excerpt(value)}, which is not valid")
    return value


def _check_choice(value: Any, choices: frozenset[str], what: str) -> str:
    if not isinstance(value, str) or value not in choices:
        error = UnsupportedError if isinstance(value, str) and re.fullmatch(WORD, value) else InvalidReferenceError
        raise error(f"{what} is {excerpt(value)}, not one of {', '.join(sorted(choices))}")
    return value


def _check_string(value: Any, what: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_PROSE_LENGTH:
        raise InvalidReferenceError(f"{what} is {excerpt(value)}, not a string of up to {MAX_PROSE_LENGTH} characters")
    return value


def _check_object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidReferenceError(f"expected an object, found {excerpt(value)}")
    return value


def _check_list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidReferenceError(f"{what} is {excerpt(value)}, not an array")
    _check_count(value, what)
    return value


def _check_count(value: list[Any] | dict[str, Any], what: str) -> None:
    if len(value) > MAX_ENTRIES:
        raise InvalidReferenceError(f"more than {MAX_ENTRIES} {what}")


def _check_unique(given: Iterable[str], what: str) -> None:
    # On the command line, createTask and create_task are the same.
    seen: dict[str, str] = {}
    for name in given:
        folded = names.fold(name)
        if folded in seen:
            raise InvalidReferenceError(f"{what}: {seen[folded]} and {name} cannot be told apart on a command line")
        seen[folded] = name
