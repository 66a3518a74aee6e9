"""From an accelerator's parameters to its architecture: the templates of its family, worked out."""

from __future__ import annotations

from ..errors import InputError
from ..workloads.layer import DIMENSIONS
from .archspec import ArchSpec, Compute, Fanout, Level, LoopConstraint, Storage, usual_place
from .config import AcceleratorConfig
from .family_parts import ComputeTemplate, FanoutTemplate, LoopTemplate, StorageTemplate
from .formulas import Values
from .pe_types import NAMED_TYPES, PEType
from .spec_attributes import UNBOUNDED_DEPTH
from .spec_constraints import axis_constraints

TECHNOLOGY = "45nm"


def build_spec(config: AcceleratorConfig, clock_ghz: float, lanes: int = 1) -> ArchSpec:
    """Architecture of one accelerator.

    Parameters
    ----------
    clock_ghz : clock that turns the DRAM's GB/s into words per cycle; `config.clock_ghz` is not looked at.
    lanes : products over C that a MAC of the PE type makes per cycle; a family may fan out by it inside a PE.

    Notes
    -----
    Everything else is the family's to say: word widths, capacities, bandwidths, and how shared levels are split.

    Raises
    ------
    InputError : a formula of the family gives what no level can have.
    """
    family, values = config.family, formula_values(config, clock_ghz, lanes)
    levels: list[Level] = []
    instances, inside = 1, False
    for template in family.levels:
        if isinstance(template, ComputeTemplate):
            levels.append(_compute(template, config.pe, values, instances))
        elif template.when is not None and not template.when.true(values):
            continue
        elif isinstance(template, FanoutTemplate):
            fanout = _fanout(template, values, family.source)
            instances, inside = instances * fanout.mesh_x * fanout.mesh_y, True
            levels.append(fanout)
        else:
            levels.append(_storage(template, values, instances, inside))
    return ArchSpec(
        name=f"qadam_{config.pe.name}_{family.texts.name.text(config.parameters)}",
        levels=tuple(levels),
        technology=TECHNOLOGY,
        cycle_seconds=1e-9 / clock_ghz,
        source=f"config {config.config_id}",
    )


def formula_values(config: AcceleratorConfig, clock_ghz: float, lanes: int = 1) -> dict[str, object]:
    """Every name that a family's formulas may use, with a config's values."""
    pe = config.pe
    values: dict[str, object] = {
        **config.parameters,
        **{"act_bits": pe.act_bits, "weight_bits": pe.weight_bits, "acc_bits": pe.acc_bits},
        **{"lanes": lanes, "clock_ghz": clock_ghz},
    }
    for name, formula in config.family.values:
        values[name] = formula.number(values)
    return values


def _storage(template: StorageTemplate, values: Values, instances: int, inside: bool) -> Storage:
    datawidth = template.word_bits.whole(values)
    width = datawidth if template.width is None else template.width.whole(values)
    if template.width is not None and width % datawidth:
        wanted = f"{width} is not a multiple of the {datawidth} bits of a word"
        raise InputError(template.width.source, template.width.key, wanted)
    depth = None if template.depth is None else template.depth.whole(values)
    bandwidth = None if template.bandwidth is None else template.bandwidth.number(values)
    if template.bandwidth is not None and bandwidth is not None and bandwidth <= 0:
        raise InputError(template.bandwidth.source, template.bandwidth.key, f"more than 0 is wanted, not {bandwidth:g}")
    attributes: dict[str, object] = {
        "depth": UNBOUNDED_DEPTH if depth is None else depth,
        "width": width,
        "datawidth": datawidth,
    }
    if bandwidth is not None:
        attributes |= {"read_bandwidth": bandwidth, "write_bandwidth": bandwidth}
    if template.partial_sums:
        attributes["partial_sums"] = True
    for name, value in template.attributes:
        attributes[name] = value if isinstance(value, str | int | float | bool) else value.number(values)
    if template.place != usual_place(template.cls, inside):
        attributes["place"] = template.place
    return Storage(
        name=template.name,
        cls=template.cls,
        width=width,
        datawidth=datawidth,
        depth=depth,
        keep=template.keep,
        read_bandwidth=bandwidth,
        write_bandwidth=bandwidth,
        temporal=_loops(template.loops, values),
        instances=instances,
        partial_sums=template.partial_sums,
        attributes=attributes,
    )


def _fanout(template: FanoutTemplate, values: Values, source: str) -> Fanout:
    x = 1 if template.x is None else template.x.whole(values)
    y = 1 if template.y is None else template.y.whole(values)
    split = template.split
    if template.x is None or template.y is None:
        split = len(DIMENSIONS) if template.y is None else 0
    loops = _loops(template.loops, values)
    try:
        on_x, on_y = axis_constraints(x, y, loops.factors, loops.max_factors, loops.permutation, split)
    except ValueError as error:
        raise InputError(source, template.name, str(error)) from None
    return Fanout(template.name, mesh_x=x, mesh_y=y, constraint_x=on_x, constraint_y=on_y)


def _compute(template: ComputeTemplate, pe: PEType, values: Values, instances: int) -> Compute:
    attributes: dict[str, object] = {
        "family": pe.family,
        "activation_bits": pe.act_bits,
        "weight_bits": pe.weight_bits,
        "accumulator_bits": pe.acc_bits,
        "shift_terms": pe.shift_terms,
    }
    if template.control is not None:
        names = ("ifmap_spad_depth", "weights_spad_depth", "psum_spad_depth")
        attributes |= {name: depth.whole(values) for name, depth in zip(names, template.control, strict=True)}
    sharing = template.macs_per_pe.whole(values)
    if instances % sharing:
        wanted = f"{instances} MACs are not a multiple of {sharing}"
        raise InputError(template.macs_per_pe.source, template.macs_per_pe.key, wanted)
    if sharing > 1:
        attributes["macs_per_pe"] = sharing
    lanes = template.lanes.whole(values)
    if lanes > 1:
        attributes["lanes"] = lanes
    return Compute(template.name, f"{pe.name}_mac" if pe.name in NAMED_TYPES else "qadam_mac", instances, attributes)


def _loops(loops: LoopTemplate, values: Values) -> LoopConstraint:
    """Loops of a level: factor 1 for every dimension that is not allowed, or at most 1 long."""
    allowed = DIMENSIONS if loops.allowed is None else loops.allowed
    largest = {dimension: bound.whole(values) for dimension, bound in loops.at_most if dimension in allowed}
    fixed = {dimension: 1 for dimension in DIMENSIONS if dimension not in allowed or largest.get(dimension) == 1}
    return LoopConstraint(fixed, {name: bound for name, bound in largest.items() if bound > 1}, loops.order)
