"""
Published references as records that can replace the built-in ones.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli import names
from tccli.references.importing.convert import convert_rollup
from tccli.references.importing.errors import InvalidReferenceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tccli.references import ReferenceSet


def convert_documents(documents: Mapping[str, Any], known: ReferenceSet) -> dict[str, bytes]:
    """
    Return the records of each service.

    Args:
        documents: Published documents by name, validated.
        known: Gives the summaries of the methods that are the same; the others get the published title.

    Raises:
        InvalidReferenceError: The name of a service differs from a known one only in its spelling.
    """
    rollup = [{"filename": name, "content": content} for name, content in documents.items()]
    found = convert_rollup(rollup, None, dict(_summaries(documents, known)), prose=True)
    for service in found:
        other = names.find(service, known.service_names())
        if other not in {None, service}:
            raise InvalidReferenceError(f"the service {service} cannot be told apart from {other} on a command line")
    return {service: text.encode() for service, text in found.items()}


def complete(contents: Mapping[str, bytes], known: ReferenceSet) -> dict[str, bytes]:
    """
    Return *contents* with the methods or the exchanges of known services where they have none.

    A single ``api.json`` has no exchanges, and a single ``exchanges.json`` has no methods.
    """
    return {
        service: _complete(content, known.service(service).records) if service in known.services else content
        for service, content in contents.items()
    }


def _complete(content: bytes, known: list[str]) -> bytes:
    head, *records = content.decode().rstrip("\n").split("\n")
    kinds = {_key(record)[0] for record in records}
    if {"method", "exchange"} <= kinds:
        return content
    if "method" in kinds:
        head = json.dumps({**json.loads(head), "exchanges": json.loads(known[0])["exchanges"]}, ensure_ascii=False)
    else:
        head = json.dumps({**json.loads(known[0]), "exchanges": json.loads(head)["exchanges"]}, ensure_ascii=False)
    present = {_key(record) for record in records}
    added = [
        record for record in known[1:] if _key(record)[0] not in kinds - {"schema"} and _key(record) not in present
    ]
    order = ("method", "exchange", "schema")
    merged = sorted([*records, *added], key=lambda record: order.index(_key(record)[0]))
    return "".join(f"{record}\n" for record in (head, *merged)).encode()


def _key(record: str) -> tuple[str, str]:
    # {"method":"ping",… is method and ping.
    kind, name = record.split('"', 4)[1:4:2]
    return kind, name


def _summaries(documents: Mapping[str, Any], known: ReferenceSet) -> Iterator[tuple[str, str]]:
    # By service, service.method and service.exchange: the known summary, or else the published title. The title of a
    # service is that of its api.json, which is sorted last here and so replaces that of its exchanges.json.
    for _, content in sorted(documents.items(), reverse=True):
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
