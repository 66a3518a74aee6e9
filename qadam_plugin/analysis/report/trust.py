"""How far the numbers of a report are to be trusted: the models' errors and ranges, and which models priced what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...engines.rowstationary import RowStationaryEngine
from ...errors import InputError
from ...paths import data_dir
from ...ppa.composition import FIGURES, Spread, deviations, spread
from ...ppa.library import ModelRecord
from ...sweep.training import HELD_OUT
from ..figures.fit import FitErrors, collect_accelerator_fit, fit_errors


@dataclass(frozen=True, slots=True)
class Composed:
    """PEs of one type, composed of the models of their parts, against the same ones synthesised as a whole.

    Attributes
    ----------
    relative : by figure, of `composition.FIGURES`: 0.01 is 1 % too much.
    """

    pe_type: str
    count: int
    relative: Mapping[str, Spread]


@dataclass(frozen=True)
class Trust:
    """What the models say about themselves.

    Attributes
    ----------
    models : records of all models that this version has.
    digest : of these models.
    basis : points that they were fitted to, by kind.
    composed : by PE type.
    accelerators : errors of the models of whole accelerators, if the folder has any.
    other_models : engine rowstationary's results that other models or another mapper made, as fingerprints.
    """

    models: tuple[ModelRecord, ...]
    digest: str
    basis: Mapping[str, int]
    composed: tuple[Composed, ...]
    accelerators: tuple[FitErrors, ...]
    other_models: tuple[str, ...]


def collect_trust(directory: Path, keys: Sequence[Mapping[str, Any]]) -> Trust:
    """Errors and ranges of the models that this version has, and whether they are those of the results.

    Parameters
    ----------
    keys : of the groups of comparable results.
    """
    engine = RowStationaryEngine()
    records = engine.library.records()
    found = [each for each in deviations(engine.library, data_dir("estimator_tables")) if each.rows * each.cols == 1]
    names = dict.fromkeys(each.pe.name for each in found)
    composed = []
    for name in names:
        of_type = [each for each in found if each.pe.name == name]
        composed.append(Composed(name, len(of_type), {figure: spread(of_type, figure) for figure in FIGURES}))
    others = {key["fingerprint"] for key in keys if key["engine"] == engine.name} - {engine.fingerprint}
    return Trust(
        models=records,
        digest=engine.library.digest,
        basis=_basis(records),
        composed=tuple(composed),
        accelerators=_accelerators(directory),
        other_models=tuple(sorted(others)),
    )


def _basis(records: Sequence[ModelRecord]) -> dict[str, int]:
    """Points per kind; quantities of one family and variant were fitted to the same points."""
    most: dict[tuple[str, str], ModelRecord] = {}
    for record in records:
        key = (record.family, record.variant)
        if key not in most or record.points > most[key].points:
            most[key] = record
    total: dict[str, int] = {}
    for record in most.values():
        for kind, count in record.basis.items():
            total[kind] = total.get(kind, 0) + count
    return dict(sorted(total.items(), key=lambda item: -item[1]))


def _accelerators(directory: Path) -> tuple[FitErrors, ...]:
    if not (directory / HELD_OUT).is_file():
        return ()
    try:
        return tuple(fit_errors(collect_accelerator_fit(directory / HELD_OUT)))
    except InputError:
        # A damaged side file is no reason to have no report.
        return ()
