"""Loop and keep constraints of a v0.4 spec: from what is written to `LoopConstraint`s.

Forms and defaults are those of Timeloop's v4 front end (timeloopfe: constraints.py and processors/); what it knows and
the mapper does not is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import InputError
from ..userfile import describe, suggestion
from ..workloads.layer import DIMENSIONS, RELEVANT, TENSORS
from .archspec import LoopConstraint

_NO_LOOPS = LoopConstraint(factors=dict.fromkeys(DIMENSIONS, 1))

_FACTOR = re.compile(r"\s*([A-Za-z]+)\s*(<=|>=|=)\s*(-?\d+)\s*")

#: Keys of an iteration constraint that may only be empty: they change counts or the mapspace in ways not modelled.
_EMPTY_ONLY = (
    "no_reuse",
    "no_link_transfer",
    "rmw_first_update",
    "default_max_factor",
    "default_min_factor",
    "remainders",
    "maximize_dims",
    "maximize_dims_capacity",
)
_LOOP_KEYS = ("factors", "factors_only", "permutation", "no_iteration_over_dataspaces", "must_iterate_over_dataspaces")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file: for messages."""

    source: str
    key: str

    def __truediv__(self, part: str) -> Place:
        joined = f"{self.key}{part}" if part.startswith("[") or not self.key else f"{self.key}.{part}"
        return Place(self.source, joined)

    def error(self, message: str) -> InputError:
        """The error to raise for this place."""
        return InputError(self.source, self.key, message)


def axis_constraints(
    mesh_x: int,
    mesh_y: int,
    factors: Mapping[str, int],
    max_factors: Mapping[str, int],
    permutation: Sequence[str],
    split: int | None,
) -> tuple[LoopConstraint, LoopConstraint]:
    """Constraints of the X and of the Y axis of one container.

    Parameters
    ----------
    factors, max_factors : exact and largest bounds.
    permutation : innermost first.
    split : Timeloop lays the first `split` loops of the order on X and the others on Y. The front end first puts every
        dimension of factor 1 that the permutation leaves out in front of it, so these count. None: either axis.

    Raises
    ------
    ValueError : the axis of some dimension depends on the layer, or cannot be expressed; the message says what to
        write.
    """
    if split is None:
        if mesh_x > 1 and mesh_y > 1:
            if permutation:
                raise ValueError("with meshX and meshY, a permutation needs a split that says where Y begins")
            if any(bound != 1 for bound in factors.values()):
                raise ValueError("with meshX and meshY, a factor needs a permutation and a split that give it an axis")
            both = LoopConstraint(factors=dict(factors), max_factors=dict(max_factors))
            return both, both
        split = len(DIMENSIONS) if mesh_y == 1 else 0
    unlisted = [dimension for dimension, bound in factors.items() if bound == 1 and dimension not in permutation]
    order = [*reversed(unlisted), *permutation]
    if split >= len(DIMENSIONS):
        on_x, x_order, y_order = set(DIMENSIONS), tuple(permutation), ()
    elif split <= len(unlisted):
        on_x, x_order, y_order = set(), (), tuple(permutation)
    elif len(order) == len(DIMENSIONS):
        on_x, x_order, y_order = set(order[:split]), tuple(order[:split]), tuple(order[split:])
    else:
        missing = [dimension for dimension in DIMENSIONS if dimension not in order]
        raise ValueError(
            f"which loops a split of {split} lays on X depends on the layer: name {', '.join(missing)} in permutation "
            "or give them a factor of 1"
        )
    axes = []
    for mesh, here, loop_order in (
        (mesh_x, on_x, x_order),
        (mesh_y, set(DIMENSIONS) - on_x, y_order),
    ):
        if mesh == 1 or not here:
            axes.append(_NO_LOOPS)
            continue
        fixed = {d: factors[d] if d in here else 1 for d in DIMENSIONS if d in factors or d not in here}
        if all(fixed.get(d) == 1 for d in DIMENSIONS):
            axes.append(_NO_LOOPS)
            continue
        largest = {d: bound for d, bound in max_factors.items() if d in here}
        axes.append(LoopConstraint(factors=fixed, max_factors=largest, permutation=loop_order))
    return axes[0], axes[1]


