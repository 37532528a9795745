"""
References that were fetched or given, in the form of the files here, so that they can take the place of built-in ones.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli import names
from tccli.references.importing.convert import convert_rollup
from tccli.references.importing.errors import InvalidReferenceError
from tccli.references.importing.schemas import select_resolvable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tccli.references import ReferenceSet


def convert_documents(contents: Mapping[str, Any], known: ReferenceSet) -> dict[str, bytes]:
    """
    Return the text of each service.

    Args:
        contents: Published documents by their names, checked.
        known: Where a method is the same, its summary stays; elsewhere the published title is the summary.

    Raises:
        InvalidReferenceError: A service is named like a known one, but for the spelling.
    """
    rollup = [{"filename": name, "content": content} for name, content in contents.items()]
    found = convert_rollup(rollup, None, dict(_summaries(contents, known)), prose=True)
    for service in found:
        other = names.find(service, known.service_names())
        if other not in {None, service}:
            raise InvalidReferenceError(f"the service {service} is the same as {other} to a person who types it")
    return {service: text.encode() for service, text in found.items()}


def complete(texts: Mapping[str, bytes], library: ReferenceSet) -> dict[str, bytes]:
    """
    Return *texts* with what they lack of a service that *library* has: its methods, if they only tell of exchanges, and
    the other way round.
    """
    return {
        service: _completed(text, library.service(service).records) if service in library.services else text
        for service, text in texts.items()
    }


def _completed(text: bytes, known: list[str]) -> bytes:
    head, *given = [json.loads(line) for line in text.decode().rstrip("\n").split("\n")]
    known_head, *others = [json.loads(line) for line in known]
    kinds = {next(iter(record)) for record in given}
    if "method" not in kinds:
        head = {**known_head, "exchanges": head["exchanges"]}
    elif "exchange" not in kinds:
        head["exchanges"] = known_head["exchanges"]
    kept = [record for record in others if next(iter(record)) in {"method", "exchange"} - kinds]
    schemas = select_resolvable(
        {record["schema"]: record["body"] for record in (*others, *given) if next(iter(record)) == "schema"}
    )
    entries = [record for record in (*given, *kept) if next(iter(record)) != "schema"]
    entries.sort(key=lambda record: "exchange" in record)
    bodies = [{"schema": name, "body": body} for name, body in sorted(schemas.items())]
    written = [head, *(_with_schemas(record, schemas) for record in entries), *bodies]
    return "".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in written).encode()


def _with_schemas(record: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the record of a method or an exchange without schemas that are not there; there is a payload all the same.
    """
    lost = {key for key in ("input", "output", "schema") if record.get(key) and record[key] not in schemas}
    return {key: "" if key in lost else value for key, value in record.items() if key not in lost or key == "input"}


def _summaries(contents: Mapping[str, Any], known: ReferenceSet) -> Iterator[tuple[str, str]]:
    """
    Yield a summary for each service, method and exchange: ours where we know it, else what the deployment calls it.
    """
    # The title of the methods' document, which comes first by its name, is that of the service.
    for _, content in sorted(contents.items(), reverse=True):
        if "entries" not in content or "serviceName" not in content:
            continue
        name = content["serviceName"]
        service = known.service(name) if name in known.services else None
        yield name, service.summary if service else _title(content, name)
        for entry in content["entries"]:
            ours = ""
            if "route" in entry:
                method = service.methods.get(entry["name"]) if service else None
                if method and (method.verb, method.route) == (entry["method"].upper(), entry["route"]):
                    ours = method.summary
            else:
                exchange = service.exchanges.get(entry["name"]) if service else None
                if exchange and exchange.exchange == content["exchangePrefix"] + entry["exchange"]:
                    ours = exchange.summary
            yield f"{name}.{entry['name']}", ours or _title(entry, entry["name"])


def _title(entry: Mapping[str, Any], name: str) -> str:
    return str(entry["title"].rstrip(".") or name)
