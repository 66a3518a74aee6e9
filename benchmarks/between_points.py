"""How far the component models are off between the points that they were fitted to.

    python benchmarks/between_points.py [--count 30] [--seed 1]      # needs pyosys and g++; three minutes of two cores
    python benchmarks/between_points.py --spad separate:31x24 separate:63x24      # these scratchpads alone

Components drawn at random within the models' range, none of them in the tables, are synthesised and simulated (global
buffers: CACTI) and compared with the models' predictions. Beside each error stands the one that the models state, from
cross-validation. Sizes are drawn on a logarithmic scale, widths and formats evenly.
"""

from __future__ import annotations

import argparse
import os
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import mean

from published_figures import markdown

from qadam_plugin.hardware.pe_types import PEType
from qadam_plugin.ppa.families import FAMILIES
from qadam_plugin.ppa.library import load_library
from qadam_plugin.synthesis.designs import control_design, mac_design, spad_design
from qadam_plugin.synthesis.measure import Measurement, measure
from qadam_plugin.synthesis.point import Point, integer, mac_columns, shift_add
from qadam_plugin.synthesis.points import all_points

_HOW = Measurement(checked=300)

#: What a component is: how it is built, and the arguments of that. Designs do not pass between processes, these do.
Recipe = tuple[str, tuple[int | str, ...]]


def main() -> None:
    """Print a row per model and quantity."""
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=30, help="components per model")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument(
        "--spad", nargs="+", type=_given, metavar="ADDRESSES:DEPTHxWIDTH", help="these, none at random"
    )
    given = options.parse_args()
    recipes = given.spad or _drawn(given.count, random.Random(given.seed))
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        measured = list(pool.map(_measured, recipes))
    errors = defaultdict(list)
    for recipe, figures in zip(recipes, measured, strict=True):
        for quantity, (predicted, stated, column) in _predicted(recipe).items():
            errors[recipe[0], quantity, stated].append(predicted / figures[column] - 1)
    rows = [
        (title, quantity, f"{100 * stated:.1f}", *_summary(values))
        for (title, quantity, stated), values in errors.items()
    ]
    print("\n".join(markdown(("model", "quantity", "stated %", "between the points %", "mean %", "worst %"), rows)))


def _drawn(count: int, rng: random.Random) -> list[Recipe]:
    """So many components of each model, none of them in the tables."""
    known, recipes = {point.name for point in all_points()}, []
    for title, draw in _DRAWS.items():
        found: dict[str, Recipe] = {}
        while len(found) < count:
            recipe = (title, draw(rng))
            if (name := _point(recipe).name) not in known:
                found[name] = recipe
        recipes += found.values()
    return recipes


def _given(text: str) -> Recipe:
    """A scratchpad as the command line has it."""
    addresses, _, size = text.partition(":")
    depth, _, width = size.partition("x")
    if addresses not in ("separate", "shared"):
        raise ValueError
    return f"spad {addresses}", (addresses, int(depth), int(width))


def _summary(errors: Sequence[float]) -> tuple[str, str, str]:
    """Mean size, mean and worst of relative errors, in %."""
    size = mean(abs(error) for error in errors)
    return f"{100 * size:.1f}", f"{100 * mean(errors):+.1f}", f"{100 * max(errors, key=abs):+.1f}"


def _measured(recipe: Recipe) -> Mapping[str, float]:
    return measure(_point(recipe), _HOW)


def _predicted(recipe: Recipe) -> dict[str, tuple[float, float, str]]:
    """Quantity -> prediction, the error that its model states, and its column."""
    point, (_, _, variant) = _point(recipe), recipe[0].partition(" ")
    family = FAMILIES[point.family]
    at = {name: float(point.parameters[name]) for name in family.parameters}
    records = ((model, model.record) for model in load_library().of_family(point.family, variant))
    return {
        record.quantity: (model.predict(at), record.cv_mean_error, family.quantity(record.quantity).column)
        for model, record in records
        if record.cv_mean_error is not None
    }


def _point(recipe: Recipe) -> Point:
    title, arguments = recipe
    return _BUILD[title](*arguments)


def _spad(addresses: str, depth: int, width: int) -> Point:
    design = spad_design(depth, width, one_address=addresses == "shared")
    return Point("spad", design.name, {"depth": depth, "width": width}, 1.0, design)


def _control(ifmap: int, weights: int, psum: int) -> Point:
    design = control_design(ifmap, weights, psum)
    columns = {"ifmap_depth": ifmap, "weights_depth": weights, "psum_depth": psum}
    return Point("control", design.name, columns, 1.0, design)


def _mac(pe: PEType) -> Point:
    design = mac_design(pe, 1)
    return Point("mac", design.name, mac_columns(pe) | {"pipeline": 1}, 1.0, design)


def _buffer(kib: int, width: int, banks: int) -> Point:
    columns = {"capacity_bits": kib * 8 * 1024, "width": width, "banks": banks}
    return Point("glb", f"glb_{kib}kib_w{width}_b{banks}", columns, 1.0)


def _size(rng: random.Random, low: int, high: int) -> int:
    """A whole number, evenly on a logarithmic scale."""
    return round(low * (high / low) ** rng.random())


#: Model, as family and variant -> arguments of a component drawn at random.
_DRAWS: Mapping[str, Callable[[random.Random], tuple[int | str, ...]]] = {
    "spad separate": lambda rng: ("separate", _size(rng, 4, 128), rng.randint(4, 40)),
    "spad shared": lambda rng: ("shared", _size(rng, 8, 256), rng.randint(4, 32)),
    "control": lambda rng: (_size(rng, 6, 24), _size(rng, 24, 224), _size(rng, 8, 32)),
    "mac int": lambda rng: (rng.randint(2, 16), rng.randint(2, 16), rng.randint(2, 16)),
    "mac shift-add": lambda rng: (rng.randint(4, 16), rng.randint(1, 2), rng.randint(4, 16)),
    "glb": lambda rng: (_size(rng, 2, 1024), 8 * rng.randint(4, 16), rng.choice((1, 2, 4))),
}
#: The same -> how it is built from them.
_BUILD: Mapping[str, Callable[..., Point]] = {
    "spad separate": _spad,
    "spad shared": _spad,
    "control": _control,
    "mac int": lambda *bits: _mac(integer(*bits)),
    "mac shift-add": lambda *bits: _mac(shift_add(*bits)),
    "glb": _buffer,
}

if __name__ == "__main__":
    main()
