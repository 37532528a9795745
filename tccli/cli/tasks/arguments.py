"""
Names of tasks and groups as arguments of methods: ``index:PATH``, ``GROUP:LABEL``, a commit, or ``-`` for ids on stdin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tccli.cli.context import Context
    from tccli.core.calls import MethodArguments
    from tccli.core.client import Client
    from tccli.core.tasks.labels import GroupListings
    from tccli.references import Method

TASK_ARGUMENT = "taskId"
GROUP_ARGUMENT = "taskGroupId"


def replace_names(
    context: Context,
    method: Method,
    words: Sequence[str],
    client: Client | None = None,
    listings: GroupListings | None = None,
) -> list[str]:
    """
    Return the path arguments of *method* with the names of tasks and groups replaced by ids.

    Requests are sent for these names only, and only where an argument is the id of a task or a group.

    Args:
        client: Finds them; the default is that of *context*, which only the main thread may ask for.
        listings: Of groups, as for `tccli.core.tasks.names.resolve_task`.

    Raises:
        UsageError: A name does not name exactly one task or group.
        NotFoundError: There is none.
    """
    from tccli.cli.tasks.names import resolve_group, resolve_one
    from tccli.core.tasks import names

    args = list(words)
    for place, (argument, word) in enumerate(zip(method.args, words, strict=False)):
        is_indexed = word.startswith(names.INDEX_PREFIX)
        if argument == TASK_ARGUMENT and (is_indexed or names.split_label(word)):
            args[place], _ = resolve_one(context, client or context.client(), word, listings=listings)
        elif argument == GROUP_ARGUMENT and (is_indexed or names.is_github(word)):
            args[place] = resolve_group(context, client or context.client(), word)
    return args


def has_stdin(method: Method, words: Sequence[str]) -> bool:
    """
    Return whether ``-`` stands where *method* takes the id of a task.
    """
    return (TASK_ARGUMENT, "-") in zip(method.args, words, strict=False)


def run_for_each(
    context: Context, method: Method, words: Sequence[str], query: Mapping[str, str], options: Mapping[str, Any]
) -> None:
    """
    Call *method* for each task on stdin, several at a time, and write the responses in the order of the tasks.

    Args:
        words: The path arguments, one of which is ``-``.

    Raises:
        UsageError: The response of the method is not a single document, or stdin has a line without an id.
        TcError: The first error; the other calls are made nevertheless.
    """
    from tccli.cli.call import dry_run
    from tccli.cli.partial_failures import PartialFailures
    from tccli.cli.tasks.names import resolve_many
    from tccli.core.calls import MethodArguments
    from tccli.core.parallel import make_parallel_client, run_parallel
    from tccli.output import Result

    _check_method(method, words)
    if method.takes_payload and options.get("data") in {None, "@-"} and not options.get("set_"):
        raise UsageError(f"{method.id}: stdin has the ids", hint="give the payload with --data JSON or --data @FILE")
    write = context.writer()
    client = make_parallel_client(context.client())
    if not options["dry_run"]:
        client.check_allowed(method)
    task_ids = resolve_many(context, client, ["-"])
    place = method.args.index(TASK_ARGUMENT)
    args = replace_names(context, method, [*words[:place], task_ids[0], *words[place + 1 :]])
    arguments = [MethodArguments([*args[:place], task_id, *args[place + 1 :]], query) for task_id in task_ids]
    calls = [_prepare(context, client, method, each, options) for each in arguments]
    if options["dry_run"]:
        write(Result([document for call in calls for document in dry_run(client, call, context.redactor).documents]))
        return
    failures = PartialFailures(context, prints=len(calls) > 1)
    results = run_parallel(client.fetch, calls, cancellation=client.cancellation)
    write(Result(failures.leave_out(result for _, result in results), is_stream=True))
    failures.raise_summary(f"{method.id}: {failures.number} of {len(calls)} calls failed")


def _check_method(method: Method, words: Sequence[str]) -> None:
    if method.output is None or method.is_paged:
        raise UsageError(f"{method.id} takes one task: its response is not a single document")
    if len(words) < len(method.args):
        raise UsageError(f"{method.id}: missing argument <{method.args[len(words)]}>")


def _prepare(
    context: Context, client: Client, method: Method, arguments: MethodArguments, options: Mapping[str, Any]
) -> Any:
    from tccli.cli.call import read_payload

    call = client.prepare(method, *arguments)
    if not method.takes_payload:
        return call
    payload = read_payload(method, options)
    context.redactor.add_document(payload.document)
    return call.with_payload(payload, edits=options["set_"], checks_schema=not options["no_validate"])
