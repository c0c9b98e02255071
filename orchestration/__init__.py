"""How things run: sources land evidence, dbt gives it meaning, controls prove it, books keep it.

Rooms: ``sources`` (clients, no Dagster), ``landing``, ``sandbox`` (the stand-in vendors), ``defs``
(Dagster wiring), ``reports``. Accounting lives in ``dbt_project``, controls in ``expectations``.
"""
