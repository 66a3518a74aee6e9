"""The paper's Fig. 4: performance per area against energy, relative to the best INT16, in nine panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...errors import InputError
from ..groups import GROUP, comparable, select
from ..metrics import METRICS
from ..normalize import references
from ..summary import REFERENCE
from .pareto import Panel, axis_label, collect_panels

if TYPE_CHECKING:
    import pandas as pd

#: The paper's networks, a row of panels per data set.
NETWORKS = (
    *("vgg16-cifar10", "resnet20-cifar10", "resnet56-cifar10"),
    *("vgg16-cifar100", "resnet20-cifar100", "resnet56-cifar100"),
    *("vgg16-imagenet", "resnet34-imagenet", "resnet50-imagenet"),
)

#: Axes. The paper's energies come from synthesis, which sees the chip only.
X, Y = METRICS["onchip_energy_uj"], METRICS["perf_per_area"]


def collect_ppa(results: pd.DataFrame, among: pd.DataFrame) -> list[Panel]:
    """Nine panels in the paper's order; a network without results has an empty one.

    Parameters
    ----------
    results : the designs to show.
    among : results that the reference of each network is taken from: all of them, also those not shown.

    Raises
    ------
    InputError : a network has results of several groups, which one panel cannot compare; or none has any.
    """
    ours = select(results, results["network"].isin(NETWORKS).to_numpy())
    keys = [key for key, _ in comparable(ours)]
    for network in NETWORKS:
        found = [key for key in keys if key["network"] == network]
        varying = [name for name in GROUP[1:] if len({key[name] for key in found}) > 1]
        if varying:
            values = ", ".join(repr(value) for value in dict.fromkeys(str(key[varying[0]]) for key in found))
            raise InputError(
                "--where", "", f"{network} has results of more than one {varying[0]} ({values}); choose one of them"
            )
    if not keys:
        raise InputError("plot ppa", "", f"no result of the paper's networks: {', '.join(NETWORKS)}")
    panels = collect_panels(ours, X, Y, relative_to=references(among, REFERENCE))
    by_network = {key["network"]: panel for key, panel in zip(keys, panels, strict=True)}
    return [
        by_network.get(network, Panel(network, {}, {}, np.empty((0, 2)), axis_label(X), axis_label(Y)))
        for network in NETWORKS
    ]
