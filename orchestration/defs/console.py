"""What a run prints in a terminal: a line when a step starts, one when it ends, and its messages.

Dagster's own event log keeps everything; this is only for the person who watches the demo.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import dagster as dg

# What dagster-dbt says of its own arguments tells a reader of the demo nothing.
NOISE = (
    "Running dbt command",
    "Finished dbt command",
    "A dbt subsetted execution",
    "Logging an `AssetObservation`",
)
MARKS = {"STEP_SUCCESS": "✓", "STEP_FAILURE": "✗", "STEP_SKIPPED": "·"}


class Progress(logging.Handler):
    """One line a step, with its duration; log messages of steps below it."""

    out: TextIO = sys.stdout

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.started: dict[str, float] = {}

    def say(self, text: str) -> None:
        print(text, file=Progress.out, flush=True)

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", None) or {}
        event = meta.get("dagster_event")
        if event is None:
            message = str(meta.get("orig_message", ""))
            if record.levelno >= logging.INFO and message and not message.startswith(NOISE):
                self.say(f"    {message}")
            return
        step, kind = event.step_key or "", event.event_type_value
        if kind == "STEP_START":
            self.started[step] = time.monotonic()
            self.say(f"▸ {step}")
        elif kind in MARKS:
            took = time.monotonic() - self.started.get(step, time.monotonic())
            self.say(f"{MARKS[kind]} {step}  {took:.1f} s")
            error = getattr(event.event_specific_data, "error", None)
            while error is not None:
                self.say(f"    {error.message.strip()}")
                error = error.cause


@dg.logger
def progress_console(init_context: dg.InitLoggerContext) -> logging.Logger:
    """Chosen by run config ``loggers: {progress: {}}``; the UI's runs keep Dagster's own."""
    logger = logging.Logger("tieout.progress", logging.DEBUG)
    logger.addHandler(Progress())
    return logger


@contextmanager
def quiet(log: Path) -> Iterator[None]:
    """Progress goes to the terminal; whatever else the run and its children print goes to a log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    terminal = os.dup(1)
    with log.open("w") as sink, os.fdopen(os.dup(terminal), "w") as screen:
        os.dup2(sink.fileno(), 1)
        Progress.out = screen
        try:
            yield
        finally:
            sys.stdout.flush()
            os.dup2(terminal, 1)
            os.close(terminal)
            Progress.out = sys.stdout
