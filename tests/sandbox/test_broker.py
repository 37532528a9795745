"""
``tc sandbox --amqp``: messages arrive at a real RabbitMQ, and errors are clear.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import pika
import pytest
import taskcluster

from tccli.sandbox import events
from tccli.sandbox.messages import Message
from tccli.sandbox.pulse import Publisher
from tests.sandbox.broker import Broker, find_missing_program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import CommandLine, Start

NEEDS_BROKER = pytest.mark.skipif(bool(find_missing_program()), reason=find_missing_program() or "there is one")
WORKER = {"workerGroup": "group", "workerId": "worker"}
TC = (sys.executable, "-m", "tccli", "auth")
TIMEOUT_SECONDS = 60


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
        Bind the queue to an exchange.
        """
        with pika.BlockingConnection(pika.URLParameters(self._broker.url)) as connection:
            channel = connection.channel()
            channel.queue_declare(self._name, durable=True)
            channel.queue_bind(self._name, exchange, pattern)

    def receive(self, number: int) -> list[dict[str, Any]]:
        """
        Wait for so many messages and a moment longer, and return all that came: exchange, key, properties and content.
        """
        found, until = [], time.monotonic() + TIMEOUT_SECONDS
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
    Create a task in a group, and return its id.
    """
    metadata = {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"}
    times = {"created": taskcluster.fromNowJSON("0 seconds"), "deadline": taskcluster.fromNowJSON("1 hour")}
    definition = {"taskQueueId": "proj/ci", **times, "payload": {}, "metadata": metadata}
    task_id = str(taskcluster.slugId())
    queue.createTask(task_id, {**definition, "taskGroupId": group, "schedulerId": "s", "routes": list(routes)})
    return task_id


def resolve_all(queue: taskcluster.Queue, failing: str) -> None:
    """
    Claim and complete all tasks, except one that fails.
    """
    for claim in queue.claimWork("proj/ci", {**WORKER, "tasks": 9})["tasks"]:
        task_id = claim["status"]["taskId"]
        (queue.reportFailed if task_id == failing else queue.reportCompleted)(task_id, "0")


@NEEDS_BROKER
def test_a_queue_receives_what_it_is_bound_to(tc: CommandLine, start: Start, broker: Broker) -> None:
    """
    A binding of ``tc events bind``: the completed tasks of a group only. A binding of a route: all messages about the
        task with this route.
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
    resolve_all(queue, failing)
    heard = of_group.receive(2)

    assert sorted(wanted) == sorted(message["content"]["status"]["taskId"] for message in heard)
    assert {"exchange/taskcluster-queue/v1/task-completed"} == {message["exchange"] for message in heard}
    assert {("application/json", "utf-8", 2)} == {
        (message["has"].content_type, message["has"].content_encoding, message["has"].delivery_mode)
        for message in heard
    }
    about = of_route.receive(4)
    assert ["task-defined", "task-pending", "task-running", "task-completed"] == [
        message["exchange"].rpartition("/")[2] for message in about
    ]
    assert {elsewhere} == {message["content"]["status"]["taskId"] for message in about}
    assert [{"CC": ["route.by.name"]}] * 4 == [message["has"].headers for message in about]


@NEEDS_BROKER
def test_messages_are_queued_while_the_broker_is_down(start: Start, broker: Broker) -> None:
    """
    The API stays available; then the messages arrive in order. The password is never printed.
    """
    sandbox = start("sandbox", "start", "--amqp", broker.url)
    queue, listener = client(sandbox), Listener(broker, "all")
    listener.bind("exchange/taskcluster-queue/v1/task-defined", "#")
    first = create(queue, taskcluster.slugId())
    heard = listener.receive(1)
    broker.stop()
    others = [create(queue, taskcluster.slugId()) for _ in range(5)]
    broker.start()
    heard += listener.receive(5)
    sandbox.terminate()
    _, stderr = sandbox.communicate(timeout=TIMEOUT_SECONDS)

    assert [first, *others] == [message["content"]["status"]["taskId"] for message in heard]
    lines = [line for line in stderr.splitlines() if b"amqp://guest:\xe2\x80\xa6@127.0.0.1" in line]
    assert [b"lost", b"again"] == [word for line in lines for word in (b"lost", b"again") if word in line]
    assert b"guest:guest" not in stderr


@NEEDS_BROKER
def test_queued_messages_are_sent_at_the_end(tc_process: CommandLine, broker: Broker) -> None:
    """
    Also when the sandbox exists for one call only.
    """
    listener = Listener(broker, "last")
    with pika.BlockingConnection(pika.URLParameters(broker.url)) as connection:
        connection.channel().exchange_declare("exchange/taskcluster-auth/v1/role-deleted", "topic", durable=True)
    listener.bind("exchange/taskcluster-auth/v1/role-deleted", "#")
    result = tc_process("sandbox", "run", "--amqp", broker.url, "--", *TC, "deleteRole", "r")

    assert 0 == result.exit_code, result.stderr
    assert [("_", {"version": 1, "roleId": "r"})] == [
        (message["key"], message["content"]) for message in listener.receive(1)
    ]


