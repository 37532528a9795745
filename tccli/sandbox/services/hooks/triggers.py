"""
hooks: firing by a call, by a token, and by a pulse message.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Response
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.registry import Service
from tccli.sandbox.services.hooks import fires, hook_table, trigger_schema
from tccli.sandbox.services.hooks.fires import FireError
from tccli.sandbox.services.hooks.hooks import load
from tccli.sandbox.services.queue.tasks import SLUGID

if TYPE_CHECKING:
    from tccli.sandbox.call import Call
    from tccli.sandbox.messages import Message
    from tccli.sandbox.services.hooks.hook_table import Hook
    from tccli.sandbox.state import State

service = Service("hooks")
logger = logging.getLogger("uvicorn.error")


@service.method("triggerHook")
async def trigger_hook(call: Call) -> Response:
    return await _trigger(call, load(call), {"firedBy": "triggerHook", "clientId": call.client_id})


@service.method("triggerHookWithToken")
async def trigger_hook_with_token(call: Call) -> Response:
    hook = load(call)
    if call.args["token"] != hook.trigger_token:
        raise ApiError("AuthenticationFailed", "invalid hook token")
    return await _trigger(call, hook, {"firedBy": "triggerHookWithToken"})


@service.periodic
async def deliver_messages(state: State) -> None:
    """
    Fire the hooks that are bound to the messages that wait now. Those that the new tasks cause wait for the next time.
    """
    for _ in range(len(state.messages)):
        message = state.messages.popleft()
        payload = json.loads(message.body)
        for hook in hook_table.list_bound(state.store):
            if not _is_bound(hook, message):
                continue
            try:
                wrong = trigger_schema.find_problems(hook.trigger_schema, payload)
            except InternalError as error:
                wrong = str(error)
            if wrong:
                logger.warning("message of %s does not fire the hook %s: %s", message.exchange, hook.name, wrong)
                continue
            # The log of fires has the error; a message has no response.
            with contextlib.suppress(FireError):
                await fires.fire(state, hook, {"firedBy": "pulseMessage", "payload": payload})


async def _trigger(call: Call, hook: Hook, context: dict[str, Any]) -> Response:
    wrong = trigger_schema.find_problems(hook.trigger_schema, call.payload)
    if wrong:
        raise ApiError("InputError", "{{wrong}}", wrong=wrong)
    # As in the service, the payload may choose the task's id.
    task_id = call.payload.get("taskId") or None
    if task_id is not None and not (isinstance(task_id, str) and re.search(SLUGID.replace("$", r"\Z"), task_id)):
        raise ApiError("InputError", "Invalid taskId format: {{taskId}}", taskId=task_id)
    try:
        task_id = await fires.fire(call.state, hook, {"payload": call.payload, **context}, task_id=task_id)
    except FireError as error:
        raise _to_api_error(hook, error) from None
    return Response({} if task_id is None else {"taskId": task_id, "status": {"taskId": task_id}})


def _to_api_error(hook: Hook, error: FireError) -> ApiError:
    if error.error is None:
        return ApiError("InputError", "While firing hook:\n\n{{error}}", error=str(error))
    if error.error.code == "InsufficientScopes":
        message = f"The role `hook-id:{hook.name}` does not have sufficient scopes to create the task:\n\n"
        return ApiError("InsufficientScopes", message + "{{details}}", details=str(error))
    message = f"While calling createTask: {error.error.code}\n\n{{{{details}}}}"
    return ApiError("InputError", message, details=str(error))


def _is_bound(hook: Hook, message: Message) -> bool:
    keys = (message.routing_key, *message.copies)
    return any(
        binding["exchange"] == message.exchange and any(_matches(binding["routingKeyPattern"], key) for key in keys)
        for binding in hook.bindings
    )


def _matches(pattern: str, routing_key: str) -> bool:
    # In a topic pattern, * is one word, and # is any number of words.
    expression = "".join(
        r"(\.[^.]*)*" if word == "#" else r"\.[^.]*" if word == "*" else r"\." + re.escape(word)
        for word in pattern.split(".")
    )
    return re.fullmatch(expression, f".{routing_key}") is not None
