"""Controls: the register, the suites it generates, their runner and the Data Docs.

A control is declared once in ``register.yml``; suites, Dagster checks and the risk-and-control
matrix are all read from there.
"""
