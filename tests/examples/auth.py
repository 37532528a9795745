"""
Examples of auth: nothing to prepare. The deployment has no credentials for other services.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.examples.example_deployment import ExampleDeployment

PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {}

EXIT_CODES: dict[str, int] = {
    # No bucket is configured.
    "awsS3Credentials": 5,
    # No service account is.
    "gcpCredentials": 6,
    # No application is.
    "githubRepoToken": 5,
    # There is no Sentry.
    "sentryDSN": 5,
    # No secret is configured to sign tokens with: the service trips over that, and is asked again.
    "websocktunnelToken": 7,
}
