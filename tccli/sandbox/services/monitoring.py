"""
The methods that every service has: is it alive, and which release is it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tccli import references
from tccli.sandbox.call import Answer
from tccli.sandbox.registry import handles

if TYPE_CHECKING:
    from tccli.sandbox.call import Call


@handles(*(f"{name}.ping" for name in references.service_names()))
def ping(call: Call) -> Answer:
    """
    Answer how long the sandbox has been running.
    """
    return Answer({"alive": True, "uptime": time.monotonic() - call.state.started})


@handles(*(f"{name}.version" for name in references.service_names()))
def version(call: Call) -> Answer:
    """
    Answer the release that the references were made from.
    """
    release = references.service(call.method.service).release
    source = "https://github.com/taskcluster/taskcluster"
    return Answer({"version": release, "commit": "sandbox", "source": source, "build": "NONE"})


@handles(*(f"{name}.{beat}" for name in references.service_names() for beat in ("heartbeat", "lbheartbeat")))
def heartbeat(_call: Call) -> Answer:
    """
    Answer that all is well.
    """
    return Answer({})
