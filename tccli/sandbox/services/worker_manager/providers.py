"""
worker-manager: the providers of this deployment, static and null.
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
"""Of a pool's configuration, by provider."""
LISTED = [{"providerId": STATIC, "providerType": "static"}]
"""As in the service, the null provider is not listed."""

DEFAULT_LIMIT = 100
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
    # The token is a plain number, as in the service.
    start = int(call.query.get("continuationToken", "0"))
    end = start + int(call.query.get("limit", str(DEFAULT_LIMIT)))
    token = {"continuationToken": str(end)} if 0 < end < len(LISTED) else {}
    return Response({"providers": LISTED[start:end], **token})


def check(provider: str) -> None:
    """
    Check that a provider exists.

    Raises:
        ApiError: 400.
    """
    if provider not in SCHEMAS:
        raise ApiError("InputError", "Invalid Provider", providerId=provider, validProviderIds=list(SCHEMAS))


def check_config(call: Call, provider: str, config: Any) -> None:
    """
    Check that a pool's configuration matches its provider's schema, and fill in defaults.

    Raises:
        ApiError: 400.
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