@NEEDS_BROKER
def test_rejected_messages_do_not_block_others(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    """
    They are dropped with a warning.
    """
    listener = Listener(broker, "others")
    with Publisher(broker.url) as publisher:
        listener.bind("exchange/taskcluster-notify/v1/notification", "primary.#")
        for exchange, topic in (("notification", "x" * 255), ("nowhere", "a"), ("notification", "b")):
            publisher.put(Message(f"exchange/taskcluster-notify/v1/{exchange}", f"primary.{topic}", (), b"{}"))
        heard = listener.receive(1)

    assert ["primary.b"] == [message["key"] for message in heard]
    assert 2 == caplog.text.count("rejected a message")
    assert "guest:guest" not in caplog.text


def test_messages_beyond_the_limit_are_counted(
    closed_port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """
    The oldest messages are dropped first.
    """
    monkeypatch.setattr("tccli.sandbox.pulse.MAX_QUEUED_MESSAGES", 2)
    publisher = Publisher(f"amqp://user:secret@127.0.0.1:{closed_port}/v")
    for key in "abc":
        publisher.put(Message("exchange", key, (), b"{}"))
    publisher.report()

    assert "3 messages were not sent to amqp://user:…@127.0.0.1" in caplog.text


def test_a_full_queue_drops_no_message_for_one_that_was_sent(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    One that is queued between the check that the first one is still there, and its removal.
    """
    monkeypatch.setattr("tccli.sandbox.pulse.MAX_QUEUED_MESSAGES", 2)
    publisher = Publisher(f"amqp://127.0.0.1:{closed_port}/v")
    first, second, third = (Message("exchange", key, (), b"{}") for key in "abc")
    other = threading.Thread(target=publisher.put, args=[third])

    class Queue(deque[Message]):
        def __getitem__(self, index: Any) -> Any:
            found = super().__getitem__(index)
            other.start()
            other.join(0.3)
            return found

    publisher._queue = Queue([first, second], maxlen=2)
    publisher._remove(first)
    other.join(60)

    assert [second, third] == list(publisher._queue)


@NEEDS_BROKER
@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param("guest:guest", "guest:wrong-secret", "user or password", id="password"),
        pytest.param("%2F", "elsewhere", "vhost elsewhere not found", id="vhost"),
    ],
)
def test_a_broker_that_denies_access_is_an_error(
    tc: CommandLine, broker: Broker, before: str, after: str, expected: str
) -> None:
    """
    Exit 3 and one line without the password; nothing is started.
    """
    result = tc("sandbox", "run", "--amqp", broker.url.replace(before, after), "--", "false")

    assert (3, 1) == (result.exit_code, result.stderr.count("\n"))
    assert expected in result.stderr
    assert "secret" not in result.stderr


@pytest.mark.parametrize(
    ("url", "exit_code", "expected"),
    [
        pytest.param("amqp://user:secret@127.0.0.1:PORT/v", 8, "127.0.0.1:PORT", id="connection error"),
        pytest.param("amqp://user:sec/ret@secret@h.invalid/v", 3, "--amqp", id="a password unescaped"),
        pytest.param("http://user:secret@127.0.0.1/", 3, "--amqp", id="scheme"),
        pytest.param("amqp://user:secret", 3, "--amqp", id="no host"),
        pytest.param("amqp:///v?secret", 3, "--amqp", id="nothing"),
        pytest.param("amqp://h/v?secret=1", 3, "--amqp", id="option"),
        pytest.param("", 3, "--amqp", id="empty"),
    ],
)
def test_a_wrong_url_is_an_error(tc: CommandLine, closed_port: int, url: str, exit_code: int, expected: str) -> None:
    """
    One line without the password; nothing is started.
    """
    result = tc("sandbox", "run", "--amqp", url.replace("PORT", str(closed_port)), "--", "false")

    assert (exit_code, 1) == (result.exit_code, result.stderr.count("\n"))
    assert expected.replace("PORT", str(closed_port)) in result.stderr
    assert "secret" not in result.stderr


def test_a_missing_library_is_an_error(tc: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Exit 3, with the command that installs it.
    """
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "pika" else find(name))
    result = tc("sandbox", "run", "--amqp", "amqp://h", "--", "false")

    assert 3 == result.exit_code
    assert "pip install 'taskcluster-cli[pulse]'" in result.stderr


def test_without_a_broker_pika_is_not_loaded(process_environment: dict[str, str]) -> None:
    """
    Without ``--amqp``.
    """
    script = (
        "import sys; from tccli.cli.app import run; run(['sandbox', 'run', '--', 'true']); print('pika' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], env=process_environment, capture_output=True, check=True)

    assert b"False\n" == done.stdout
