"""The figures by name: what each shows, which options it takes, and how it is made from stored results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..designs import shown_designs
from ..metrics import Metric
from ..normalize import CRITERION, references
from . import ppa
from .accuracy import collect_accuracy, draw_accuracy
from .energy import collect_energy, draw_energy
from .pareto import collect_panels, draw_panels
from .ppa import collect_ppa
from .roofline import collect_roofline, draw_roofline
from .sensitivity import collect_sensitivity, draw_sensitivity
from .utilization import collect_utilization, draw_utilization

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ...sweep.store import ResultStore
    from ..selection import Selection


@dataclass(frozen=True)
class PlotRequest:
    """What a figure is made from.

    Attributes
    ----------
    store : the results' store.
    selected : results of it.
    x, y : axes of ``pareto``.
    relative_to : PE type that ``pareto`` is relative to; None: plain units.
    criterion : what makes a design the best of its PE type.
    """

    store: ResultStore
    selected: Selection
    x: Metric
    y: Metric
    relative_to: str | None
    criterion: Metric

    @property
    def results(self) -> pd.DataFrame:
        """Results to show, with accuracies where a person gave them."""
        return self.selected.kept


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of figure.

    Attributes
    ----------
    words : what it shows, for a list.
    options : options of the command line that it takes, besides those that all take.
    columns : columns of results that it needs, besides metrics that were asked for and what groups results.
    parameters : whether it needs all parameters of the designs.
    make : the figure from a request.
    """

    words: str
    options: frozenset[str]
    columns: frozenset[str]
    make: Callable[[PlotRequest], Figure]
    parameters: bool = False


def _pareto(request: PlotRequest) -> Figure:
    found = None if request.relative_to is None else references(request.selected.everything, request.relative_to)
    return draw_panels(collect_panels(request.results, request.x, request.y, relative_to=found))


def _energy(request: PlotRequest) -> Figure:
    groups = shown_designs(request.store, request.results, request.criterion)
    return draw_energy(collect_energy(groups, request.criterion))


def _utilization(request: PlotRequest) -> Figure:
    return draw_utilization(collect_utilization(shown_designs(request.store, request.results, request.criterion)))


def _roofline(request: PlotRequest) -> Figure:
    return draw_roofline(collect_roofline(shown_designs(request.store, request.results, request.criterion)))


_BEST = frozenset({"--metric"})
_FIG_4 = frozenset({"config_id", *(metric.name for metric in (ppa.X, ppa.Y, CRITERION))})

#: Kinds that are made from stored results.
KINDS: dict[str, Kind] = {
    "pareto": Kind(
        "two metrics of every design, with the Pareto front",
        frozenset({"--x", "--y", "--normalize"}),
        frozenset({"config_id"}),
        _pareto,
    ),
    "ppa": Kind(
        "Fig. 4 of the paper: performance per area and energy in nine panels, relative to the best int16",
        frozenset(),
        _FIG_4,
        lambda request: draw_panels(collect_ppa(request.results, request.selected.everything)),
    ),
    "accuracy": Kind(
        "Figs. 5 and 6 of the paper: accuracy against performance per area and energy",
        frozenset(),
        _FIG_4,
        lambda request: draw_accuracy(collect_accuracy(request.results)),
    ),
    "energy": Kind("energy of the best designs by component and by layer", _BEST, frozenset(), _energy),
    "utilization": Kind("how busy the MACs of the best designs are, by layer", _BEST, frozenset(), _utilization),
    "roofline": Kind("layers of the best designs under the roofs of MACs and DRAM", _BEST, frozenset(), _roofline),
    "sensitivity": Kind(
        "what each parameter alone changes around the best designs",
        _BEST,
        frozenset({"config_id", "family"}),
        lambda request: draw_sensitivity(
            collect_sensitivity(request.results, request.criterion, request.store.families())
        ),
        parameters=True,
    ),
}
