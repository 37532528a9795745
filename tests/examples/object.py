"""
Examples of object: one needs an upload to finish.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.transfer_env import later

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.examples.example_deployment import ExampleDeployment


def start_upload(deployment: ExampleDeployment) -> None:
    """
    The object has its bytes, and its upload is not finished.
    """
    inline = {"contentType": "text/plain", "objectData": "aGVsbG8K"}
    upload = {"projectId": "example", "uploadId": "cXyVxpq8Tv2dTCXVFZZ1zQ", "expires": later(days=7)}
    proposed = {"proposedUploadMethods": {"dataInline": inline}}
    deployment.call("object.createUpload", "example/hello.txt", payload={**upload, **proposed})


PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {"finishUpload": start_upload}

EXIT_CODES: dict[str, int] = {}
