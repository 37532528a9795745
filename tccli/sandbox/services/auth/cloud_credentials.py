"""
auth: credentials for other services, of which this deployment has none.
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
)
service.check_query("awsS3Credentials", format="^iam-role-compat$")


@service.method("awsS3Credentials")
def refuse_aws(call: Call) -> Response:
    """
    Know no bucket.
    """
    level, bucket, prefix = (call.args[name] for name in ("level", "bucket", "prefix"))
    if level not in LEVELS:
        says = "the 'level' URL parameter must be read-only or read-write, not {{level}}"
        raise ApiError("InvalidRequestArguments", says, level=level)
    call.authorize(levelIsReadOnly=level == LEVELS[0], bucket=bucket, prefix=prefix)
    if prefix.startswith("/"):
        raise ApiError("InvalidRequestArguments", "The `prefix` may not start with a slash `/`")
    raise ApiError("ResourceNotFound", "Bucket {{bucket}} is not configured", bucket=bucket)


@service.method("gcpCredentials")
def refuse_gcp(call: Call) -> NoReturn:
    """
    Allow no service account.
    """
    says = "The service account {{account}} isn't allowed"
    raise ApiError("InvalidRequestArguments", says, account=call.args["serviceAccount"])


@service.method("sentryDSN")
def refuse_sentry(call: Call) -> NoReturn:
    """
    Know no project.
    """
    raise ApiError("ResourceNotFound", "Sentry is not configured: no project {{project}}", project=call.args["project"])


@service.method("websocktunnelToken")
def refuse_websocktunnel(_call: Call) -> NoReturn:
    """
    Trip over the secret that is not there, as the service does.
    """
    raise InternalError("Error: secretOrPrivateKey must have a value")


@service.method("githubRepoToken")
def refuse_github(call: Call) -> NoReturn:
    """
    Know no application.
    """
    app, owner = call.args["appName"], call.args["owner"].lower()
    permissions = call.payload["permissions"].items()
    repositories = [repository.lower() for repository in call.payload["repositories"]]
    wanted = [f"{name}:{permission}:{level}" for permission, level in permissions for name in repositories]
    call.authorize(appName=app, owner=owner, repoPerms=wanted)
    raise ApiError("ResourceNotFound", "Application with name `{{app}}` is not configured", app=app)
