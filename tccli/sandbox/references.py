"""
What a deployment publishes about itself: references and schemas.

They are put together from the stored facts, in the published shape, so a client or a code generator can be pointed
here.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.sandbox.call import Answer

if TYPE_CHECKING:
    from tccli.references import Exchange, Method, RoutingKey, ServiceReference
    from tccli.sandbox.http.request import Request

ROBOTS = Answer(text="User-Agent: *\nDisallow: /\n", headers={"content-type": "text/plain; charset=utf-8"})


def find(request: Request, root_url: str) -> Answer | None:
    """
    Return the document at a path, or None.
    """
    if request.verb not in {"GET", "HEAD"}:
        return None
    if request.path == "/robots.txt":
        return ROBOTS
    if request.path == "/references/references.json":
        return Answer([{"filename": name, "content": content} for name, content in published().items()])
    document = published().get(request.path.removeprefix("/"))
    if document is None:
        return None
    if "$id" in document:
        document = {**document, "$id": root_url + document["$id"]}
    return Answer({**document, "$schema": root_url + document["$schema"]})


@cache
def published() -> dict[str, Any]:
    """
    Return all documents by file name, as in the roll-up: references and schemas, with ids that begin with a slash.
    """
    services = [references.service(name) for name in references.service_names()]
    found: dict[str, Any] = {}
    for service in services:
        folder = f"references/{service.name}/{service.version}"
        found[f"{folder}/api.json"] = _api(service)
        if service.exchanges:
            found[f"{folder}/exchanges.json"] = _exchanges(service)
    manifest = {"$schema": "/schemas/common/manifest-v3.json#", "references": [f"/{name}" for name in sorted(found)]}
    found["references/manifest.json"] = manifest
    for service in services:
        for name, body in {**_schemaless(service), **service.schemas}.items():
            path = f"schemas/{service.name}/{service.version}/{name}"
            found[path] = {"$schema": "/schemas/common/metaschema.json#", "$id": f"/{path}#", **body}
    return found


def _schemaless(service: ServiceReference) -> dict[str, Any]:
    """
    Return a schema that says nothing for each payload of which nobody here has one: that there is one must be said.
    """
    methods = service.methods.values()
    return {_unknown_schema(method): {} for method in methods if method.takes_payload and method.input is None}


def _unknown_schema(method: Method) -> str:
    return f"{method.name}-request.json"


def _api(service: ServiceReference) -> dict[str, Any]:
    return {
        "$schema": "/schemas/common/api-reference-v0.json#",
        "apiVersion": service.version,
        "serviceName": service.name,
        "title": service.name,
        "description": service.summary,
        "entries": [_method(method) for method in service.methods.values()],
    }


def _method(method: Method) -> dict[str, Any]:
    payload = (method.input or _unknown_schema(method)) if method.takes_payload else None
    entry = {
        "type": "function",
        "method": method.verb.lower(),
        "route": method.route,
        "query": list(method.query),
        "args": list(method.args),
        "name": method.name,
        "category": method.category,
        "stability": method.stability,
        "title": method.name,
        "description": method.summary,
        "input": payload and f"{method.version}/{payload}#",
        "output": method.output and f"{method.version}/{method.output}#",
        "scopes": method.scopes,
    }
    return {key: value for key, value in entry.items() if value is not None}


def _exchanges(service: ServiceReference) -> dict[str, Any]:
    entries = list(service.exchanges.values())
    topics = [exchange.exchange.rpartition("/") for exchange in entries]
    return {
        "$schema": "/schemas/common/exchanges-reference-v0.json#",
        "apiVersion": service.version,
        "serviceName": service.name,
        "title": service.name,
        "description": service.summary,
        "exchangePrefix": topics[0][0] + "/",
        "entries": [
            _exchange(exchange, topic, service.version) for exchange, (_, _, topic) in zip(entries, topics, strict=True)
        ],
    }


def _exchange(exchange: Exchange, topic: str, version: str) -> dict[str, Any]:
    entry = {
        "type": "topic-exchange",
        "exchange": topic,
        "name": exchange.name,
        "title": exchange.name,
        "description": exchange.summary,
        "routingKey": [_routing_key(key) for key in exchange.keys],
        "schema": exchange.schema and f"{version}/{exchange.schema}#",
    }
    return {key: value for key, value in entry.items() if value is not None}


def _routing_key(key: RoutingKey) -> dict[str, Any]:
    entry = {"name": key.name, "summary": key.name, "multipleWords": key.multiple_words, "required": False}
    return entry if key.constant is None else {**entry, "constant": key.constant, "required": True}
