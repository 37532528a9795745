"""
A publisher that sends messages to a real broker by AMQP 0-9-1, in a thread of its own.

A message stays in the queue until the broker confirms it. So each arrives at least once and in order, and twice if a
confirmation is lost. The API never waits for the broker, and the end of the sandbox waits a limited time.

Source: taskcluster libraries/pulse; AMQP 0-9-1; RabbitMQ, "Publisher Confirms" and "Sender-selected Distribution".
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import pika
import pika.exceptions as amqp_errors

from tccli.core.http.redact import redact_url
from tccli.errors import ConfigurationError, NoAnswerError
from tccli.sandbox import events

if TYPE_CHECKING:
    from types import TracebackType

    from tccli.sandbox.messages import Message

MAX_QUEUED_MESSAGES = 100_000
"""While the broker is not available; then the oldest are dropped."""
TIMEOUT_SECONDS = 10.0
"""For the connection, and for a broker that accepts no messages."""
RECONNECT_DELAYS = (0.2, 0.5, 1, 2, 5)
"""Seconds before each attempt; the last one repeats."""
HEARTBEAT_CHECK_SECONDS = 1.0
"""Between two checks of an idle connection."""
SHUTDOWN_TIMEOUT_SECONDS = 5.0
"""For queued messages."""

MESSAGE_ERRORS = (amqp_errors.ChannelClosedByBroker, amqp_errors.NackError, amqp_errors.ShortStringTooLong)
"""Errors of a message, not of the connection."""

log = logging.getLogger(__name__)


class Publisher:
    """
    Sends messages while the context is open; at its end, it waits a limited time for those in the queue.

    Args:
        url: ``amqp://user:password@host:port/vhost``, or ``amqps://…``; ``%2F`` is the vhost ``/``.

    Raises:
        ConfigurationError: The URL is not valid; or on entry, the broker denies access, or rejects the exchanges.
        NoAnswerError: On entry, the broker cannot be reached.
    """

    def __init__(self, url: str) -> None:
        # Errors arrive as exceptions; pika's own log is for its developers.
        logging.getLogger("pika").setLevel(logging.CRITICAL + 1)
        self._display_url = redact_url(url)
        self._parameters = _parameters(url)
        self._queue: deque[Message] = deque(maxlen=MAX_QUEUED_MESSAGES)
        self._dropped = 0
        # A full queue must not drop its head between the check and the removal.
        self._lock = threading.Lock()
        self._wake_up = threading.Event()
        self._deadline = 0.0
        self._connection: Any = None
        self._channel: Any = None
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def put(self, message: Message) -> None:
        """
        Queue a message; never waits for the broker.
        """
        with self._lock:
            if len(self._queue) == MAX_QUEUED_MESSAGES:
                self._dropped += 1
            self._queue.append(message)
        self._wake_up.set()

    def __enter__(self) -> Self:
        try:
            self._connect()
        except (amqp_errors.AMQPError, OSError) as error:
            raise self._connect_error(error) from None
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._deadline = time.monotonic() + SHUTDOWN_TIMEOUT_SECONDS
        self._wake_up.set()
        self._thread.join(SHUTDOWN_TIMEOUT_SECONDS + HEARTBEAT_CHECK_SECONDS)
        self.report()

    def report(self) -> None:
        """
        Log the number of messages that were not sent, if there are any.
        """
        if self._queue or self._dropped:
            log.warning("%d messages were not sent to %s", len(self._queue) + self._dropped, self._display_url)

    def _connect(self) -> None:
        self._connection = pika.BlockingConnection(self._parameters)
        channel = self._connection.channel()
        for exchange in events.exchanges():
            channel.exchange_declare(exchange.exchange, "topic", durable=True)
        channel.confirm_delivery()
        self._channel = channel

    def _run(self) -> None:
        failures, rejected = 0, None
        while not self._is_over():
            try:
                if self._channel is None:
                    self._connect()
                    if failures:
                        log.warning("connected to %s again", self._display_url)
                self._send()
                failures, rejected = 0, None
            except (amqp_errors.AMQPError, OSError) as error:
                is_connected = self._channel is not None
                self._disconnect()
                if is_connected and isinstance(error, MESSAGE_ERRORS):
                    rejected = self._handle_rejection(rejected, error)
                    continue
                if not failures:
                    log.warning("connection to %s lost: %s; messages are queued", self._display_url, _describe(error))
                self._sleep(RECONNECT_DELAYS[min(failures, len(RECONNECT_DELAYS) - 1)])
                failures += 1
        self._disconnect()

    def _handle_rejection(self, rejected: Message | None, error: BaseException) -> Message | None:
        # A message that the broker rejects twice is dropped, since it would block all others.
        head = self._queue[0] if self._queue else None
        if head is None or head is not rejected:
            return head
        log.warning("%s rejected a message for %s: %s", self._display_url, head.exchange, _describe(error))
        self._remove(head)
        return None

    def _send(self) -> None:
        if not self._queue:
            self._connection.process_data_events(0)
            self._wake_up.wait(HEARTBEAT_CHECK_SECONDS)
            self._wake_up.clear()
        while self._queue and not self._is_over():
            message = self._queue[0]
            self._channel.basic_publish(message.exchange, message.routing_key, message.body, _properties(message))
            self._remove(message)

    def _remove(self, message: Message) -> None:
        # Later messages may have pushed it out of a full queue.
        with self._lock:
            if self._queue and self._queue[0] is message:
                self._queue.popleft()

    def _is_over(self) -> bool:
        return bool(self._deadline) and (not self._queue or time.monotonic() > self._deadline)

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            time.sleep(0.05)
            if self._deadline or time.monotonic() > until:
                return

    def _disconnect(self) -> None:
        with suppress(amqp_errors.AMQPError, OSError):
            if self._connection is not None:
                self._connection.close()
        self._connection = self._channel = None

    def _connect_error(self, error: Exception) -> ConfigurationError | NoAnswerError:
        self._disconnect()
        if isinstance(error, amqp_errors.ProbableAuthenticationError | amqp_errors.AuthenticationError):
            hint = "check the user and the password in --amqp"
            return ConfigurationError(f"user or password rejected by {self._display_url}", hint=hint)
        if isinstance(error, amqp_errors.ProbableAccessDeniedError | amqp_errors.ConnectionClosedByBroker):
            hint = "check the vhost in --amqp; / is written %2F"
            return ConfigurationError(f"access denied by {self._display_url}: {_describe(error)}", hint=hint)
        if isinstance(error, amqp_errors.ChannelClosedByBroker):
            hint = "give the user configure and write permission for exchange/taskcluster-.*"
            return ConfigurationError(
                f"cannot declare the exchanges at {self._display_url}: {_describe(error)}", hint=hint
            )
        return NoAnswerError(
            f"cannot connect to {self._display_url}: {_describe(error)}", hint="is RabbitMQ running there?"
        )


def _parameters(url: str) -> Any:
    # The message must not contain the URL or pika's message: a malformed URL can have its password anywhere.
    wrong = ConfigurationError("--amqp: not the URL of a broker", hint="write amqp://user:password@host:port/vhost")
    if not re.match(r"amqps?://[^/?#]", url):
        raise wrong
    try:
        parameters = pika.URLParameters(url)
    except ValueError:
        raise wrong from None
    parameters.connection_attempts = 1
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = TIMEOUT_SECONDS
    return parameters


def _properties(message: Message) -> Any:
    return pika.BasicProperties(
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=pika.DeliveryMode.Persistent,
        headers={"CC": list(message.copies)},
    )


def _describe(error: BaseException) -> str:
    # One line, since pika's own texts are for developers.
    if isinstance(error, amqp_errors.ConnectionClosed | amqp_errors.ChannelClosed):
        return f"{error.reply_code} {error.reply_text}"
    for cause in (*error.args, getattr(error, "exception", None)):
        if isinstance(cause, BaseException):
            return _describe(cause)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    # Some contain another error as text: ConnectionClosedByBroker: (530) 'NOT_ALLOWED'.
    return re.sub(r"^\w+: \((\d+)\) '(.*)'$", r"\1 \2", str(error)) or type(error).__name__
