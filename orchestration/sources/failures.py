"""How reading a source fails: one error that names source, object, record and what to do.

Also how long a client is patient: what is worth another try, how often and with what pauses.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity

LOG = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class SourceError(Exception):
    """A source could not be read. ``str()`` is the sentence a person acts on."""

    def __init__(
        self,
        source: str,
        name: str,
        problem: str,
        action: str,
        *,
        entity: str | None = None,
        record: str | None = None,
    ) -> None:
        self.source, self.object, self.entity, self.record = source, name, entity, record
        self.problem, self.action = problem, action
        place = " ".join(part for part in (source, name, entity) if part)
        where = f", {record}" if record else ""
        super().__init__(f"{place}{where}: {problem}. {action}")


class WorthAnotherTryError(Exception):
    """A failure that may pass: a limit, a time-out, a server error, a spoilt page."""

    def __init__(self, problem: str, action: str, *, wait_seconds: float | None = None) -> None:
        self.problem, self.action, self.wait_seconds = problem, action, wait_seconds
        super().__init__(problem)


@dataclass(frozen=True)
class Patience:
    """Bounds of waiting for a source."""

    attempts: int = 5
    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    first_pause: float = 0.5
    longest_pause: float = 20.0

    def call(
        self,
        attempt: Callable[[], Answer],
        give_up: Callable[[WorthAnotherTryError, int], Exception],
        place: str,
    ) -> Answer:
        """The answer of ``attempt``, tried again after WorthAnotherTryError; then ``give_up`` raises."""
        growing = tenacity.wait_exponential_jitter(
            initial=self.first_pause, max=self.longest_pause, jitter=self.first_pause
        )

        def pause(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.wait_seconds if isinstance(error, WorthAnotherTryError) else None
            return min(asked, self.longest_pause) if asked is not None else growing(state)

        def say(state: tenacity.RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            LOG.warning("%s: %s (attempt %d)", place, error, state.attempt_number)

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.attempts),
            wait=pause,
            retry=tenacity.retry_if_exception_type(WorthAnotherTryError),
            before_sleep=say,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except WorthAnotherTryError as error:
            raise give_up(error, self.attempts) from error
