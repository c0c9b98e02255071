"""What a run prints in a terminal: a line when a step starts, one when it ends, and every warning.

Dagster's own event log keeps everything; this is only for the person who watches.
"""

from __future__ import annotations

import logging
import time

import dagster as dg


class Progress(logging.Handler):
    """One line a step, with its duration; log messages of steps below it, warnings in full."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.started: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_event", None)
        meta = getattr(record, "dagster_meta", None) or {}
        if event is None:
            event = meta.get("dagster_event")
        if event is None:
            message = meta.get("orig_message") or record.getMessage()
            if record.levelno >= logging.INFO and not str(message).startswith("Running dbt"):
                print(f"    {message}", flush=True)
            return
        step = event.step_key or ""
        kind = event.event_type_value
        if kind == "STEP_START":
            self.started[step] = time.monotonic()
            print(f"▸ {step}", flush=True)
        elif kind in {"STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED"}:
            took = time.monotonic() - self.started.get(step, time.monotonic())
            mark = {"STEP_SUCCESS": "✓", "STEP_FAILURE": "✗", "STEP_SKIPPED": "·"}[kind]
            print(f"{mark} {step}  {took:.1f} s", flush=True)
            if kind == "STEP_FAILURE":
                print(f"    {record.getMessage()}", flush=True)


@dg.logger({"log_level": dg.Field(str, is_required=False, default_value="INFO")})
def progress_console(init_context: dg.InitLoggerContext) -> logging.Logger:
    """The console logger of every job."""
    level = logging.getLevelName(init_context.logger_config["log_level"])
    logger = logging.Logger("tieout.progress", level)
    logger.addHandler(Progress(level))
    return logger
