"""
The methods that every service has: ``ping``, ``version``, ``heartbeat`` and ``lbheartbeat``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tccli import references
from tccli.sandbox.call import Response
from tccli.sandbox.registry import Service

if TYPE_CHECKING:
    from tccli.sandbox.call import Call


def create_services() -> list[Service]:
    """
    Return the handlers of these methods for each service.
    """
    services = []
    for name in references.service_names():
        service = Service(name)
        service.method("ping")(ping)
        service.method("version")(version)
        service.method("heartbeat", "lbheartbeat")(heartbeat)
        services.append(service)
    return services


def ping(call: Call) -> Response:
    return Response({"alive": True, "uptime": time.monotonic() - call.state.started})


def version(call: Call) -> Response:
    release = references.service(call.method.service).release
    source = "https://github.com/taskcluster/taskcluster"
    return Response({"version": release, "commit": "sandbox", "source": source, "build": "NONE"})


def heartbeat(_call: Call) -> Response:
    return Response({})
