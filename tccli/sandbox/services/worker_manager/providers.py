"""
worker-manager: the providers of this deployment: workers that somebody starts by hand, and none at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.schemas.validate import find_problems
from tccli.sandbox.call import Response
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.registry import Service

if TYPE_CHECKING:
    from tccli.sandbox.call import Call

service = Service("worker-manager")

STATIC, NULL = "static", "null-provider"
SCHEMAS = {STATIC: "config-static.json", NULL: "config-null.json"}
"""By provider: what the configuration of its pools looks like."""
LISTED = [{"providerId": STATIC, "providerType": "static"}]
"""The one that takes pools apart is not listed."""

PAGE = 100
NAME = "^([a-zA-Z0-9-_]{1,38})$"
LAUNCH_CONFIG = "^[a-zA-Z0-9-_]{1,38}$"
service.match_arguments(
    workerPoolId="^[a-zA-Z0-9-_]{1,38}/[a-z]([-a-z0-9]{0,36}[a-z0-9])?$",
    workerGroup=NAME,
    workerId=NAME,
)
service.check_query("listProviders", continuationToken="^[0-9]+$")


@service.method("listProviders")
def list_providers(call: Call) -> Response:
    """
    List the providers; the token is a plain number here.
    """
    start = int(call.query.get("continuationToken", "0"))
    end = start + int(call.query.get("limit", str(PAGE)))
    token = {"continuationToken": str(end)} if 0 < end < len(LISTED) else {}
    return Response({"providers": LISTED[start:end], **token})


def check(provider: str) -> None:
    """
    Refuse a provider that the deployment does not have.
    """
    if provider not in SCHEMAS:
        raise ApiError("InputError", "Invalid Provider", providerId=provider, validProviderIds=list(SCHEMAS))


def check_config(call: Call, provider: str, config: Any) -> None:
    """
    Refuse a pool's configuration that is not of its provider's kind.
    """
    schema = SCHEMAS[provider]
    wrong = find_problems(references.service("worker-manager"), schema, config)
    if wrong:
        version = references.service("worker-manager").version
        where = f"{call.state.root_url}/schemas/worker-manager/{version}/{schema}#"
        listed = "".join(f"\n  * {problem}" for problem in wrong)
        message = f"\nSchema Validation Failed!\nRejecting Schema: {where}\nErrors:{listed}"
        raise ApiError("InputValidationError", message)
    lifecycle = config.get("lifecycle")
    if provider == STATIC and lifecycle is not None:
        lifecycle.setdefault("reregistrationTimeout", 4 * 24 * 3600)
