"""
``tc sandbox --amqp``: events reach a real RabbitMQ, and clear errors reach the person.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pika
import pytest
import taskcluster

from tccli.sandbox import events
from tccli.sandbox.messages import Message
from tccli.sandbox.pulse import Publisher
from tests.sandbox.broker import Broker, missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import CommandLine, Start

NEEDS_BROKER = pytest.mark.skipif(bool(missing()), reason=missing() or "there is one")
WORKER = {"workerGroup": "group", "workerId": "worker"}
TC = (sys.executable, "-m", "tccli", "auth")
PATIENCE = 30


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """
    A RabbitMQ.
    """
    with Broker(tmp_path_factory.mktemp("rabbitmq")) as running:
        yield running


class Listener:
    """
    A durable queue at a broker.
    """

    def __init__(self, broker: Broker, name: str) -> None:
        self._broker = broker
        self._name = f"queue/guest/{name}"

    def bind(self, exchange: str, pattern: str) -> None:
        """
        Let the queue have the messages of an exchange that match a pattern.
        """
        with pika.BlockingConnection(pika.URLParameters(self._broker.url)) as connection:
            channel = connection.channel()
            channel.queue_declare(self._name, durable=True)
            channel.queue_bind(self._name, exchange, pattern)

    def hear(self, number: int) -> list[dict[str, Any]]:
        """
        Wait for so many messages and a moment longer, and return all that came: exchange, key, properties and content.
        """
        found, until = [], time.monotonic() + PATIENCE
        with pika.BlockingConnection(pika.URLParameters(self._broker.url)) as connection:
            channel = connection.channel()
            while time.monotonic() < until:
                method, properties, body = channel.basic_get(self._name, auto_ack=True)
                if method is None:
                    time.sleep(0.05)
                    continue
                key = method.routing_key
                found.append({"exchange": method.exchange, "key": key, "has": properties, "content": json.loads(body)})
                if len(found) == number:
                    until = time.monotonic() + 0.5
        return found


def client(process: subprocess.Popen[bytes]) -> taskcluster.Queue:
    """
    Return the queue's client for a sandbox that prints its variables.
    """
    assert process.stdout is not None
    lines = [process.stdout.readline().decode() for _ in range(3)]
    root_url, client_id, token = (line.strip().partition("=")[2] for line in lines)
    credentials = {"clientId": client_id, "accessToken": token}
    return taskcluster.Queue({"rootUrl": root_url, "credentials": credentials, "maxRetries": 0})


def create(queue: taskcluster.Queue, group: str, *routes: str) -> str:
    """
    Make a task in a group, and return its id.
    """
    metadata = {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"}
    times = {"created": taskcluster.fromNowJSON("0 seconds"), "deadline": taskcluster.fromNowJSON("1 hour")}
    definition = {"taskQueueId": "proj/ci", **times, "payload": {}, "metadata": metadata}
    task_id = str(taskcluster.slugId())
    queue.createTask(task_id, {**definition, "taskGroupId": group, "schedulerId": "s", "routes": list(routes)})
    return task_id


def end_all(queue: taskcluster.Queue, failing: str) -> None:
    """
    Let a worker take all tasks; one of them fails.
    """
    for claim in queue.claimWork("proj/ci", {**WORKER, "tasks": 9})["tasks"]:
        task_id = claim["status"]["taskId"]
        (queue.reportFailed if task_id == failing else queue.reportCompleted)(task_id, "0")


@NEEDS_BROKER
def test_a_queue_gets_what_it_is_bound_to(tc: CommandLine, start: Start, broker: Broker) -> None:
    """
    With what ``tc events bind`` prints: exactly the messages of the group's tasks that completed. And with a route:
    all about the task that has it.
    """
    sandbox = start("sandbox", "start", "--amqp", broker.url)
    queue = client(sandbox)
    group, other = taskcluster.slugId(), taskcluster.slugId()
    binding = json.loads(tc("events", "bind", "queue", "taskCompleted", "--taskGroupId", group).stdout)
    of_group, of_route = Listener(broker, "group"), Listener(broker, "route")
    of_group.bind(binding["exchange"], binding["routingKeyPattern"])
    for exchange in events.exchanges():
        of_route.bind(exchange.exchange, "route.by.name")
    wanted = [create(queue, group), create(queue, group)]
    failing, elsewhere = create(queue, group), create(queue, other, "by.name")
    end_all(queue, failing)
    heard = of_group.hear(2)

    assert sorted(wanted) == sorted(message["content"]["status"]["taskId"] for message in heard)
    assert {"exchange/taskcluster-queue/v1/task-completed"} == {message["exchange"] for message in heard}
    assert {("application/json", "utf-8", 2)} == {
        (message["has"].content_type, message["has"].content_encoding, message["has"].delivery_mode)
        for message in heard
    }
    about = of_route.hear(4)
    assert ["task-defined", "task-pending", "task-running", "task-completed"] == [
        message["exchange"].rpartition("/")[2] for message in about
    ]
    assert {elsewhere} == {message["content"]["status"]["taskId"] for message in about}
    assert [{"CC": ["route.by.name"]}] * 4 == [message["has"].headers for message in about]


@NEEDS_BROKER
def test_messages_wait_for_a_broker_that_is_away(start: Start, tmp_path: Path) -> None:
    """
    The API goes on; when the broker is back it gets them in their order. The password is never shown.
    """
    with Broker(tmp_path) as broker:
        sandbox = start("sandbox", "start", "--amqp", broker.url)
        queue, listener = client(sandbox), Listener(broker, "all")
        listener.bind("exchange/taskcluster-queue/v1/task-defined", "#")
        first = create(queue, taskcluster.slugId())
        heard = listener.hear(1)
        broker.stop()
        others = [create(queue, taskcluster.slugId()) for _ in range(5)]
        broker.start()
        heard += listener.hear(5)
        sandbox.terminate()
        _, said = sandbox.communicate(timeout=PATIENCE)

    assert [first, *others] == [message["content"]["status"]["taskId"] for message in heard]
    lines = [line for line in said.splitlines() if b"amqp://guest:\xe2\x80\xa6@127.0.0.1" in line]
    assert [b"lost", b"again"] == [word for line in lines for word in (b"lost", b"again") if word in line]
    assert b"guest:guest" not in said


@NEEDS_BROKER
def test_the_last_messages_are_sent_before_the_end(tc_process: CommandLine, broker: Broker) -> None:
    """
    Also those of a sandbox that lives for one call only.
    """
    listener = Listener(broker, "last")
    with pika.BlockingConnection(pika.URLParameters(broker.url)) as connection:
        connection.channel().exchange_declare("exchange/taskcluster-auth/v1/role-deleted", "topic", durable=True)
    listener.bind("exchange/taskcluster-auth/v1/role-deleted", "#")
    result = tc_process("sandbox", "run", "--amqp", broker.url, "--", *TC, "deleteRole", "r")

    assert 0 == result.exit_code, result.stderr
    assert [("_", {"version": 1, "roleId": "r"})] == [
        (message["key"], message["content"]) for message in listener.hear(1)
    ]


@NEEDS_BROKER
def test_what_the_broker_refuses_does_not_hold_up_the_others(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    """
    It is given up, and that is said.
    """
    listener = Listener(broker, "others")
    with Publisher(broker.url) as publisher:
        listener.bind("exchange/taskcluster-notify/v1/notification", "primary.#")
        for exchange, topic in (("notification", "x" * 255), ("nowhere", "a"), ("notification", "b")):
            publisher.put(Message(f"exchange/taskcluster-notify/v1/{exchange}", f"primary.{topic}", (), b"{}"))
        heard = listener.hear(1)

    assert ["primary.b"] == [message["key"] for message in heard]
    assert 2 == caplog.text.count("rejected a message")
    assert "guest:guest" not in caplog.text


def test_more_than_can_wait_is_counted(
    free_port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """
    The oldest messages are lost first.
    """
    monkeypatch.setattr("tccli.sandbox.pulse.MAX_QUEUED_MESSAGES", 2)
    publisher = Publisher(f"amqp://user:secret@127.0.0.1:{free_port}/v")
    for key in "abc":
        publisher.put(Message("exchange", key, (), b"{}"))
    publisher.report()

    assert "3 messages were not sent to amqp://user:…@127.0.0.1" in caplog.text


@NEEDS_BROKER
@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        pytest.param("guest:guest", "guest:wrong-secret", "user or password", id="password"),
        pytest.param("%2F", "elsewhere", "vhost elsewhere not found", id="vhost"),
    ],
)
def test_a_broker_that_denies_access_is_an_error(
    tc: CommandLine, broker: Broker, before: str, after: str, says: str
) -> None:
    """
    Exit 3 and one line, without the password; nothing is started.
    """
    result = tc("sandbox", "run", "--amqp", broker.url.replace(before, after), "--", "false")

    assert (3, 1) == (result.exit_code, result.stderr.count("\n"))
    assert says in result.stderr
    assert "secret" not in result.stderr


@pytest.mark.parametrize(
    ("url", "exit_code", "says"),
    [
        pytest.param("amqp://user:secret@127.0.0.1:PORT/v", 8, "127.0.0.1:PORT", id="connection refused"),
        pytest.param("amqp://user:sec/ret@secret@h.invalid/v", 3, "--amqp", id="a password unescaped"),
        pytest.param("http://user:secret@127.0.0.1/", 3, "--amqp", id="scheme"),
        pytest.param("amqp://user:secret", 3, "--amqp", id="no host"),
        pytest.param("amqp:///v?secret", 3, "--amqp", id="nothing"),
        pytest.param("amqp://h/v?secret=1", 3, "--amqp", id="option"),
        pytest.param("", 3, "--amqp", id="empty"),
    ],
)
def test_a_wrong_url_is_an_error(tc: CommandLine, free_port: int, url: str, exit_code: int, says: str) -> None:
    """
    One line, without the password; nothing is started.
    """
    result = tc("sandbox", "run", "--amqp", url.replace("PORT", str(free_port)), "--", "false")

    assert (exit_code, 1) == (result.exit_code, result.stderr.count("\n"))
    assert says.replace("PORT", str(free_port)) in result.stderr
    assert "secret" not in result.stderr


def test_says_what_to_install(tc: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Without the extra: exit 3, and the line that helps.
    """
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "pika" else find(name))
    result = tc("sandbox", "run", "--amqp", "amqp://h", "--", "false")

    assert 3 == result.exit_code
    assert "pip install 'taskcluster-cli[pulse]'" in result.stderr


def test_without_a_broker_nothing_is_loaded(process_environment: dict[str, str]) -> None:
    """
    Of the library, that is.
    """
    script = (
        "import sys; from tccli.cli.app import run; run(['sandbox', 'run', '--', 'true']); print('pika' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], env=process_environment, capture_output=True, check=True)

    assert b"False\n" == done.stdout
