"""
auth: which scopes there are in a request, and the methods to try signing with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.sandbox.auth import signature
from tccli.sandbox.auth.certificates import Issuer, SignatureError
from tccli.sandbox.call import Response, require_scopes
from tccli.sandbox.clock import to_json
from tccli.sandbox.http.request import identify
from tccli.sandbox.registry import Service

if TYPE_CHECKING:
    from tccli.sandbox.call import Call

service = Service("auth")

# Of awsS3Credentials.
service.allow_slashes("prefix")

TESTER, TESTER_TOKEN = "tester", "no-secret"  # published: everybody may try signing with them


@service.method("expandScopes")
def expand_scopes(call: Call) -> Response:
    """
    Add to scopes what the roles give.
    """
    return Response({"scopes": call.state.accounts.expand(call.payload["scopes"])})


@service.method("currentScopes")
def current_scopes(call: Call) -> Response:
    """
    Show the scopes of this very request.
    """
    return Response({"scopes": call.identity.scopes})


@service.method("authenticateHawk")
def authenticate_hawk(call: Call) -> Response:
    """
    Judge the signature of a request that somebody else got; a bad one is no error here.
    """
    payload, accounts = call.payload, call.state.accounts
    request = signature.SignedRequest(
        method=payload["method"].upper(),
        resource=payload["resource"],
        host=payload["host"],
        port=int(payload["port"]),
        authorization=payload.get("authorization", ""),
    )
    try:
        identity = signature.authenticate(request, now=call.now, get_client=accounts.get_client, expand=accounts.expand)
    except SignatureError as error:
        return Response({"status": "auth-failed", "message": str(error)})
    assert identity.expires is not None  # all clients of the deployment have an end
    answer = {"scopes": identity.scopes, "expires": to_json(identity.expires)}
    if identity.client_id is None:
        return Response({"status": "no-auth", "scheme": "none", **answer})
    answer |= {"status": "auth-success", "scheme": "hawk", "clientId": identity.client_id}
    return Response(answer if identity.payload_hash is None else {**answer, "hash": identity.payload_hash})


@service.method("testAuthenticate")
def test_authenticate(call: Call) -> Response:
    """
    Judge this request as if its signer were a client with scopes of its choice.
    """
    return _judge(call, call.payload["clientScopes"], call.payload["requiredScopes"])


@service.method("testAuthenticateGet")
def test_authenticate_get(call: Call) -> Response:
    """
    Judge this request as that of a client with fixed scopes: a URL can be signed for it.
    """
    return _judge(call, ["test:*", "auth:create-client:test:*"], ["test:authenticate-get"])


def _judge(call: Call, held: list[str], required: list[str]) -> Response:
    def get_client(client_id: str) -> Issuer:
        if client_id != TESTER:
            raise SignatureError(f"Client with clientId '{client_id}' not found")
        return Issuer(TESTER, TESTER_TOKEN, held, None)

    identity = identify(call.request, now=call.now, get_client=get_client, expand=lambda scopes: scopes)
    require_scopes(identity, {"AllOf": required})
    return Response({"clientId": identity.client_id or "auth-failed:no-auth", "scopes": identity.scopes})
