"""
The way of messages to a real broker: AMQP 0-9-1, from a thread of its own.

A message is taken out of the queue when the broker has confirmed it, so each arrives at least once, in order, and again
if the confirmation was lost. Nobody ever waits for the broker: not the API, and the sandbox's end only for so long.

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
import pika.exceptions as problems

from tccli.core.http.redact import redact_url
from tccli.errors import ConfigurationError, NoAnswerError
from tccli.sandbox import events

if TYPE_CHECKING:
    from types import TracebackType

    from tccli.sandbox.events import Message

MOST_WAITING = 100_000
"""How many messages wait for a broker that is away; then the oldest are lost."""
TIMEOUT = 10.0
"""Seconds for a connection to come to be, and for a broker that takes no messages."""
PAUSES = (0.2, 0.5, 1, 2, 5)
"""Seconds before each try to connect again; the last one for all further tries."""
GLANCE = 1.0
"""Seconds between two looks at a connection on which nothing happens."""
FAREWELL = 5.0
"""Seconds that waiting messages have at the end."""

REFUSALS = (problems.ChannelClosedByBroker, problems.NackError, problems.ShortStringTooLong)
"""Errors that are about a message, and not about the connection."""

log = logging.getLogger(__name__)


class Publisher:
    """
    Sends messages for as long as the context lasts, and those that wait at its end, if the broker takes them soon.

    Args:
        url: ``amqp://user:password@host:port/vhost``, or ``amqps://…``; ``%2F`` is the vhost ``/``.

    Raises:
        ConfigurationError: That is no such URL; on entry: the broker lets us not in, or not declare our exchanges.
        NoAnswerError: On entry: there is no broker.
    """

    def __init__(self, url: str) -> None:
        # Its errors come to us as exceptions; what it says besides is for its own developers.
        logging.getLogger("pika").setLevel(logging.CRITICAL + 1)
        self._shown = redact_url(url)
        self._parameters = _parameters(url)
        self._waiting: deque[Message] = deque(maxlen=MOST_WAITING)
        self._lost = 0
        self._has_news = threading.Event()
        self._ends = 0.0
        self._connection: Any = None
        self._channel: Any = None
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def put(self, message: Message) -> None:
        """
        Let a message be sent; returns at once.
        """
        if len(self._waiting) == MOST_WAITING:
            self._lost += 1
        self._waiting.append(message)
        self._has_news.set()

    def __enter__(self) -> Self:
        try:
            self._connect()
        except (problems.AMQPError, OSError) as error:
            raise self._refusal(error) from None
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ends = time.monotonic() + FAREWELL
        self._has_news.set()
        self._thread.join(FAREWELL + GLANCE)
        self.report()

    def report(self) -> None:
        """
        Say how many messages will not be sent any more, if there are any.
        """
        if self._waiting or self._lost:
            log.warning("%d messages were not sent to %s", len(self._waiting) + self._lost, self._shown)

    def _connect(self) -> None:
        """
        Connect, and make sure that there is an exchange for everything that the services publish.
        """
        self._connection = pika.BlockingConnection(self._parameters)
        channel = self._connection.channel()
        for exchange in events.exchanges():
            channel.exchange_declare(exchange.exchange, "topic", durable=True)
        channel.confirm_delivery()
        self._channel = channel

    def _run(self) -> None:
        failures, refused = 0, None
        while not self._is_over():
            try:
                if self._channel is None:
                    self._connect()
                    if failures:
                        log.warning("%s is back", self._shown)
                self._send()
                failures, refused = 0, None
            except (problems.AMQPError, OSError) as error:
                is_connected = self._channel is not None
                self._disconnect()
                if is_connected and isinstance(error, REFUSALS):
                    refused = self._note_refusal(refused, error)
                    continue
                if not failures:
                    log.warning("lost %s: %s; messages wait for it", self._shown, _words(error))
                self._pause(PAUSES[min(failures, len(PAUSES) - 1)])
                failures += 1
        self._disconnect()

    def _note_refusal(self, refused: Message | None, error: BaseException) -> Message | None:
        """
        Return the message that the broker refused; what it refuses twice, it would refuse for ever.
        """
        head = self._waiting[0] if self._waiting else None
        if head is None or head is not refused:
            return head
        log.warning("%s refuses a message for %s: %s", self._shown, head.exchange, _words(error))
        self._take(head)
        return None

    def _send(self) -> None:
        """
        Send what waits; if nothing does, wait for it, and look after the connection.
        """
        if not self._waiting:
            self._connection.process_data_events(0)
            self._has_news.wait(GLANCE)
            self._has_news.clear()
        while self._waiting and not self._is_over():
            message = self._waiting[0]
            self._channel.basic_publish(message.exchange, message.routing_key, message.body, _properties(message))
            self._take(message)

    def _take(self, message: Message) -> None:
        """
        Forget a message, unless too many that came after it have pushed it out.
        """
        if self._waiting and self._waiting[0] is message:
            self._waiting.popleft()

    def _is_over(self) -> bool:
        return bool(self._ends) and (not self._waiting or time.monotonic() > self._ends)

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            time.sleep(0.05)
            if self._ends or time.monotonic() > until:
                return

    def _disconnect(self) -> None:
        with suppress(problems.AMQPError, OSError):
            if self._connection is not None:
                self._connection.close()
        self._connection = self._channel = None

    def _refusal(self, error: Exception) -> ConfigurationError | NoAnswerError:
        """
        Return what to say of a broker that cannot be used from the beginning.
        """
        self._disconnect()
        if isinstance(error, problems.ProbableAuthenticationError | problems.AuthenticationError):
            hint = "check the user and the password in --amqp"
            return ConfigurationError(f"the broker {self._shown} does not know this user or password", hint=hint)
        if isinstance(error, problems.ProbableAccessDeniedError | problems.ConnectionClosedByBroker):
            hint = "check the vhost in --amqp; / is written %2F"
            return ConfigurationError(f"the broker {self._shown} lets us not in: {_words(error)}", hint=hint)
        if isinstance(error, problems.ChannelClosedByBroker):
            hint = "the user needs to configure and write exchange/taskcluster-.*"
            return ConfigurationError(f"the broker {self._shown} refuses our exchanges: {_words(error)}", hint=hint)
        return NoAnswerError(f"no broker answers at {self._shown}: {_words(error)}", hint="is RabbitMQ running there?")


def _parameters(url: str) -> Any:
    # Neither what was given nor what the library says of it is shown: a password may stand anywhere in it.
    wrong = ConfigurationError("--amqp: this is no URL of a broker", hint="write amqp://user:password@host:port/vhost")
    if not re.match(r"amqps?://[^/?#]", url):
        raise wrong
    try:
        parameters = pika.URLParameters(url)
    except ValueError:
        raise wrong from None
    parameters.connection_attempts = 1
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = TIMEOUT
    return parameters


def _properties(message: Message) -> Any:
    return pika.BasicProperties(
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=pika.DeliveryMode.Persistent,
        headers={"CC": list(message.copies)},
    )


def _words(error: BaseException) -> str:
    """
    Return an error of the library, whose own words are for developers, in one line.
    """
    if isinstance(error, problems.ConnectionClosed | problems.ChannelClosed):
        return f"{error.reply_code} {error.reply_text}"
    for cause in (*error.args, getattr(error, "exception", None)):
        if isinstance(cause, BaseException):
            return _words(cause)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    # Some hold another one as text: ConnectionClosedByBroker: (530) 'NOT_ALLOWED'.
    return re.sub(r"^\w+: \((\d+)\) '(.*)'$", r"\1 \2", str(error)) or type(error).__name__
