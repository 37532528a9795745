"""
The references and schemas that a deployment publishes.

They are built from the stored facts in the published form, so that clients and code generators can read them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.sandbox.call import Response

if TYPE_CHECKING:
    from tccli.references import Method, ServiceReference
    from tccli.references.exchanges import Exchange, RoutingKey
    from tccli.sandbox.http.request import Request

ROBOTS = Response(text="User-Agent: *\nDisallow: /\n", headers={"content-type": "text/plain; charset=utf-8"})


def find(request: Request, root_url: str) -> Response | None:
    """
    Return the response with the document at a path, or None.
    """
    if request.verb not in {"GET", "HEAD"}:
        return None
    if request.path == "/robots.txt":
        return ROBOTS
    if request.path == "/references/references.json":
        return Response([{"filename": name, "content": content} for name, content in published().items()])
    document = published().get(request.path.removeprefix("/"))
    if document is None:
        return None
    if "$id" in document:
        document = {**document, "$id": root_url + document["$id"]}
    return Response({**document, "$schema": root_url + document["$schema"]})


@cache
def published() -> dict[str, Any]:
    """
    Return all references and schemas by file name, with ids that begin with a slash, as in references.json.
    """
    services = [references.service(name) for name in references.service_names()]
    found: dict[str, Any] = {}
    for service in services:
        directory = f"references/{service.name}/{service.version}"
        found[f"{directory}/api.json"] = _api(service)
        if service.exchanges:
            found[f"{directory}/exchanges.json"] = _exchanges(service)
    manifest = {"$schema": "/schemas/common/manifest-v3.json#", "references": [f"/{name}" for name in sorted(found)]}
    found["references/manifest.json"] = manifest
    for service in services:
        for name, body in {**_placeholder_schemas(service), **service.schemas}.items():
            path = f"schemas/{service.name}/{service.version}/{name}"
            found[path] = {"$schema": "/schemas/common/metaschema.json#", "$id": f"/{path}#", **body}
    return found


def _placeholder_schemas(service: ServiceReference) -> dict[str, Any]:
    # Clients see from the schema that a method takes a payload, so an unknown payload gets an empty schema.
    methods = service.methods.values()
    return {_placeholder_name(method): {} for method in methods if method.takes_payload and method.input is None}


def _placeholder_name(method: Method) -> str:
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
    payload = (method.input or _placeholder_name(method)) if method.takes_payload else None
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
