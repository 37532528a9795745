"""
What the examples of the object service need beyond the common deployment: an upload to finish.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.transfer_env import later

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.examples.example_deployment import ExampleDeployment


def begun(deployment: ExampleDeployment) -> None:
    """
    An object has its bytes, and its upload is open.
    """
    inline = {"contentType": "text/plain", "objectData": "aGVsbG8K"}
    upload = {"projectId": "example", "uploadId": "cXyVxpq8Tv2dTCXVFZZ1zQ", "expires": later(days=7)}
    proposed = {"proposedUploadMethods": {"dataInline": inline}}
    deployment.call("object.createUpload", "example/hello.txt", payload={**upload, **proposed})


PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {"finishUpload": begun}

ENDS_WITH: dict[str, int] = {}
