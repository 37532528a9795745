"""
worker-manager: the providers of this deployment: static, null, and those that the user named, which start no workers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.schemas.validate import find_problems
from tccli.sandbox.call import Response
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.registry import Service

if TYPE_CHECKING:
    from tccli.sandbox.call import Call
    from tccli.sandbox.state import State

service = Service("worker-manager")

STATIC, NULL = "static", "null-provider"
TYPES = (STATIC, "aws", "azure", "google")
DEFAULT_LIMIT = 100
NAME = "^([a-zA-Z0-9-_]{1,38})$"
LAUNCH_CONFIG = "^[a-zA-Z0-9-]{1,38}$"
service.match_arguments(
    workerPoolId="^[a-zA-Z0-9-_]{1,38}/[a-z]([-a-z0-9]{0,36}[a-z0-9])?$",
    workerGroup=NAME,
    workerId=NAME,
)
service.check_query("listProviders", continuationToken="^[0-9]+$")


@service.method("listProviders")
def list_providers(call: Call) -> Response:
    # The token is a plain number, as in the service.
    # As in the service, the null provider is not listed.
    listed = [{"providerId": name, "providerType": kind} for name, kind in call.state.providers.items()]
    start = int(call.query.get("continuationToken", "0"))
    end = start + int(call.query.get("limit", str(DEFAULT_LIMIT)))
    token = {"continuationToken": str(end)} if 0 < end < len(listed) else {}
    return Response({"providers": listed[start:end], **token})


def parse_providers(text: str) -> dict[str, str]:
    """
    Parse names of providers, separated by commas: ``aws,my-pools=google``.

    Returns:
        Their types by name. A name without a type is that type.

    Raises:
        ValueError: A type does not exist, or a name is not valid.
    """
    found = {}
    for item in text.split(","):
        name, _, kind = item.strip().partition("=")
        kind = kind or name
        if kind not in TYPES:
            raise ValueError(f"{kind!r} is not a type of provider; write NAME={'|'.join(TYPES[1:])}")
        if not re.fullmatch(NAME, name) or (name in {STATIC, NULL} and kind != name):
            raise ValueError(f"{name!r} is not the name of a provider")
        found[name] = kind
    return found


def exists(state: State, provider: str) -> bool:
    """
    Return whether a provider exists, listed or not.
    """
    return provider == NULL or provider in state.providers


def check(state: State, provider: str) -> None:
    """
    Check that a provider exists.

    Raises:
        ApiError: 400.
    """
    if not exists(state, provider):
        valid = [*state.providers, NULL]
        raise ApiError("InputError", "Invalid Provider", providerId=provider, validProviderIds=valid)


def check_config(call: Call, provider: str, config: Any) -> None:
    """
    Check that a pool's configuration matches its provider's schema, and fill in defaults.

    Raises:
        ApiError: 400.
    """
    kind = "null" if provider == NULL else call.state.providers[provider]
    schema = f"config-{kind}.json"
    wrong = find_problems(references.service("worker-manager"), schema, config)
    if wrong:
        version = references.service("worker-manager").version
        where = f"{call.state.root_url}/schemas/worker-manager/{version}/{schema}#"
        listed = "".join(f"\n  * {problem}" for problem in wrong)
        message = f"\nSchema Validation Failed!\nRejecting Schema: {where}\nErrors:{listed}"
        raise ApiError("InputValidationError", message)
    lifecycle = config.get("lifecycle")
    # The schema of the static provider refers to the timeout's schema for it, whose default is then ignored.
    if provider not in {NULL, STATIC} and lifecycle is not None:
        lifecycle.setdefault("reregistrationTimeout", 4 * 24 * 3600)
