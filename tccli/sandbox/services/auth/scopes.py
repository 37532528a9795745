"""
auth: which scopes there are in a request, and the methods to try signing with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.sandbox.auth import signature
from tccli.sandbox.auth.certificates import Issuer, SignatureError
from tccli.sandbox.call import Answer, require
from tccli.sandbox.clock import to_json
from tccli.sandbox.http.request import identify
from tccli.sandbox.registry import allow_slashes, handles

if TYPE_CHECKING:
    from tccli.sandbox.call import Call

# Of awsS3Credentials.
allow_slashes("auth", "prefix")

TESTER, TESTER_TOKEN = "tester", "no-secret"  # published: everybody may try signing with them


@handles("auth.expandScopes")
def expand_scopes(call: Call) -> Answer:
    """
    Add to scopes what the roles give.
    """
    return Answer({"scopes": call.state.accounts.expand(call.payload["scopes"])})


@handles("auth.currentScopes")
def current_scopes(call: Call) -> Answer:
    """
    Show the scopes of this very request.
    """
    return Answer({"scopes": call.identity.scopes})


@handles("auth.authenticateHawk")
def authenticate_hawk(call: Call) -> Answer:
    """
    Judge the signature of a request that somebody else got; a bad one is no error here.
    """
    payload, accounts = call.payload, call.state.accounts
    request = signature.Signed(
        method=payload["method"].upper(),
        resource=payload["resource"],
        host=payload["host"],
        port=int(payload["port"]),
        authorization=payload.get("authorization", ""),
    )
    try:
        identity = signature.authenticate(request, now=call.now, load=accounts.load, expand=accounts.expand)
    except SignatureError as error:
        return Answer({"status": "auth-failed", "message": str(error)})
    assert identity.expires is not None  # all clients of the deployment have an end
    answer = {"scopes": identity.scopes, "expires": to_json(identity.expires)}
    if identity.client_id is None:
        return Answer({"status": "no-auth", "scheme": "none", **answer})
    answer |= {"status": "auth-success", "scheme": "hawk", "clientId": identity.client_id}
    return Answer(answer if identity.payload_hash is None else {**answer, "hash": identity.payload_hash})


@handles("auth.testAuthenticate")
def test_authenticate(call: Call) -> Answer:
    """
    Judge this request as if its signer were a client with scopes of its choice.
    """
    return _judge(call, call.payload["clientScopes"], call.payload["requiredScopes"])


@handles("auth.testAuthenticateGet")
def test_authenticate_get(call: Call) -> Answer:
    """
    Judge this request as that of a client with fixed scopes: a URL can be signed for it.
    """
    return _judge(call, ["test:*", "auth:create-client:test:*"], ["test:authenticate-get"])


def _judge(call: Call, held: list[str], required: list[str]) -> Answer:
    def load(client_id: str) -> Issuer:
        if client_id != TESTER:
            raise SignatureError(f"Client with clientId '{client_id}' not found")
        return Issuer(TESTER, TESTER_TOKEN, held, None)

    identity = identify(call.request, now=call.now, load=load, expand=lambda scopes: scopes)
    require(identity, {"AllOf": required})
    return Answer({"clientId": identity.client_id or "auth-failed:no-auth", "scopes": identity.scopes})
