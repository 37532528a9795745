"""
When to try again, and after how long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.http.messages import Request, Response
from tccli.core.http.retry import RetryPolicy, send_with_retries
from tccli.errors import NoAnswerError

FACTORS = st.floats(0, 100)
POLICIES = st.builds(RetryPolicy, delay_factor=FACTORS, randomization_factor=st.floats(0, 1), max_delay=FACTORS)


@given(POLICIES, st.integers(1, 60), st.floats(-1, 1))
def test_the_delay_is_the_formula(policy: RetryPolicy, retry: int, draw: float) -> None:
    """
    ``2^n * delayFactor * (1 ± randomizationFactor)``, at most ``maxDelay``.
    """
    exact = 2.0**retry * policy.delay_factor
    delay = policy.compute_delay(retry, draw)

    assert 0 <= delay <= policy.max_delay
    assert delay == policy.max_delay or delay == pytest.approx(exact * (1 + policy.randomization_factor * draw))


@given(POLICIES, st.integers(1, 10_000))
def test_the_delay_grows(policy: RetryPolicy, retry: int) -> None:
    """
    Later retries never come sooner, luck aside.
    """
    assert policy.compute_delay(retry, 0) <= policy.compute_delay(retry + 1, 0)


def test_the_defaults_are_the_clients() -> None:
    """
    Five retries: 0.2, 0.4, 0.8, 1.6 and 3.2 seconds, a quarter more or less, 30 at most.
    """
    policy = RetryPolicy()

    assert pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2]) == [
        policy.compute_delay(retry, 0) for retry in range(1, policy.retries + 1)
    ]
    assert pytest.approx(0.25) == policy.compute_delay(1, 1)
    assert pytest.approx(0.15) == policy.compute_delay(1, -1)
    assert 30 == policy.compute_delay(50, -1)


@dataclass
class Scripted:
    """
    A transport that answers from a list, and the waits between.
    """

    answers: list[Response | NoAnswerError]
    sent: list[Request] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        """
        Answer, or fail, with what is next.
        """
        self.sent.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, NoAnswerError):
            raise answer
        return answer

    def run(self, policy: RetryPolicy, *, idempotent: bool = True) -> Response:
        """
        Send with retries, without waiting.
        """
        return send_with_retries(
            self,
            lambda: Request("GET", f"http://h/{len(self.sent)}", {}),
            policy,
            idempotent=idempotent,
            report=self.lines.append,
            sleep=self.waits.append,
        )


UNSENT = NoAnswerError("nobody listens")
SENT = NoAnswerError("dropped", sent=True)
NO_DELAY = RetryPolicy(delay_factor=0)


@pytest.mark.parametrize("status", [200, 204, 303, 400, 401, 403, 404, 409, 424])
def test_what_is_an_answer_is_final(status: int) -> None:
    """
    A refusal stays one however often it is asked for.
    """
    transport = Scripted([Response(status)])

    assert status == transport.run(NO_DELAY).status
    assert [] == transport.waits


@pytest.mark.parametrize("trouble", [Response(500), Response(503), Response(429), UNSENT, SENT], ids=repr)
def test_passing_trouble_is_tried_again(trouble: Response | NoAnswerError) -> None:
    """
    With a new request each time, and a line about each wait.
    """
    transport = Scripted([trouble, trouble, Response(200)])

    assert 200 == transport.run(NO_DELAY).status
    assert ["http://h/0", "http://h/1", "http://h/2"] == [request.url for request in transport.sent]
    assert [True, True] == [f"retry {number} of 5" in transport.lines[number - 1] for number in (1, 2)]


@given(st.integers(0, 20))
def test_gives_up_after_the_retries(retries: int) -> None:
    """
    One attempt, and as many more as were asked for.
    """
    transport = Scripted([Response(500)] * 50)

    assert 500 == transport.run(RetryPolicy(retries, delay_factor=0)).status
    assert retries + 1 == len(transport.sent)


@pytest.mark.parametrize(
    ("trouble", "unsafe", "attempts"),
    [
        pytest.param(UNSENT, False, 3, id="nothing went out"),
        pytest.param(SENT, False, 1, id="it went out"),
        pytest.param(SENT, True, 3, id="it went out, but the user wants it"),
        pytest.param(Response(502), False, 1, id="the service failed"),
        pytest.param(Response(502), True, 3, id="the service failed, but the user wants it"),
    ],
)
def test_what_would_double_is_not_repeated(trouble: Response | NoAnswerError, unsafe: bool, attempts: int) -> None:
    """
    Once its bytes went out, unless asked to.
    """
    transport = Scripted([trouble] * 3)
    try:
        transport.run(RetryPolicy(2, delay_factor=0, unsafe=unsafe), idempotent=False)
    except NoAnswerError as error:
        assert trouble is error

    assert attempts == len(transport.sent)


def test_what_a_retry_cannot_change_is_final() -> None:
    """
    An unknown host is reported at once.
    """
    transport = Scripted([NoAnswerError("unknown host", final=True)])
    with pytest.raises(NoAnswerError, match=r"^unknown host$"):
        transport.run(NO_DELAY)

    assert [] == transport.waits


def test_a_lost_response_reports_that_the_call_may_have_succeeded() -> None:
    """
    And which flag repeats it.
    """
    with pytest.raises(NoAnswerError, match="may have taken effect; --retry-unsafe"):
        Scripted([NoAnswerError("dropped", sent=True)]).run(NO_DELAY, idempotent=False)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        pytest.param("7", 7, 7, id="seconds"),
        pytest.param(" 7 ", 7, 7, id="blanks"),
        pytest.param("999999999", 30, 30, id="capped"),
        pytest.param("99999999999999", 0, 0, id="absurd"),
        pytest.param(format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True), 0, 40, id="a date"),
        pytest.param(format_datetime(datetime.now(UTC) + timedelta(days=40), usegmt=True), 30, 30, id="a late date"),
        pytest.param("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0, id="a date that is over"),
        pytest.param("soon", 0, 0, id="nonsense"),
        pytest.param("", 0, 0, id="empty"),
        pytest.param("-5", 0, 0, id="negative"),
    ],
)
def test_obeys_retry_after(header: str, least: float, most: float) -> None:
    """
    In both of its forms, up to the maximum delay.
    """
    transport = Scripted([Response(429, {"retry-after": header}), Response(200)])
    transport.run(NO_DELAY)

    assert least <= transport.waits[0] <= most


@pytest.mark.parametrize("max_delay", [0.0, 0.5, 7.0, 90.0])
def test_no_wait_is_longer_than_the_maximum_delay(max_delay: float) -> None:
    """
    Whatever the server asks for.
    """
    transport = Scripted([Response(503, {"retry-after": "60"}), Response(200)])
    transport.run(RetryPolicy(delay_factor=0, max_delay=max_delay))

    assert [min(60, max_delay)] == transport.waits


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "now"), (0.02, "in 20 ms"), (0.96, "in 960 ms"), (1.04, "in 1.0 s"), (30, "in 30.0 s")]
)
def test_a_retry_is_announced_with_its_delay(seconds: float, said: str) -> None:
    """
    Never as 0.0 seconds.
    """
    lines: list[str] = []
    RetryPolicy(delay_factor=0).announce_delay(1, "it failed", seconds, lines.append)

    assert [f"it failed; retry 1 of 5 {said}"] == lines


def test_waits_the_longer_of_both() -> None:
    """
    A short Retry-After does not hurry a client that would wait longer anyway.
    """
    transport = Scripted([Response(503, {"retry-after": "1"}), Response(200)])
    transport.run(RetryPolicy(delay_factor=4, randomization_factor=0))

    assert [8] == transport.waits
