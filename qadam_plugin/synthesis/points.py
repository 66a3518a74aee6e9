"""Which points are characterised: the designs and memories of every table, and a handful of each for a quick run."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from ..hardware.pe_types import PE_TYPES, SUBWORD_TYPES, PEType
from .designs import MAX_PIPELINE, array_design, control_design, mac_design, pe_design, spad_design
from .formats import BF16_PE
from .narrow_points import narrow_points
from .point import Point, integer, mac_columns, shift_add
from .subword import subword_design
from .subword_points import subword_points

FAMILIES = ("mac", "mac_options", "mac_bits", "mac_subword", "spad", "control", "pe", "array", "glb")

_KIB = 8 * 1024
_ACT_WIDTHS = (2, 3, 4, 6, 8, 10, 12, 14, 16)
#: Depths and widths of scratchpads: with an address each for reading and writing, as a PE has for activations and
#: partial sums, and with one address, as it has for weights. Round depths alone would not do: their decoders and
#: multiplexers are those that synthesis makes best.
_SEPARATE = (
    (*range(4, 17), 18, 20, 22, 24, 28, 32, 36, 40, 48, 56, 64, 72, 80, 96, 112, 128),
    (4, 8, 16, 24, 32, 40),
)
_SHARED = (
    (
        *(8, 10, 12, 14, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 72, 80, 88, 96, 112, 128),
        *(144, 160, 176, 192, 208, 224, 240, 256),
    ),
    (4, 8, 16, 24, 32),
)
_GLB_KIB = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 108, 128, 192, 256, 384, 512, 768, 1024)
_GLB_WIDTHS = (32, 40, 48, 56, 64, 80, 96, 128)
_GLB_BANKS = (1, 2, 4)


def all_points() -> tuple[Point, ...]:
    """Every point of every table, table by table."""
    return (
        *_macs(),
        *_mac_options(),
        *narrow_points(),
        *subword_points(),
        *_spads(),
        *_controls(),
        *_pes(),
        *_arrays(),
        *_glbs(),
    )


def quick_points() -> tuple[Point, ...]:
    """A few points of every table."""
    chosen = {
        *(mac_design(pe).name for pe in PE_TYPES.values()),
        *(spad_design(depth, width).name for depth, width in ((12, 8), (16, 24))),
        *(spad_design(48, width, one_address=True).name for width in (4, 16)),
        control_design(12, 48, 16).name,
        mac_design(PE_TYPES["int8"], zero_gating=True).name,
        *(f"{mac_design(PE_TYPES['int8']).name}_on_a{bits}_w{bits}" for bits in (4, 8)),
        f"{subword_design(SUBWORD_TYPES['subword8']).name}_b4",
        pe_design(PE_TYPES["lightpe1"], 12, 48, 16).name,
        pe_design(PE_TYPES["int16"], 12, 48, 16).name,
        array_design(2, 2, PE_TYPES["lightpe1"], 12, 48, 16).name,
        *(_glb_name(kib, width, 1) for kib, width in ((8, 64), (108, 64), (512, 128))),
    }
    return tuple(point for point in all_points() if point.name in chosen)


def _mac(pe: PEType, pipeline: int) -> Point:
    design = mac_design(pe, pipeline)
    # Array multipliers of floating point take longest: significands with the leading one.
    return Point(
        "mac", design.name, mac_columns(pe) | {"pipeline": pipeline}, 2 + pe.act_bits * pe.weight_bits / 20, design
    )


def _macs() -> tuple[Point, ...]:
    found: dict[str, Point] = {}
    for pe in (*_integers(), *_shift_adds(), *_floats()):
        point = _mac(pe, 1)
        found[point.name] = point
    deep = (
        *(integer(bits, bits, 8) for bits in (4, 8, 12, 16)),
        *(shift_add(*each) for each in product((4, 8, 12, 16), (1, 2), (8,))),
    )
    for pe in (*PE_TYPES.values(), *deep, *_floats()):
        for pipeline in range(MAX_PIPELINE[pe.family] + 1):
            point = _mac(pe, pipeline)
            found.setdefault(point.name, point)
    return tuple(found.values())


def _integers() -> Iterator[PEType]:
    """Widths 2 to 16: a grid with 8 guard bits, a coarser one with others, and odd pairs between the grid's."""
    for act, weight in product(_ACT_WIDTHS, _ACT_WIDTHS):
        yield integer(act, weight, 8)
    for act, weight, guard in product((2, 4, 8, 12, 16), (2, 4, 8, 12, 16), (2, 16)):
        yield integer(act, weight, guard)
    for act, weight in product(range(2, 17), range(2, 17)):
        if (act + 3 * weight) % 5 == 0:
            yield integer(act, weight, 8)


