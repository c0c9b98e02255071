"""Dagster wiring: assets, checks, jobs, schedules and sensors. Thin: no accounting, no SQL logic.

Each module exports plain lists; ``orchestration.definitions`` puts them together.
"""
