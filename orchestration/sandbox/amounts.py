"""Exact money arithmetic of the sandbox: integers only, half to even, parts that sum to the whole.

Written apart from the pipeline's macros on purpose: the ERP of the sandbox is the second opinion.
"""

from __future__ import annotations

from collections.abc import Sequence


def divide_half_even(numerator: int, denominator: int) -> int:
    """``numerator / denominator`` rounded to the nearest integer, ties to even. Denominator > 0."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient & 1):
        quotient += 1
    return quotient


def split_by_weight(total: int, weights: Sequence[int]) -> list[int]:
    """Largest remainder: parts in proportion to ``weights`` that sum to ``total``.

    The caller orders the weights by key; a tie goes to the earlier one. A negative total is split like
    its absolute value.
    """
    whole = sum(weights)
    if whole == 0:
        raise ValueError(f"cannot split {total} over weights that sum to zero: {list(weights)}")
    sign = -1 if total < 0 else 1
    size = abs(total)
    parts = [size * weight // whole for weight in weights]
    remainders = [size * weight % whole for weight in weights]
    order = sorted(range(len(parts)), key=lambda index: (-remainders[index], index))
    for index in order[: size - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]


def split_evenly(total: int, count: int) -> list[int]:
    """``count`` equal parts; leftover units one each to the earliest."""
    return split_by_weight(total, [1] * count)


def major(minor: int) -> str:
    """Minor units as a decimal text with two places."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def micros_text(micros: int) -> str:
    """A quantity in millionths as a decimal text without trailing zeros."""
    whole, part = divmod(micros, 1_000_000)
    return f"{whole}.{part:06d}".rstrip("0").rstrip(".") if part else str(whole)
