"""
auth: expansion of scopes, and methods that check signatures.
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

# The prefix of awsS3Credentials.
service.allow_slashes("prefix")

TESTER, TESTER_TOKEN = "tester", "no-secret"  # published for tests of signatures


@service.method("expandScopes")
def expand_scopes(call: Call) -> Response:
    return Response({"scopes": call.state.accounts.expand(call.payload["scopes"])})


@service.method("currentScopes")
def current_scopes(call: Call) -> Response:
    return Response({"scopes": call.identity.scopes})


@service.method("authenticateHawk")
def authenticate_hawk(call: Call) -> Response:
    # An invalid signature is not an error here, but a response.
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
    assert identity.expires is not None  # every client of the deployment expires
    document = {"scopes": identity.scopes, "expires": to_json(identity.expires)}
    if identity.client_id is None:
        return Response({"status": "no-auth", "scheme": "none", **document})
    document |= {"status": "auth-success", "scheme": "hawk", "clientId": identity.client_id}
    return Response(document if identity.payload_hash is None else {**document, "hash": identity.payload_hash})


@service.method("testAuthenticate")
def test_authenticate(call: Call) -> Response:
    """
    Check the signature of this request as if its client had the scopes in the payload.
    """
    return _authenticate_tester(call, call.payload["clientScopes"], call.payload["requiredScopes"])


@service.method("testAuthenticateGet")
def test_authenticate_get(call: Call) -> Response:
    """
    Check the signature of this request as if its client had fixed scopes. It may be a signed URL.
    """
    return _authenticate_tester(call, ["test:*", "auth:create-client:test:*"], ["test:authenticate-get"])


def _authenticate_tester(call: Call, client_scopes: list[str], required: list[str]) -> Response:
    def get_client(client_id: str) -> Issuer:
        if client_id != TESTER:
            raise SignatureError(f"Client with clientId '{client_id}' not found")
        return Issuer(TESTER, TESTER_TOKEN, client_scopes, None)

    identity = identify(call.request, now=call.now, get_client=get_client, expand=lambda scopes: scopes)
    require_scopes(identity, {"AllOf": required})
    return Response({"clientId": identity.client_id or "auth-failed:no-auth", "scopes": identity.scopes})