def _shift_adds() -> Iterator[PEType]:
    yield PE_TYPES["lightpe1"]
    yield PE_TYPES["lightpe2"]
    for act, terms, guard in product(range(4, 17), (1, 2), (4, 8, 16)):
        yield shift_add(act, terms, guard)


def _floats() -> tuple[PEType, ...]:
    return (PE_TYPES["fp32"], PEType("", "fp", 16, 16, 16), PEType("", "fp", 16, 16, 32), BF16_PE)


def _mac_options() -> tuple[Point, ...]:
    """The named types without clock gating, and with zero gating."""
    points = []
    for pe, (gated, zero) in product(PE_TYPES.values(), ((False, False), (True, True))):
        design = mac_design(pe, 1, gated, zero)
        columns = mac_columns(pe) | {"pipeline": 1, "clock_gating": int(gated), "zero_gating": int(zero)}
        points.append(Point("mac_options", design.name, columns, 10, design))
    return tuple(points)


def _spads() -> tuple[Point, ...]:
    points = []
    for addresses, sizes in (("separate", _SEPARATE), ("shared", _SHARED)):
        for depth, width in product(*sizes):
            design = spad_design(depth, width, one_address=addresses == "shared")
            columns = {"addresses": addresses, "depth": depth, "width": width}
            points.append(Point("spad", design.name, columns, depth * width / 300, design))
    return tuple(points)


def _controls() -> tuple[Point, ...]:
    points = []
    for ifmap, weights, psum in product((6, 8, 12, 16, 24), (24, 48, 112, 224), (8, 16, 24, 32)):
        design = control_design(ifmap, weights, psum)
        columns = {"ifmap_depth": ifmap, "weights_depth": weights, "psum_depth": psum}
        points.append(Point("control", design.name, columns, 2, design))
    return tuple(points)


def _pes() -> tuple[Point, ...]:
    """Flat PEs: 52 of each type of the paper and 13 of INT8, spread over a grid of depths; every fourth simulated."""
    grid = list(product((8, 12, 16, 24), (24, 32, 48, 64, 96, 128), (8, 16, 24, 32)))
    reference = grid.index((12, 48, 16))
    # A step without a factor in common with the grid's size visits all of it, far apart.
    order = [(reference + 35 * step) % len(grid) for step in range(52)]
    points = []
    for name, pe in PE_TYPES.items():
        for number, depths in enumerate(grid[index] for index in order[: 13 if name == "int8" else 52]):
            points.append(_pe(pe, depths, simulated=number % 4 == 0))
    return tuple(points)


def _pe(pe: PEType, depths: tuple[int, int, int], simulated: bool) -> Point:
    design = pe_design(pe, *depths)
    bits = depths[0] * pe.act_bits + depths[1] * pe.weight_bits + depths[2] * pe.acc_bits
    columns = {"ifmap_depth": depths[0], "weights_depth": depths[1], "psum_depth": depths[2]}
    return Point("pe", design.name, mac_columns(pe) | columns, 5 + bits / 300, design, simulated)


def _arrays() -> tuple[Point, ...]:
    sizes = [(2, 2, name) for name in PE_TYPES]
    sizes += [
        (1, 4, "lightpe1"),
        (4, 1, "lightpe2"),
        (2, 3, "lightpe2"),
        (3, 3, "lightpe1"),
        (2, 4, "int8"),
        (4, 4, "lightpe1"),
    ]
    points = []
    for rows, cols, name in sizes:
        pe = PE_TYPES[name]
        design = array_design(rows, cols, pe, 12, 48, 16)
        columns = {
            "rows": rows,
            "cols": cols,
            **mac_columns(pe),
            "ifmap_depth": 12,
            "weights_depth": 48,
            "psum_depth": 16,
        }
        points.append(Point("array", design.name, columns, 1000 + rows * cols * pe.act_bits, design))
    return tuple(points)


def _glb_name(kib: int, width: int, banks: int) -> str:
    return f"glb_{kib}kib_w{width}_b{banks}"


def _glbs() -> tuple[Point, ...]:
    return tuple(
        Point(
            "glb",
            _glb_name(kib, width, banks),
            {"capacity_bits": kib * _KIB, "width": width, "banks": banks},
            kib / 1000,
        )
        for kib, width, banks in product(_GLB_KIB, _GLB_WIDTHS, _GLB_BANKS)
    )
