"""
Conversion of published references to the records of ``references/data``.

Prose is left out. Summaries are written by hand, in the files themselves: converting again keeps them, and what is new
gets an empty one, so that the diff of a new version shows what is left to write. Only references that are used as they
are published keep their prose: ``title`` and paragraphs in ``said`` at the end of a record, ``description`` in schemas.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tccli.errors import UsageError
from tccli.references.importing.sanitize import split_paragraphs
from tccli.references.json_schema import NAMES, VALUES

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

PROSE = frozenset({"title", "description", "$id", "$schema", "examples", "example"})
PROSE_WITHOUT_DESCRIPTIONS = PROSE - {"description"}
MAX_DESCRIPTION_CHARACTERS = 2000
"""Of a field in a schema; help shows it whole."""
WORDS = ("title", "said")

Rollup = list[dict[str, Any]]


def convert_rollup(
    rollup: Rollup, methods: Mapping[str, Any] | None, summaries: Mapping[str, str], *, prose: bool = False
) -> dict[str, str]:
    """
    Return the records of each service.

    Args:
        rollup: ``/references/references.json`` of a deployment: ``[{"filename": …, "content": …}]``.
        methods: A newer surface, ``{"services": {…}, "taskclusterVersion": …}``: it decides which methods there are,
            the roll-up adds scopes, categories and schemas where it knows the method. None takes all from the roll-up.
        summaries: By ``service``, ``service.method`` and ``service.exchange``; a missing one becomes an empty string.
        prose: Keep titles and descriptions.

    Raises:
        UsageError: A document does not have the published shape.
    """
    try:
        contents = {entry["filename"]: entry["content"] for entry in rollup}
        if methods is None:
            methods = _surface(contents)
        release = methods.get("taskclusterVersion", "")
        files = {
            name: "".join(
                json.dumps(record if prose else _without_prose(record), ensure_ascii=False, separators=(",", ":"))
                + "\n"
                for record in _records(name, surface, contents, release, summaries)
            )
            for name, surface in methods["services"].items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"the references do not have the published shape: {type(error).__name__} {error}") from error
    if not files:
        raise UsageError("the references have no service")
    return files


def _surface(contents: Mapping[str, Any]) -> dict[str, Any]:
    services: dict[str, Any] = {}
    for filename, content in sorted(contents.items()):
        found = re.fullmatch(r"references/[\w-]+/v\d+/(api|exchanges)\.json", filename)
        if not found:
            continue
        entry = services.setdefault(
            content["serviceName"],
            {
                "apiVersion": content["apiVersion"],
                "methods": [],
                **{key: content[key] for key in ("title", "description") if key in content},
            },
        )
        if found[1] == "api":
            entry["methods"] = [
                {key: value for key, value in method.items() if value or key == "args"} for method in content["entries"]
            ]
        else:
            entry["exchangePrefix"] = content["exchangePrefix"]
            entry["exchanges"] = content["entries"]
    return {"services": services}


def _records(
    name: str, surface: Mapping[str, Any], contents: Mapping[str, Any], release: str, summaries: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    version = surface["apiVersion"]
    directory = f"schemas/{name}/{version}/"
    schemas = {path.removeprefix(directory): body for path, body in contents.items() if path.startswith(directory)}
    published = contents.get(f"references/{name}/{version}/api.json", {"entries": []})
    known = {entry["name"]: entry for entry in published["entries"]}
    yield {
        "service": name,
        "version": version,
        "release": release,
        "exchanges": surface.get("exchangePrefix", ""),
        "summary": summaries.get(name, ""),
        **_words(surface),
    }
    for method in surface["methods"]:
        yield _method_record(name, method, known.get(method["name"], {}), schemas, summaries)
    for exchange in surface.get("exchanges", ()):
        yield {
            "exchange": exchange["name"],
            "topic": exchange["exchange"],
            "keys": [_key(key) for key in exchange["routingKey"]],
            **_schema_entry("schema", exchange, schemas),
            "summary": summaries.get(f"{name}.{exchange['name']}", ""),
            **_words(exchange),
        }
    for path, body in sorted(schemas.items()):
        if strip_prose(body):
            yield {"schema": path, "body": strip_prose(body, prose=PROSE_WITHOUT_DESCRIPTIONS)}


def _method_record(
    name: str,
    method: Mapping[str, Any],
    known: Mapping[str, Any],
    schemas: Mapping[str, Any],
    summaries: Mapping[str, str],
) -> dict[str, Any]:
    in_route = re.findall(r"<(\w+)>", method["route"])
    if in_route != list(method["args"]):
        raise UsageError(f"{name}.{method['name']}: the arguments {method['args']} are not those of {method['route']}")
    record = {
        "method": method["name"],
        "verb": method["method"].upper(),
        "route": method["route"],
        "query": method.get("query"),
        **_schema_entry("input", method, schemas),
        **_schema_entry("output", method, schemas),
        "scopes": known.get("scopes"),
        "category": known.get("category"),
        "stability": method["stability"] if method["stability"] != "stable" else None,
    }
    record = {key: value for key, value in record.items() if value is not None}
    return {**record, "summary": summaries.get(f"{name}.{method['name']}", ""), **_words(method)}


def _words(entry: Mapping[str, Any]) -> dict[str, Any]:
    said = split_paragraphs(entry.get("description", ""))
    words = {"title": entry.get("title"), "said": list(said)}
    return {key: value for key, value in words.items() if value}


def _without_prose(record: Mapping[str, Any]) -> dict[str, Any]:
    if "body" in record:
        return {**record, "body": strip_prose(record["body"])}
    return {key: value for key, value in record.items() if key not in WORDS}


def _schema_entry(key: str, entry: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, str]:
    # A payload without a schema, or with one that allows anything, has an empty name.
    if key not in entry:
        return {}
    name = entry[key].split("/", 1)[-1].removesuffix("#")
    if strip_prose(schemas.get(name, {})):
        return {key: name}
    return {key: ""} if key == "input" else {}


def _key(key: Mapping[str, Any]) -> str:
    if "constant" in key:
        return f"={key['constant']}"
    return f"{key['name']}#" if key["multipleWords"] else str(key["name"])


def strip_prose(schema: Any, *, names: bool = False, prose: Container[str] = PROSE) -> Any:
    """
    Return a JSON schema without titles, descriptions, examples and identifiers.

    Args:
        schema: Any JSON value.
        names: The keys of *schema* are names of properties, not keywords, so all of them stay.
        prose: The keywords that are left out. A description that stays becomes one sanitized line; it must be a string.
    """
    if isinstance(schema, list):
        return [strip_prose(item, prose=prose) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if names:
        return {key: strip_prose(value, prose=prose) for key, value in schema.items()}
    return {
        key: _strip_keyword(key, value, prose)
        for key, value in schema.items()
        if key not in prose and (key != "description" or isinstance(value, str))
    }


def _strip_keyword(keyword: str, value: Any, prose: Container[str]) -> Any:
    if keyword == "description":
        line = " ".join(" ".join(split_paragraphs(value)).split())
        return line if len(line) <= MAX_DESCRIPTION_CHARACTERS else f"{line[:MAX_DESCRIPTION_CHARACTERS]}…"
    return value if keyword in VALUES else strip_prose(value, names=keyword in NAMES, prose=prose)
