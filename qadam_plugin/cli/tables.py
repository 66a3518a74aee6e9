"""Tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from ..analysis.summary import Comparison


def print_tables(tables: Sequence[Table], *, err: bool = False) -> None:
    """Print tables as wide as they need to be when nobody's terminal sets the width."""
    from rich.console import Console

    console = Console(stderr=err)
    if not console.is_terminal:
        console = Console(stderr=err, width=200)
    for table in tables:
        console.print(table)


def comparison_table(comparison: Comparison) -> Table:
    """The best config of each PE type in each metric, with its ratio to the best INT16."""
    from rich import box
    from rich.table import Table

    from ..hardware.family import default_family

    families = comparison.families or (default_family(),)
    usual = all(family.default for family in families)
    legend = "\n".join(("" if usual else f"{family.name}: ") + family.texts.legend for family in families)
    clock = "each at its own clock" if comparison.clock == "auto" else f"all at {comparison.clock} GHz"
    table = Table(
        title=f"{comparison.network}: best designs for {comparison.objective}, batch {comparison.batch}, {clock}",
        caption="ratio: times better than the best INT16 (performance per area: higher; energy: lower)\n" + legend,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
    )
    for name in ("PE type", "metric"):
        table.add_column(name)
    for name in ("best", "ratio"):
        table.add_column(name, justify="right")
    table.add_column("unit")
    table.add_column("GHz", justify="right")
    table.add_column("PEs, spads, GLB" if usual else "design")
    table.add_column("config_id")
    before = None
    for best in comparison.best:
        if before not in (None, best.pe_type):
            table.add_section()
        ratio = "-" if best.ratio is None else f"{best.ratio:.2f}x"
        table.add_row(
            best.pe_type if best.pe_type != before else "",
            best.metric.label,
            f"{best.value:.4g}",
            ratio,
            best.metric.unit,
            f"{best.clock_ghz:.3f}",
            best.config,
            best.config_id,
        )
        before = best.pe_type
    return table
