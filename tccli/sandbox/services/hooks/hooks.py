"""
hooks: hooks, their groups and their trigger tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slugid

from tccli.sandbox import events
from tccli.sandbox.call import Response
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.http.json_text import dumps
from tccli.sandbox.registry import Service
from tccli.sandbox.services.auth.audit import record
from tccli.sandbox.services.hooks import fires, hook_table, schedule, trigger_schema
from tccli.sandbox.services.hooks.hook_table import Hook

if TYPE_CHECKING:
    from tccli.sandbox.call import Call

service = Service("hooks")

service.match_arguments(hookGroupId="^[a-zA-Z0-9-_]{1,1000}$", hookId="^[a-zA-Z0-9-_/]{1,1000}$")

DENIED_EXCHANGES = ("exchange/taskcluster-queue/v1/task-created", "exchange/taskcluster-hooks/")


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
    trigger_schema.check(definition["triggerSchema"])
    _check_bindings(definition.get("bindings", []))
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
    trigger_schema.check(definition["triggerSchema"])
    schedule.check(definition["schedule"])
    # An error shows them, too.
    definition.setdefault("bindings", hook.bindings)
    _check_bindings(definition["bindings"])
    hook.metadata, hook.task = definition["metadata"], definition["task"]
    hook.schedule, hook.trigger_schema = definition["schedule"], definition["triggerSchema"]
    hook.bindings = definition["bindings"]
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
    definition |= {name: call.args[name] for name in ("hookGroupId", "hookId")}
    return definition


def _check_bindings(bindings: list[dict[str, str]]) -> None:
    # As in the service's default configuration: such hooks would fire themselves.
    if any(binding["exchange"].startswith(DENIED_EXCHANGES) for binding in bindings):
        wrong = f"One or more of the exchanges below have been denied access to hooks\n{dumps(bindings)}"
        raise ApiError("InputError", "{{wrong}}", wrong=wrong)
