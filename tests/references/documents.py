"""
References of a service that there is not, as deployments publish them.
"""

from __future__ import annotations

from typing import Any

API: dict[str, Any] = {
    "$schema": "/schemas/common/api-reference-v0.json#",
    "serviceName": "greet",
    "apiVersion": "v1",
    "title": "Greeting Service",
    "description": "Greets **people**, not machines.",
    "entries": [
        {
            "type": "function",
            "method": "post",
            "route": "/hello/<name>",
            "query": ["loud"],
            "args": ["name"],
            "name": "hello",
            "stability": "experimental",
            "category": "Greetings",
            "scopes": {
                "AllOf": [
                    "greet:hello:<name>",
                    {"for": "tongue", "in": "tongues", "each": "greet:speak:<tongue>"},
                    {"if": "loud", "then": {"AnyOf": ["greet:loud"]}, "else": "greet:low"},
                ]
            },
            "input": "v1/hello.json#",
            "output": "v1/answer.json#",
            "title": "Say Hello",
            "description": "Says hello to somebody.\n\nTwice, if need be.",
        },
        {
            "type": "function",
            "method": "get",
            "route": "/greeted/<name>/<place>",
            "query": ["continuationToken", "limit"],
            "args": ["name", "place"],
            "name": "listGreeted",
            "stability": "stable",
            "output": "blob",
            "title": "List the Greeted",
            "description": "",
        },
    ],
}
EXCHANGES: dict[str, Any] = {
    "$schema": "/schemas/common/exchanges-reference-v0.json#",
    "serviceName": "greet",
    "apiVersion": "v1",
    "exchangePrefix": "exchange/taskcluster-greet/v1/",
    "title": "Greeting Messages",
    "description": "Who was greeted.",
    "entries": [
        {
            "type": "topic-exchange",
            "name": "greeted",
            "exchange": "greeted",
            "routingKey": [
                {
                    "name": "routingKeyKind",
                    "summary": "",
                    "constant": "primary",
                    "multipleWords": False,
                    "required": True,
                },
                {"name": "who", "summary": "", "multipleWords": False, "required": True},
                {"name": "reserved", "summary": "", "multipleWords": True, "required": False},
            ],
            "schema": "v1/hello.json#",
            "title": "Greeted",
            "description": "Somebody was.",
        }
    ],
}
HELLO: dict[str, Any] = {
    "$id": "/schemas/greet/v1/hello.json#",
    "$schema": "/schemas/common/metaschema.json#",
    "title": "Hello",
    "type": "object",
    "properties": {
        "words": {"type": "array", "items": {"$ref": "answer.json#/definitions/word"}},
        "tone": {"enum": ["high", "low"]},
    },
    "additionalProperties": False,
    "required": ["words"],
}
ANSWER: dict[str, Any] = {
    "$id": "/schemas/greet/v1/answer.json#",
    "type": "object",
    "properties": {"said": {"$ref": "#/definitions/word"}},
    "definitions": {"word": {"type": "string", "pattern": "^[a-z]+$"}},
}
CONTENTS: dict[str, Any] = {
    "references/greet/v1/api.json": API,
    "references/greet/v1/exchanges.json": EXCHANGES,
    "references/greet/v1/logs.json": {"serviceName": "greet", "types": []},
    "references/manifest.json": {
        "references": ["/references/greet/v1/api.json", "/references/greet/v1/exchanges.json"]
    },
    "schemas/greet/v1/hello.json": HELLO,
    "schemas/greet/v1/answer.json": ANSWER,
    "schemas/common/metaschema.json": {"$ref": "http://json-schema.org/draft-06/schema#"},
}


def rollup(contents: dict[str, Any] = CONTENTS) -> list[dict[str, Any]]:
    """
    Return the documents in one.
    """
    return [{"filename": name, "content": content} for name, content in contents.items()]


def with_method(**changes: Any) -> dict[str, Any]:
    """
    Return an ``api.json`` whose first method is another; what is None is left out.
    """
    entry = {key: value for key, value in {**API["entries"][0], **changes}.items() if value is not None}
    return {**API, "entries": [entry, *API["entries"][1:]]}