def loop_constraint(written: Mapping[str, object], place: Place, extra: Sequence[str] = ()) -> LoopConstraint:
    """Check a ``temporal`` or ``spatial`` constraint. `extra` names further keys that the caller reads itself.

    Raises
    ------
    InputError : an unknown key, or one that is not modelled.
    """
    known = (*_LOOP_KEYS, *extra)
    for key, value in written.items():
        if key in ("type", "target") or key in known:
            continue
        if key in _EMPTY_ONLY:
            if value not in (None, [], {}):
                raise (place / key).error("is not supported")
        else:
            raise (place / key).error(f"unknown key; {suggestion(key, known)}")
    factors, max_factors = _factors(written.get("factors"), place / "factors")
    if (only := written.get("factors_only")) is not None:
        fixed, largest = _factors(only, place / "factors_only")
        for dimension in DIMENSIONS:
            if dimension not in fixed and dimension not in largest and dimension not in max_factors:
                fixed[dimension] = factors.get(dimension, 1)
        _merge(factors, fixed, place / "factors_only")
        max_factors.update(largest)
    if (names := written.get("no_iteration_over_dataspaces")) is not None:
        spot = place / "no_iteration_over_dataspaces"
        touched = set().union(*(RELEVANT[name] for name in tensors(names, spot)))
        _merge(factors, dict.fromkeys(sorted(touched), 1), spot)
    if (names := written.get("must_iterate_over_dataspaces")) is not None:
        spot = place / "must_iterate_over_dataspaces"
        touched = set().union(*(RELEVANT[name] for name in tensors(names, spot)))
        _merge(factors, {d: 1 for d in DIMENSIONS if d not in touched}, spot)
    for dimension, bound in list(max_factors.items()):
        if dimension in factors:
            if factors[dimension] > bound:
                message = f"{dimension}={factors[dimension]} and {dimension}<={bound} contradict"
                raise (place / "factors").error(message)
            del max_factors[dimension]
    order = _permutation(written.get("permutation"), place / "permutation")
    return LoopConstraint(factors=factors, max_factors=max_factors, permutation=order)


def tensors(written: object, place: Place) -> tuple[str, ...]:
    """Names of data spaces, ``*`` being all of them, in Timeloop's order.

    Raises
    ------
    InputError : not a list of Weights, Inputs, Outputs.
    """
    if not isinstance(written, list):
        raise place.error(f"a list of {', '.join(TENSORS)} is wanted, not {describe(written)}")
    for name in written:
        if name != "*" and name not in TENSORS:
            raise place.error(f"unknown data space {describe(name)}; known are {', '.join(TENSORS)}")
    return tuple(name for name in TENSORS if name in written or "*" in written)


def _merge(factors: dict[str, int], more: Mapping[str, int], place: Place) -> None:
    for dimension, bound in more.items():
        if factors.setdefault(dimension, bound) != bound:
            raise place.error(f"{dimension}={bound} contradicts {dimension}={factors[dimension]}")


def _factors(written: object, place: Place) -> tuple[dict[str, int], dict[str, int]]:
    """Exact and largest bounds of ``C=4``, ``C<=4``: a list, or one text with commas or blanks between them."""
    if written is None:
        return {}, {}
    items = re.split(r"[,\s]+", written.strip()) if isinstance(written, str) else written
    if not isinstance(items, list):
        raise place.error(f"a list such as [C=4, M=1] is wanted, not {describe(written)}")
    exact: dict[str, int] = {}
    largest: dict[str, int] = {}
    for item in items:
        match = _FACTOR.fullmatch(item) if isinstance(item, str) else None
        if match is None:
            raise place.error(f"a factor such as C=4 or C<=4 is wanted, not {describe(item)}")
        dimension, sign, bound = match[1], match[2], int(match[3])
        if dimension not in DIMENSIONS:
            raise place.error(f"unknown dimension '{dimension}'; known are {', '.join(DIMENSIONS)}")
        if sign == ">=":
            raise place.error(f"'{item.strip()}' is not supported: only = and <= are")
        if bound == 0:
            raise place.error(f"'{item.strip()}' means the whole dimension and is not supported: write the bound")
        if bound < 0:
            raise place.error(f"'{item.strip()}': a bound of at least 1 is wanted")
        target = exact if sign == "=" or bound == 1 else largest
        if target.setdefault(dimension, bound) != bound:
            raise place.error(f"'{item.strip()}' contradicts another factor of {dimension}")
    return exact, largest


def _permutation(written: object, place: Place) -> tuple[str, ...]:
    """Dimensions, innermost first: a list, or a text with or without commas."""
    if written is None:
        return ()
    if isinstance(written, str):
        written = [part.strip() for part in written.split(",")] if "," in written else list(written.replace(" ", ""))
    if not isinstance(written, list):
        raise place.error(f"a list of dimensions, innermost first, is wanted, not {describe(written)}")
    for position, name in enumerate(written):
        if name not in DIMENSIONS:
            raise place.error(f"unknown dimension {describe(name)}; known are {', '.join(DIMENSIONS)}")
        if name in written[:position]:
            raise place.error(f"dimension {name} is given twice")
    return tuple(written)
