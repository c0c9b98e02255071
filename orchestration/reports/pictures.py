"""Pictures, as PNG with the same bytes for the same figures: no clock, no version, fixed fonts.

Draws what it is handed; the figures come from ``figures``. Imports matplotlib late: it is slow.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from orchestration.reports.figures import BUCKETS, Cell, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#17212b"
SOFT = "#5b6875"
LINE = "#dfe4ea"
AGEING_COLOURS = ("#2f6f9f", "#7fb0d0", "#f2c879", "#e89c4f", "#d4603c", "#a3241b")
MONTHS_AHEAD = 14
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
}


def month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def month_name(number: int) -> str:
    return f"{date(number // 12, number % 12 + 1, 1):%b %Y}"


def _png(figure: Figure) -> bytes:
    out = io.BytesIO()
    # Without this matplotlib writes its version into the file.
    figure.savefig(out, format="png", dpi=150, metadata={"Software": None})
    return out.getvalue()


def _figure(width: float, height: float, panels: int) -> tuple[Figure, list[Any]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08)
    figure = Figure(figsize=(width, height), layout=layout)
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(panels, 1, squeeze=False)[:, 0])


def waterfall_picture(cells: Sequence[Cell], as_of: date, exponents: Mapping[str, int]) -> bytes:
    """Recognised month across, booked month as colour, a panel a currency; scheduled ones pale."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        weight: dict[str, int] = defaultdict(int)
        for cell in cells:
            weight[cell.currency] += abs(cell.amount_minor)
        currencies = sorted(weight, key=lambda currency: (-weight[currency], currency))
        figure, panels = _figure(11.5, 1.2 + 3.1 * max(len(currencies), 1), max(len(currencies), 1))
        last = month_number(as_of) + MONTHS_AHEAD
        shown = [cell for cell in cells if month_number(cell.recognised) <= last]
        if shown:
            booked = [month_number(cell.booked) for cell in shown]
            scale = mpl.colors.Normalize(min(booked), max(max(booked), min(booked) + 1))
            colours = mpl.colormaps["viridis"].reversed()
            for panel, currency in zip(panels, currencies, strict=True):
                mine = [cell for cell in shown if cell.currency == currency]
                _waterfall_panel(panel, mine, as_of, exponents[currency], scale, colours)
                _month_axis(panel, [month_number(cell.recognised) for cell in shown])
                panel.set_title(
                    f"{currency}, thousands", loc="left", fontsize=11, fontweight="bold"
                )
            bar = figure.colorbar(
                mpl.cm.ScalarMappable(scale, colours), ax=panels, pad=0.015, fraction=0.025
            )
            ticks = sorted({min(booked), (min(booked) + max(booked)) // 2, max(booked)})
            bar.set_ticks(ticks, labels=[month_name(tick) for tick in ticks])
            bar.set_label("booked in", color=SOFT)
            bar.outline.set_visible(False)
        figure.suptitle(
            "Revenue by the month it is recognised and the month it was booked",
            x=0.012,
            ha="left",
            fontsize=14,
            fontweight="bold",
        )
        return _png(figure)


def _waterfall_panel(
    panel: Any, cells: Sequence[Cell], as_of: date, exponent: int, scale: Any, colours: Any
) -> None:
    tops: dict[tuple[int, bool], float] = defaultdict(float)
    for cell in sorted(cells, key=lambda cell: (cell.booked, cell.recognised, cell.is_actual)):
        month = month_number(cell.recognised)
        height = cell.amount_minor / 10**exponent / 1000
        side = (month, height < 0)
        panel.bar(
            month,
            height,
            bottom=tops[side],
            width=0.86,
            color=_shade(colours(scale(month_number(cell.booked))), pale=not cell.is_actual),
            linewidth=0,
        )
        tops[side] += height
    cut = month_number(as_of) - 0.5
    panel.axvline(cut, color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
    panel.annotate(
        "scheduled →",
        (cut + 0.15, 1.0),
        xycoords=("data", "axes fraction"),
        va="top",
        color=SOFT,
        fontsize=9,
    )
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    panel.grid(axis="y", color=LINE, linewidth=0.8)
    panel.set_axisbelow(True)
    panel.tick_params(length=0)


def _month_axis(panel: Any, months: Sequence[int]) -> None:
    """The same months across in every panel, so that they can be compared."""
    first, last = min(months), max(months)
    ticks = list(range(first, last + 1, max(1, -(-(last - first + 1) // 11))))
    panel.set_xticks(ticks, labels=[month_name(tick) for tick in ticks])
    panel.set_xlim(first - 0.7, last + 0.7)


def _shade(colour: tuple[float, ...], *, pale: bool) -> tuple[float, ...]:
    """The colour, or the same mixed with white: transparency would let the grid through."""
    return tuple(0.4 * part + 0.6 for part in colour[:3]) if pale else colour[:3]


def ageing_picture(rows: Sequence[Row]) -> bytes:
    """Share of open receivables by days past due, a bar an entity and currency."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        figure, (panel,) = _figure(11.5, 1.0 + 0.42 * max(len(rows), 1), 1)
        for position, row in enumerate(reversed(rows)):
            whole = sum(max(row[bucket], 0) for bucket in BUCKETS)
            left = 0.0
            for bucket, colour in zip(BUCKETS, AGEING_COLOURS, strict=True):
                share = 100 * max(row[bucket], 0) / whole if whole else 0.0
                panel.barh(position, share, left=left, color=colour, height=0.62)
                if share >= 7:
                    panel.text(
                        left + share / 2,
                        position,
                        f"{share:.0f} %",
                        ha="center",
                        va="center",
                        color="white" if colour not in AGEING_COLOURS[1:3] else INK,
                        fontsize=9,
                    )
                left += share
        labels = [f"{row['entity_id']} {row['currency']}" for row in reversed(rows)]
        panel.set_yticks(range(len(rows)), labels=labels)
        panel.set_xlim(0, 100)
        panel.set_xticks([])
        panel.tick_params(length=0)
        for side in ("left", "bottom"):
            panel.spines[side].set_visible(False)
        handles = [mpl.patches.Patch(color=colour) for colour in AGEING_COLOURS]
        panel.legend(
            handles,
            list(BUCKETS.values()),
            ncols=len(BUCKETS),
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            frameon=False,
            fontsize=9,
            handlelength=1,
            borderaxespad=0,
        )
        return _png(figure)
