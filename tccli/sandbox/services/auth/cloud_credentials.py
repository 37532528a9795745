"""
auth: credentials for other services. This deployment has none, so every valid request is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.registry import Service

if TYPE_CHECKING:
    from tccli.sandbox.call import Call, Response

service = Service("auth")

LEVELS = ("read-only", "read-write")
service.match_arguments(
    wstAudience="^[a-zA-Z0-9_-]{1,38}$",
    wstClient="^[a-zA-Z0-9_~.%-]+$",
    appName="^[a-zA-Z0-9_-]+$",
    owner="^[A-Za-z0-9._-]+$",
    project="^[a-zA-Z0-9_-]{1,64}$",
    bucket="^[a-z0-9][a-z0-9-]{1,62}[a-z0-9]$",
)
service.check_query("awsS3Credentials", format="^iam-role-compat$")


@service.method("awsS3Credentials")
def aws_s3_credentials(call: Call) -> Response:
    level, bucket, prefix = (call.args[name] for name in ("level", "bucket", "prefix"))
    if level not in LEVELS:
        message = "the 'level' URL parameter must be read-only or read-write, not {{level}}"
        raise ApiError("InvalidRequestArguments", message, level=level)
    call.authorize(levelIsReadOnly=level == LEVELS[0], bucket=bucket, prefix=prefix)
    if prefix.startswith("/"):
        raise ApiError("InvalidRequestArguments", "The `prefix` may not start with a slash `/`")
    raise ApiError("ResourceNotFound", "Bucket {{bucket}} is not configured", bucket=bucket)


@service.method("gcpCredentials")
def gcp_credentials(call: Call) -> NoReturn:
    message = "The service account {{account}} isn't allowed"
    raise ApiError("InvalidRequestArguments", message, account=call.args["serviceAccount"])


@service.method("sentryDSN")
def sentry_dsn(call: Call) -> NoReturn:
    raise ApiError("ResourceNotFound", "Sentry is not configured: no project {{project}}", project=call.args["project"])


@service.method("websocktunnelToken")
def websocktunnel_token(_call: Call) -> NoReturn:
    # Without a configured secret, the service fails like this.
    raise InternalError("Error: secretOrPrivateKey must have a value")


@service.method("githubRepoToken")
def github_repo_token(call: Call) -> NoReturn:
    app, owner = call.args["appName"], call.args["owner"].lower()
    permissions = call.payload["permissions"].items()
    repositories = [repository.lower() for repository in call.payload["repositories"]]
    repo_permissions = [f"{name}:{permission}:{level}" for permission, level in permissions for name in repositories]
    call.authorize(appName=app, owner=owner, repoPerms=repo_permissions)
    raise ApiError("ResourceNotFound", "Application with name `{{app}}` is not configured", app=app)
