"""
The list of all modules with handlers, tables and jobs.
"""

from __future__ import annotations

from tccli.sandbox.registry import Registry
from tccli.sandbox.services import monitoring, purge_cache, secrets
from tccli.sandbox.services.auth import audit, clients, cloud_credentials, roles, scopes
from tccli.sandbox.services.github import builds, repositories, taskcluster_yml
from tccli.sandbox.services.hooks import fires, hook_table, hooks, schedule, triggers
from tccli.sandbox.services.index import task_table as index_table
from tccli.sandbox.services.index import tasks as index_tasks
from tccli.sandbox.services.notify import notifications, outbox
from tccli.sandbox.services.object import objects
from tccli.sandbox.services.queue import (
    artifact_downloads,
    artifact_table,
    artifacts,
    claims,
    dependencies,
    expiry,
    groups,
    pending_runs,
    queues,
    reports,
    task_actions,
    task_table,
    tasks,
)
from tccli.sandbox.services.queue import worker_table as queue_worker_table
from tccli.sandbox.services.queue import workers as queue_workers
from tccli.sandbox.services.web_server import group_profile, task_profile
from tccli.sandbox.services.worker_manager import (
    errors,
    pool_stats,
    pool_table,
    pools,
    providers,
    registration,
    worker_listing,
    worker_table,
    workers,
)

AUTH = (audit, clients, cloud_credentials, roles, scopes)
GITHUB = (builds, repositories, taskcluster_yml)
HOOKS = (fires, hook_table, hooks, schedule, triggers)
INDEX = (index_table, index_tasks)
NOTIFY = (notifications, outbox)
QUEUE_TABLES = (artifact_table, dependencies, groups, pending_runs, queue_worker_table, task_table)
QUEUE_METHODS = (artifact_downloads, artifacts, claims, queue_workers, queues, reports, task_actions, tasks)
WEB_SERVER = (group_profile, task_profile)
WORKER_MANAGER_TABLES = (errors, pool_table, worker_table)
WORKER_MANAGER_METHODS = (pool_stats, pools, providers, registration, worker_listing, workers)


def create_registry() -> Registry:
    """
    Return all services of a deployment.
    """
    modules = (
        *(*AUTH, *GITHUB, *HOOKS, *INDEX, *NOTIFY, objects, purge_cache),
        *(*QUEUE_TABLES, *QUEUE_METHODS, expiry, secrets, *WEB_SERVER),
        *(*WORKER_MANAGER_TABLES, *WORKER_MANAGER_METHODS),
    )
    return Registry([*monitoring.create_services(), *(module.service for module in modules)])
