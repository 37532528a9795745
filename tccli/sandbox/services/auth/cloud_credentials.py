"""
auth: credentials for other services.

This deployment has none but, if it is configured, those of websocktunnel, so every other valid request is an error.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, NoReturn

from tccli.sandbox.call import Response
from tccli.sandbox.clock import to_json
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.http.json_text import dumps
from tccli.sandbox.registry import Service

if TYPE_CHECKING:
    from tccli.sandbox.call import Call

service = Service("auth")

WEBSOCKTUNNEL_SECONDS, WEBSOCKTUNNEL_SKEW_SECONDS = 96 * 3600, 15 * 60
READ_ONLY = "read-only"
service.match_arguments(
    wstAudience="^[a-zA-Z0-9_-]{1,38}$",
    wstClient="^[a-zA-Z0-9_~.%-]+$",
    appName="^[a-zA-Z0-9_-]+$",
    owner="^[A-Za-z0-9._-]+$",
    project="^[a-zA-Z0-9_-]{1,64}$",
    bucket="^[a-z0-9][a-z0-9-]{1,62}[a-z0-9]$",
    level="^(read-write|read-only)$",
)
service.check_query("awsS3Credentials", format="iam-role-compat")


@service.method("awsS3Credentials")
def aws_s3_credentials(call: Call) -> Response:
    level, bucket, prefix = (call.args[name] for name in ("level", "bucket", "prefix"))
    call.authorize(levelIsReadOnly=level == READ_ONLY, bucket=bucket, prefix=prefix)
    raise ApiError("ResourceNotFound", "Bucket {{bucket}} is not configured", bucket=bucket)


@service.method("gcpCredentials")
def gcp_credentials(call: Call) -> NoReturn:
    message = "The service account {{account}} isn't allowed"
    raise ApiError("InvalidRequestArguments", message, account=call.args["serviceAccount"])


@service.method("sentryDSN")
def sentry_dsn(call: Call) -> NoReturn:
    raise ApiError("ResourceNotFound", "Sentry is not configured: no project {{project}}", project=call.args["project"])


@service.method("websocktunnelToken")
def websocktunnel_token(call: Call) -> Response:
    secret = call.state.websocktunnel_secret
    if not secret:
        # Without a configured secret, the service fails like this.
        raise InternalError("Error: secretOrPrivateKey must have a value")
    names = {name: call.args[name] for name in ("wstClient", "wstAudience")}
    now = call.now // 1000
    claims = {
        "tid": names["wstClient"],
        "sub": call.client_id,
        "iat": now,
        "nbf": now - WEBSOCKTUNNEL_SKEW_SECONDS,
        "exp": now + WEBSOCKTUNNEL_SECONDS,
        "aud": names["wstAudience"],
        "iss": "taskcluster-auth",
    }
    header = {"alg": "HS256", "typ": "JWT"}
    signed = f"{_encode_base64url(dumps(header).encode())}.{_encode_base64url(dumps(claims).encode())}"
    mac = hmac.digest(secret.encode(), signed.encode(), "sha256")
    token = f"{signed}.{_encode_base64url(mac)}"
    return Response({**names, "token": token, "expires": to_json((now + WEBSOCKTUNNEL_SECONDS) * 1000)})


def _encode_base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


@service.method("githubRepoToken")
def github_repo_token(call: Call) -> NoReturn:
    app, owner = call.args["appName"], call.args["owner"].lower()
    permissions = call.payload["permissions"].items()
    repositories = [repository.lower() for repository in call.payload["repositories"]]
    repo_permissions = [f"{name}:{permission}:{level}" for permission, level in permissions for name in repositories]
    call.authorize(appName=app, owner=owner, repoPerms=repo_permissions)
    raise ApiError("ResourceNotFound", "Application with name `{{app}}` is not configured", app=app)
