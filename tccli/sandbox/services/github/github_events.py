"""
github: fake events of GitHub for rendering ``.taskcluster.yml``.

Source: GitHub's documentation, "Webhook events and payloads"; only properties that such files commonly use.
"""

from __future__ import annotations

from typing import Any

BEFORE, AFTER = "a" * 40, "b" * 40
USER = {"login": "octocat", "id": 583231, "type": "User", "html_url": "https://github.com/octocat", "site_admin": False}
INSTALLATION = {"id": 1}
PULL_NUMBER = 1
MOMENT = "2026-01-31T12:00:00Z"
SIDES = ("base", "head")


def create_event(kind: str, action: str | None, organization: str, repository: str, branch: str) -> dict[str, Any]:
    """
    Return a fake event.

    Args:
        kind: ``github-push``, ``github-pull-request``, ``github-pull-request-untrusted``, ``github-release`` or
            ``github-issue-comment``.
        action: None for a push.
    """
    place = _repository(organization, repository)
    common = {"repository": place, "sender": USER, "installation": INSTALLATION}
    event = {
        "github-push": _push,
        "github-pull-request": _pull_request,
        "github-pull-request-untrusted": _pull_request,
        "github-release": _release,
        "github-issue-comment": _issue_comment,
    }[kind](place, branch)
    return {**event, **common, **({} if action is None else {"action": action})}


def extract_details(kind: str, event: dict[str, Any]) -> dict[str, Any]:
    """
    Return the properties that the service takes from an event, under its own names.
    """
    found = {"event.head.user.login": event["sender"]["login"]}
    if kind == "github-push":
        return {**found, **_push_details(event)}
    if kind.startswith("github-pull-request"):
        return {**found, **_pull_request_details(event)}
    if kind == "github-release":
        return {**found, **_release_details(event)}
    return {**found, "event.type": f"issue_comment.{event['action']}"}


def _push_details(event: dict[str, Any]) -> dict[str, Any]:
    word, _, name = event["ref"].removeprefix("refs/").partition("/")
    is_tag, place = word == "tags", event["repository"]
    branches = ["event.head.tag"] if is_tag else ["event.base.repo.branch", "event.head.repo.branch"]
    return {
        "event.type": "tag" if is_tag else "push",
        "event.base.user.login": event["sender"]["login"],
        "event.base.sha": event["before"],
        "event.head.sha": event["after"],
        **dict.fromkeys(branches, name),
        **{f"event.{side}.ref": event["ref"] for side in SIDES},
        **{f"event.{side}.repo.name": place["name"] for side in SIDES},
        **{f"event.{side}.repo.url": place["clone_url"] for side in SIDES},
    }


def _pull_request_details(event: dict[str, Any]) -> dict[str, Any]:
    request = event["pull_request"]
    found = {
        "event.type": f"pull_request.{event['action']}",
        "event.pullNumber": event["number"],
        "event.title": request["title"],
        "event.base.user.login": request["base"]["user"]["login"],
    }
    for side in SIDES:
        branch = request[side]
        found |= {
            f"event.{side}.ref": f"refs/heads/{branch['ref']}",
            f"event.{side}.sha": branch["sha"],
            f"event.{side}.repo.branch": branch["ref"],
            f"event.{side}.repo.name": branch["repo"]["name"],
            f"event.{side}.repo.url": branch["repo"]["clone_url"],
        }
    return found


def _release_details(event: dict[str, Any]) -> dict[str, Any]:
    release, place = event["release"], event["repository"]
    return {
        "event.type": "release",
        "event.base.repo.branch": release["target_commitish"],
        "event.head.repo.name": place["name"],
        "event.head.repo.url": place["clone_url"],
        "event.version": release["tag_name"],
        "event.name": release["name"],
        "event.release.url": release["url"],
        "event.prerelease": release["prerelease"],
        "event.draft": release["draft"],
        "event.tar": release["tarball_url"],
        "event.zip": release["zipball_url"],
    }


def _repository(organization: str, repository: str) -> dict[str, Any]:
    url = f"https://github.com/{organization}/{repository}"
    return {
        "id": 1,
        "name": repository,
        "full_name": f"{organization}/{repository}",
        "owner": {"name": organization, "login": organization, "id": 1, "type": "Organization"},
        "private": False,
        "fork": False,
        "html_url": url,
        "url": url,
        "clone_url": f"{url}.git",
        "git_url": f"git://github.com/{organization}/{repository}.git",
        "ssh_url": f"git@github.com:{organization}/{repository}.git",
        "pushed_at": 1769860800,
        "default_branch": "main",
    }


def _push(place: dict[str, Any], branch: str) -> dict[str, Any]:
    person = {"name": "Octo Cat", "email": "octocat@example.com", "username": USER["login"]}
    commit = {
        "id": AFTER,
        "tree_id": BEFORE,
        "distinct": True,
        "message": "Change the README",
        "timestamp": MOMENT,
        "url": f"{place['html_url']}/commit/{AFTER}",
        "author": person,
        "committer": person,
        "added": [],
        "removed": [],
        "modified": ["README.md"],
    }
    return {
        "ref": f"refs/heads/{branch}",
        "before": BEFORE,
        "after": AFTER,
        "created": False,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "compare": f"{place['html_url']}/compare/{BEFORE}...{AFTER}",
        "commits": [commit],
        "head_commit": commit,
        "pusher": {"name": USER["login"], "email": person["email"]},
    }


def _pull_request(place: dict[str, Any], branch: str) -> dict[str, Any]:
    def side(ref: str, sha: str) -> dict[str, Any]:
        owner = place["owner"]
        return {"label": f"{owner['login']}:{ref}", "ref": ref, "sha": sha, "user": owner, "repo": place}

    url = f"{place['html_url']}/pull/{PULL_NUMBER}"
    return {
        "number": PULL_NUMBER,
        "pull_request": {
            "id": 1,
            "number": PULL_NUMBER,
            "url": url,
            "html_url": url,
            "diff_url": f"{url}.diff",
            "patch_url": f"{url}.patch",
            "state": "open",
            "title": "Change the README",
            "body": "",
            "user": USER,
            "draft": False,
            "merged": False,
            "labels": [],
            "author_association": "MEMBER",
            "created_at": MOMENT,
            "updated_at": MOMENT,
            "head": side("change", AFTER),
            "base": side(branch, BEFORE),
            "commits": 1,
            "changed_files": 1,
        },
    }


def _release(place: dict[str, Any], branch: str) -> dict[str, Any]:
    url = f"{place['html_url']}/releases/tag/v1.0.0"
    return {
        "release": {
            "id": 1,
            "url": url,
            "html_url": url,
            "tag_name": "v1.0.0",
            "target_commitish": branch,
            "name": "First",
            "body": "",
            "draft": False,
            "prerelease": False,
            "author": USER,
            "created_at": MOMENT,
            "published_at": MOMENT,
            "assets": [],
            "tarball_url": f"{place['html_url']}/tarball/v1.0.0",
            "zipball_url": f"{place['html_url']}/zipball/v1.0.0",
        },
    }


def _issue_comment(place: dict[str, Any], _branch: str) -> dict[str, Any]:
    url = f"{place['html_url']}/pull/{PULL_NUMBER}"
    comment = {"id": 1, "html_url": f"{url}#issuecomment-1", "user": USER, "body": "/taskcluster test"}
    issue = {"id": 1, "number": PULL_NUMBER, "html_url": url, "state": "open", "title": "Change the README"}
    return {"comment": comment, "issue": {**issue, "user": USER, "pull_request": {"url": url, "html_url": url}}}
