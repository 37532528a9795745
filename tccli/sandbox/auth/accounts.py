"""
Clients and roles as the signature check needs them: by id, with expanded scopes.
"""

from __future__ import annotations

import json
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tccli.core.scopes import Roles
from tccli.sandbox.auth.certificates import Issuer, SignatureError, derive_token, sign_certificate
from tccli.sandbox.clock import DAY, HOUR, Clock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tccli.sandbox.store import Store

ROOT_CLIENT = "static/taskcluster/root"
QUEUE_CLIENT = "static/taskcluster/queue"
GITHUB_CLIENT = "static/taskcluster/github"
HOOKS_CLIENT = "static/taskcluster/hooks"
INDEX_CLIENT = "static/taskcluster/index"
WORKER_MANAGER_CLIENT = "static/taskcluster/worker-manager"
STATIC_CLIENTS = {
    ROOT_CLIENT: "The user who started this sandbox, with all scopes",
    QUEUE_CLIENT: "The queue, which issues credentials for tasks and their artifacts",
    GITHUB_CLIENT: "The github service, which cancels builds",
    HOOKS_CLIENT: "The hooks service, which creates tasks",
    INDEX_CLIENT: "The index, which redirects to artifacts",
    WORKER_MANAGER_CLIENT: "The worker manager, which issues credentials for workers",
}
LAST_USED_RESOLUTION = 6 * HOUR

TABLES = """
CREATE TABLE IF NOT EXISTS clients (
    client_id TEXT COLLATE en_US PRIMARY KEY, access_token TEXT NOT NULL,
    description TEXT NOT NULL, scopes TEXT NOT NULL,
    expires INTEGER NOT NULL, disabled INTEGER NOT NULL, delete_on_expiration INTEGER NOT NULL,
    created INTEGER NOT NULL, last_modified INTEGER NOT NULL,
    last_date_used INTEGER NOT NULL, last_rotated INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS roles (
    role_id TEXT COLLATE en_US PRIMARY KEY, description TEXT NOT NULL, scopes TEXT NOT NULL,
    created INTEGER NOT NULL, last_modified INTEGER NOT NULL
) WITHOUT ROWID;
"""

ANONYMOUS = """
auth:current-scopes auth:expand-scopes auth:get-client:* auth:get-role:* auth:list-clients auth:list-roles
github:get-badge:* github:get-repository:* github:latest-status:* github:list-builds
hooks:get:* hooks:list-hooks:* hooks:list-last-fires:* hooks:status:*
index:find-task:* index:list-namespaces:* index:list-tasks:*
purge-cache:all-purge-requests purge-cache:purge-requests:*
queue:get-artifact:public/* queue:get-provisioner:* queue:get-task:* queue:get-worker-type:* queue:get-worker:*
queue:list-artifacts:* queue:list-dependent-tasks:* queue:list-provisioners queue:list-task-group:*
queue:list-worker-types:* queue:list-workers:* queue:pending-count:* queue:status:*
secrets:list-secrets web:read-pulse
worker-manager:get-worker-pool:* worker-manager:get-worker:* worker-manager:list-providers
worker-manager:list-worker-pool-errors:* worker-manager:list-worker-pools worker-manager:list-workers:*
worker-manager:should-worker-terminate:*
"""


class Accounts:
    """
    The deployment's clients and roles.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._roles: Roles | None = None
        self._expanded: dict[str, list[str]] = {}
        # By their JSON: most roles are the same after a change of one.
        self._parse = lru_cache(maxsize=10_000)(json.loads)

    def invalidate_roles(self) -> None:
        """
        Drop cached scopes. Call this after every change of a role.
        """
        self._roles = None
        self._expanded.clear()

    def roles(self) -> dict[str, list[str]]:
        """
        Return the scopes of all roles by id, in the order of the ids.
        """
        rows = self._store.all("SELECT role_id, scopes FROM roles ORDER BY role_id")
        return {row["role_id"]: self._parse(row["scopes"]) for row in rows}

    def expand(self, scopes: Iterable[str]) -> list[str]:
        """
        Return *scopes* and those of the roles that they assume, normalized.
        """
        if self._roles is None:
            self._roles = Roles(self.roles())
        return self._roles.expand(scopes)

    def get_client(self, client_id: str) -> Issuer:
        """
        Return a client, and update its last date of use.

        Raises:
            SignatureError: The client is unknown, disabled or expired.
        """
        row = self._store.one("SELECT * FROM clients WHERE client_id = ?", client_id)
        now = self._clock.now()
        if row is None:
            raise SignatureError(f"Client with clientId '{client_id}' not found")
        if row["disabled"]:
            raise SignatureError(f"Client with clientId '{client_id}' is disabled")
        if row["expires"] < now:
            raise SignatureError(f"Client with clientId: '{client_id}' has expired")
        if row["last_date_used"] < now - LAST_USED_RESOLUTION:
            self._store.run("UPDATE clients SET last_date_used = ? WHERE client_id = ?", now, client_id)
        scopes = self._expanded.get(row["scopes"])
        if scopes is None:
            scopes = self._expanded[row["scopes"]] = self.expand(json.loads(row["scopes"]))
        return Issuer(client_id, row["access_token"], scopes, row["expires"])

    def bootstrap(self) -> str:
        """
        Create the static clients and the anonymous role, unless they exist.

        Returns:
            The root client's access token.
        """
        now = self._clock.now()
        is_new = False
        for client_id, description in STATIC_CLIENTS.items():
            client = {
                "client_id": client_id,
                "access_token": new_access_token(),
                "description": description,
                "scopes": ["*"],
                "expires": now + 365 * 1000 * DAY,
                "disabled": 0,
                "delete_on_expiration": 0,
                "created": now,
                "last_modified": now,
                "last_date_used": now,
                "last_rotated": now,
            }
            is_new |= self._store.insert("clients", client) and client_id == ROOT_CLIENT
        role = {
            "description": "Scopes of all callers",
            "scopes": ANONYMOUS.split(),
            "created": now,
            "last_modified": now,
        }
        if is_new:
            self._store.insert("roles", {"role_id": "anonymous", **role})
        row = self._store.one("SELECT access_token FROM clients WHERE client_id = ?", ROOT_CLIENT)
        assert row is not None
        return str(row["access_token"])

    def issue(self, issuer_id: str, name: str, scopes: list[str], expires: int) -> dict[str, str]:
        """
        Return named temporary credentials, as services issue them.

        Args:
            issuer_id: The client that signs the certificate.
            name: The client id of the credentials.
            scopes: Not expanded.
            expires: Milliseconds since 1970.
        """
        token = self.get_client(issuer_id).access_token
        certificate: dict[str, Any] = {
            "version": 1,
            "scopes": scopes,
            "start": self._clock.now(),
            "expiry": expires,
            "seed": new_access_token(),
            "issuer": issuer_id,
        }
        certificate["signature"] = sign_certificate(token, name, certificate)
        return {
            "clientId": name,
            "accessToken": derive_token(token, certificate["seed"]),
            "certificate": json.dumps(certificate, separators=(",", ":")),
        }


def new_access_token() -> str:
    """
    Return 44 random characters: the length of two slugids.
    """
    return secrets.token_urlsafe(33)
