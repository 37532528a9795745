"""
Why a task is pending: its place in the queue, the pool of workers, and the workers that take from the queue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tccli.core.printable import list_some
from tccli.core.scopes.required import PRIORITIES
from tccli.core.tasks.causes.model import Cause, TaskFacts, ordinal, try_call
from tccli.core.times import format_span
from tccli.errors import BrokenAnswerError
from tccli.names import find_similar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.core.client import Client

NORMAL_PRIORITY = "lowest"
"""In a definition without one, the queue stores this."""


def explain_pending(client: Client, facts: TaskFacts) -> Iterator[Cause]:
    """
    Yield why no worker has taken the task.
    """
    if facts.queue.count("/") != 1:
        raise BrokenAnswerError(f"task {facts.task_id}: the response is malformed: the task queue is {facts.queue!r}")
    yield _explain_place(client, facts)
    pool, problem = try_call(client, "worker-manager.workerPool", [facts.queue])
    workers, workers_problem = try_call(client, "worker-manager.listWorkers", facts.queue.split("/", 1))
    if problem == "missing":
        yield from _explain_missing_pool(client, facts)
    elif problem:
        yield Cause("hidden", f"cannot see the worker pool {facts.queue}: {problem}")
    else:
        yield from _explain_pool(client, facts, pool)
    if workers_problem not in {"", "missing"}:
        yield Cause("hidden", f"cannot see its workers: {workers_problem}")
    else:
        yield from _explain_workers(facts, workers)
    for run in facts.runs[-2:-1]:
        text = f"an earlier run ended as {run.get('reasonResolved')}"
        yield Cause("retry", text, f"tc task status -a {facts.task_id}")


def is_unknown_queue(client: Client, queue: str) -> bool:
    """
    Return whether a task queue has neither a worker pool nor a worker that has ever taken from it, as far as is known.
    """
    if queue.count("/") != 1 or try_call(client, "worker-manager.workerPool", [queue])[1] != "missing":
        return False
    page, problem = try_call(client, "worker-manager.listWorkers", queue.split("/"))
    return problem == "missing" or (not problem and isinstance(page, Mapping) and page.get("workers") == [])


def _explain_place(client: Client, facts: TaskFacts) -> Cause:
    state = f"pending{facts.span_since(facts.run.get('scheduled'))} on {facts.queue}"
    page, problem = try_call(client, "queue.listPendingTasks", [facts.queue])
    entries = page.get("tasks") if isinstance(page, Mapping) else None
    if problem or not isinstance(entries, list):
        hidden = problem if problem not in {"", "missing"} else "the queue does not list it"
        return Cause("pending", f"{state}; cannot see its place in the queue: {hidden}")
    keys = {}
    for place, entry in enumerate(entries):
        task = entry.get("task") if isinstance(entry, Mapping) else None
        priority = task.get("priority") if isinstance(task, Mapping) else None
        known = priority if priority in PRIORITIES else NORMAL_PRIORITY
        keys[str(entry.get("taskId")) if isinstance(entry, Mapping) else ""] = (PRIORITIES.index(known), place)
    more = "more than " if isinstance(page, Mapping) and page.get("continuationToken") else ""
    if facts.task_id not in keys:
        return Cause("pending", f"{state}, not among the first {len(keys)} in its queue" if more else state)
    place = 1 + sum(key < keys[facts.task_id] for key in keys.values())
    return Cause("pending", f"{state}, {ordinal(place)} of {more}{len(keys)} in its queue")


def _explain_missing_pool(client: Client, facts: TaskFacts) -> Iterator[Cause]:
    lists_pools = "tc worker-manager listWorkerPools --jq '.workerPools[].workerPoolId' -r"
    yield Cause("no-pool", "no worker pool of that name exists", lists_pools)
    page, problem = try_call(client, "worker-manager.listWorkerPools", [])
    pools = page.get("workerPools") if isinstance(page, Mapping) else None
    if problem or not isinstance(pools, list):
        if problem != "missing":
            yield Cause("hidden", f"cannot see other pools: {problem or 'the response is malformed'}")
        return
    names = [str(pool.get("workerPoolId")) for pool in pools if isinstance(pool, Mapping)]
    near = find_similar(facts.queue, names)
    near += [name for name in names if name not in near and name.split("/")[0] == facts.queue.split("/")[0]]
    if near:
        yield Cause("similar-pools", f"pools like it: {list_some(near)}")


def _explain_pool(client: Client, facts: TaskFacts, pool: Any) -> Iterator[Cause]:
    numbers = {name: _number(pool, name) for name in ("runningCapacity", "requestedCapacity", "stoppingCapacity")}
    config = pool.get("config") if isinstance(pool, Mapping) else None
    most = _number(config, "maxCapacity")
    running, requested = numbers["runningCapacity"], numbers["requestedCapacity"]
    shows_pool = f"tc worker-manager workerPool {facts.queue}"
    if most is not None and running is not None and running + (requested or 0) >= most > 0:
        yield Cause("pool-full", f"its pool is at its maximum: {running} of {most} run", shows_pool)
        return
    if most == 0:
        yield Cause("pool-off", "its pool may have no workers: maxCapacity is 0", shows_pool)
    elif requested:
        yield Cause("pool-starts", f"{requested} workers have been requested and start, {running} run", shows_pool)
    elif running:
        yield Cause("pool-busy", f"{running} workers run in its pool", shows_pool)
    else:
        static = isinstance(pool, Mapping) and pool.get("providerId") == "static"
        kind = "; its workers are machines that are started by hand" if static else ""
        yield Cause("no-workers", f"no workers run or start in its pool{kind}", shows_pool)
    if not running:
        yield from _explain_pool_errors(client, facts)


def _explain_pool_errors(client: Client, facts: TaskFacts) -> Iterator[Cause]:
    page, problem = try_call(client, "worker-manager.listWorkerPoolErrors", [facts.queue], {"limit": "1"})
    if problem and problem != "missing":
        yield Cause("hidden", f"cannot see the errors of its pool: {problem}")
    errors = page.get("workerPoolErrors") if isinstance(page, Mapping) else None
    newest = errors[0] if isinstance(errors, list) and errors else None
    if isinstance(newest, Mapping):
        ago = facts.span_since(newest.get("reported"), before="")
        text = f"the last error of its pool, {ago} ago: {newest.get('title')}: {newest.get('description')}"
        yield Cause("pool-error", " ".join(text.split())[:300], f"tc worker-manager listWorkerPoolErrors {facts.queue}")


def _explain_workers(facts: TaskFacts, page: Any) -> Iterator[Cause]:
    workers = page.get("workers") if isinstance(page, Mapping) else None
    known = [worker for worker in workers if isinstance(worker, Mapping)] if isinstance(workers, list) else []
    shows = f"tc worker-manager listWorkers {facts.queue.replace('/', ' ', 1)}"
    if not known:
        yield Cause("never-taken", "no worker has ever taken from its queue, as far as is known")
        return
    quarantined = [worker for worker in known if (facts.seconds_since(worker.get("quarantineUntil")) or 0) < 0]
    if len(quarantined) == len(known):
        end = max(str(worker.get("quarantineUntil")) for worker in quarantined)
        text = f"{_all(len(known))} quarantined, the last one for another {facts.span_until(end)}"
        yield Cause("quarantine", text, shows)
        return
    if quarantined:
        yield Cause("quarantine", f"{len(quarantined)} of {len(known)} workers are quarantined", shows)
    seen = [seconds for worker in known if (seconds := facts.seconds_since(worker.get("lastDateActive"))) is not None]
    if seen:
        yield Cause("workers", f"a worker last asked for tasks {format_span(min(seen))} ago", shows)


def _all(count: int) -> str:
    return "its only worker is" if count == 1 else f"all {count} workers are"


def _number(document: Any, name: str) -> int | None:
    value = document.get(name) if isinstance(document, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
