"""
Names of tasks that many lookups share.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tccli.core.tasks import labels
from tccli.core.tasks.labels import GroupListings
from tccli.errors import NotFoundError, UsageError
from tests.transfer_env import slug

if TYPE_CHECKING:
    from tests.group_env import GroupEnv


def count_listings(env: GroupEnv) -> int:
    """
    Return how many listings were requested.
    """
    return sum(target.endswith("/list") for _, target in env.sandbox.requests)


def test_a_group_is_listed_once_a_minute(group_env: GroupEnv) -> None:
    """
    Earlier for a name that is not there, since its task may be new.
    """
    client, group_id, seconds = group_env.transfers.client, group_env.group_id, 0.0
    listings = GroupListings(lambda: seconds)
    first = group_env.add("a")
    assert [first] * 3 == [listings.find(client, group_id, "a") for _ in range(3)]
    assert 1 == count_listings(group_env)
    seconds = 5.0
    second = group_env.add("b")
    assert second == listings.find(client, group_id, "b")
    assert 2 == count_listings(group_env)
    group_env.add("a")
    assert first == listings.find(client, group_id, "a")
    seconds += labels.MAX_LISTING_AGE_SECONDS + 1
    with pytest.raises(UsageError, match="has 2 tasks named 'a'"):
        listings.find(client, group_id, "a")
    assert 3 == count_listings(group_env)


def test_threads_share_a_listing(group_env: GroupEnv) -> None:
    """
    Those that ask at the same time wait for one request; after an error, each has its own.
    """
    client, group_id = group_env.transfers.client, group_env.group_id
    found: list[str] = []
    errors: list[NotFoundError] = []

    def find(group: str, listings: GroupListings) -> None:
        try:
            found.append(listings.find(client, group, "a"))
        except NotFoundError as error:
            errors.append(error)

    def run(group: str) -> None:
        listings = GroupListings()
        threads = [threading.Thread(target=find, args=(group, listings)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    task_id = group_env.add("a")
    run(group_id)
    assert [task_id] * 8 == found
    assert 1 == count_listings(group_env)
    run(slug())
    assert 8 == len(set(map(id, errors)))


def test_memory_is_bounded(group_env: GroupEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The group that was not used for longest is listed again.
    """
    monkeypatch.setattr(labels, "MAX_STORED_TASKS", 4)
    monkeypatch.setattr(labels, "MAX_STORED_GROUPS", 3)
    client, listings = group_env.transfers.client, GroupListings()
    groups = [slug() for _ in range(3)]
    for group_id in groups:
        for name in ("a", "b"):
            group_env.add(name, taskGroupId=group_id)
    for group_id in (groups[0], groups[1], groups[0], groups[2], groups[0], groups[2]):
        listings.find(client, group_id, "b")
    assert 3 == count_listings(group_env)
    listings.find(client, groups[1], "a")
    assert 4 == count_listings(group_env)
    for _ in range(3):
        with pytest.raises(NotFoundError):
            listings.find(client, slug(), "a")
    assert 7 == count_listings(group_env)
    listings.find(client, groups[1], "a")
    assert 8 == count_listings(group_env)
