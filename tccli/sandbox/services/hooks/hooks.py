"""
hooks: hooks, their groups and their trigger tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slugid
from jsonschema import Draft7Validator

from tccli.sandbox import events
from tccli.sandbox.call import Response
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.registry import Service
from tccli.sandbox.services.auth.audit import record
from tccli.sandbox.services.hooks import fires, hook_table, schedule
from tccli.sandbox.services.hooks.hook_table import Hook

if TYPE_CHECKING:
    from tccli.sandbox.call import Call

service = Service("hooks")

service.match_arguments(hookGroupId="^[a-zA-Z0-9-_]{1,1000}$", hookId="^[a-zA-Z0-9-_/]{1,1000}$")

SCHEMA_DIALECT = "http://json-schema.org/draft-07/schema"


@service.method("listHookGroups")
def list_hook_groups(call: Call) -> Response:
    rows = call.state.store.all("SELECT DISTINCT hook_group_id FROM hooks ORDER BY hook_group_id")
    return Response({"groups": [row["hook_group_id"] for row in rows]})


@service.method("listHooks")
def list_hooks(call: Call) -> Response:
    hooks = hook_table.list_group(call.state.store, call.args["hookGroupId"])
    if not hooks:
        raise ApiError("ResourceNotFound", "No such group")
    return Response({"hooks": [hook.definition() for hook in hooks]})


@service.method("hook")
def show_hook(call: Call) -> Response:
    return Response(load(call).definition())


@service.method("createHook")
def create_hook(call: Call) -> Response:
    # Creating a hook twice with the same content succeeds.
    definition = _complete(call)
    schedule.check(definition["schedule"])
    _check_schema(definition["triggerSchema"])
    hook = Hook.new(definition, schedule.next_date(definition["schedule"], call.now))
    if hook_table.insert(call.state.store, hook):
        record(call, "hook", hook.name, "created")
    elif definition != load(call).definition():
        raise ApiError("RequestConflict", f"hook `{hook.name}` already exists.")
    _publish(call, "hookCreated")
    return Response(definition)


@service.method("updateHook")
def update_hook(call: Call) -> Response:
    definition = _complete(call)
    hook = load(call)
    _check_schema(definition["triggerSchema"])
    schedule.check(definition["schedule"])
    hook.metadata, hook.task = definition["metadata"], definition["task"]
    hook.schedule, hook.trigger_schema = definition["schedule"], definition["triggerSchema"]
    hook.bindings = definition.get("bindings", hook.bindings)
    hook.next_task_id, hook.next_date = slugid.nice(), schedule.next_date(hook.schedule, call.now)
    hook_table.update(call.state.store, hook)
    record(call, "hook", hook.name, "updated")
    _publish(call, "hookUpdated")
    return Response(hook.definition())


@service.method("removeHook")
def remove_hook(call: Call) -> Response:
    # Deleting a hook that does not exist succeeds, and is published.
    group, hook_id = call.args["hookGroupId"], call.args["hookId"]
    call.state.store.run("DELETE FROM hooks WHERE hook_group_id = ? AND hook_id = ?", group, hook_id)
    fires.delete(call.state, group, hook_id)
    record(call, "hook", f"{group}/{hook_id}", "deleted")
    _publish(call, "hookDeleted")
    return Response({})


def _publish(call: Call, event: str) -> None:
    which = {name: call.args[name] for name in ("hookGroupId", "hookId")}
    events.publish(call.state, f"hooks.{event}", {}, which)
    # The service, too, binds an exchange only after this message.
    hook_table.find_bound_exchanges(call.state)


@service.method("getTriggerToken")
def get_trigger_token(call: Call) -> Response:
    return Response({"token": load(call).trigger_token})


@service.method("resetTriggerToken")
def reset_trigger_token(call: Call) -> Response:
    hook = load(call)
    hook.trigger_token = slugid.nice()
    hook_table.update(call.state.store, hook)
    return Response({"token": hook.trigger_token})


def load(call: Call) -> Hook:
    """
    Return the hook of a call.

    Raises:
        ApiError: 404.
    """
    hook = hook_table.get(call.state.store, call.args["hookGroupId"], call.args["hookId"])
    if hook is None:
        raise ApiError("ResourceNotFound", "No such hook")
    return hook


def _complete(call: Call) -> dict[str, Any]:
    # Adds the ids of the path to the definition in the payload.
    definition: dict[str, Any] = call.payload
    for name, message in (("hookGroupId", "Hook Group Ids do not match"), ("hookId", "Hook Ids do not match")):
        if definition.get(name, call.args[name]) != call.args[name]:
            raise ApiError("InputError", message)
        definition[name] = call.args[name]
    definition["metadata"].setdefault("emailOnError", True)
    return definition


def _check_schema(schema: dict[str, Any]) -> None:
    dialect = schema.get("$schema", "")
    if not isinstance(dialect, str):
        raise InternalError("Error: $schema must be a string")
    if dialect and dialect.removesuffix("#") != SCHEMA_DIALECT:
        raise InternalError(f'Error: no schema with key or ref "{dialect}"')
    found = [
        f" * Property {error.json_path} {error.message}"
        for error in Draft7Validator(Draft7Validator.META_SCHEMA).iter_errors(schema)
    ]
    if found:
        listed = "\n".join(found)
        raise ApiError("InputError", "{{wrong}}", wrong=f"triggerSchema is not a valid JSON schema:\n{listed}")
