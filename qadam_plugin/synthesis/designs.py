"""Designs: a piece of hardware with its Verilog, its ports and what a test of it must know.

The Verilog is plain Verilog-2005, one module per file in ``verilog/``. A design adds a top of its own without
parameters, so that the RTL and a netlist made of it have the same ports.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from ..hardware.config import AcceleratorConfig
from ..hardware.pe_types import PEType
from .formats import operand_format, sum_format
from .sources import Port, module_source, top_source

#: Ranks between operand and result registers that a MAC can have, per family.
MAX_PIPELINE = {"int": 2, "shift-add": 2, "fp": 4}

_FAMILY_CODE = {"int": 0, "shift-add": 1, "fp": 2}
_MAC_FILES = ("rank", "op_pipeline", "product_int", "product_shift_add", "product_fp", "sum_fp", "mac")
_PE_FILES = (*_MAC_FILES, "spad", "pe_control", "pe")


@dataclass(frozen=True, slots=True)
class Design:
    """A piece of hardware.

    Attributes
    ----------
    name : what it is, in one word; also the name of its top module.
    kind : ``mac``, ``spad``, ``control``, ``pe`` or ``array``.
    verilog : source texts, the top last.
    parameters : parameters of the module inside the top, under their Verilog names.
    inputs, outputs : ports without the clock; the order is that of the columns of test vectors.
    latency : cycles from the operands of a MAC to its result; 0 for a spad.
    clock_gating : the netlist is to have its enables mapped to clock gates.
    pe : PE type; None for a spad and a control.
    clock : name of the clock port.
    """

    name: str
    kind: str
    verilog: tuple[str, ...]
    parameters: MappingProxyType[str, int]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    latency: int
    clock_gating: bool
    pe: PEType | None
    clock: str = "clk"

    @property
    def top(self) -> str:
        """Name of the top module."""
        return self.name


def mac_design(pe: PEType, pipeline: int = 1, clock_gating: bool = True, zero_gating: bool = False) -> Design:
    """Multiply-accumulate unit: result ``psum + act * weight``, ``pipeline + 2`` cycles after its operands.

    Parameters
    ----------
    pe : operands, sum and family.
    pipeline : ranks of registers between operand and result registers: 0 to `MAX_PIPELINE` of the family.
    clock_gating : registers load only what is used, and the netlist gates their clocks.
    zero_gating : a zero operand stops the multiplier.

    Raises
    ------
    ValueError : a pipeline depth that the family does not have.
    """
    parameters = _mac_parameters(pe, pipeline, clock_gating, zero_gating)
    inputs = (
        Port("rst", 1),
        Port("en", 1),
        Port("chain", 1),
        Port("first", 1),
        Port("act", pe.act_bits),
        Port("weight", pe.weight_bits),
        Port("psum", pe.acc_bits),
        Port("psum_in", pe.acc_bits),
    )
    outputs = (Port("take", 1), Port("valid", 1), Port("busy", 1), Port("psum_out", pe.acc_bits))
    name = f"mac_{_type_name(pe)}_{_options(pipeline, clock_gating, zero_gating)}"
    return _design(name, "mac", "mac", _MAC_FILES, parameters, inputs, outputs, pipeline + 2, clock_gating, pe)


def spad_design(depth: int, width: int, clock_gating: bool = True, one_address: bool = False) -> Design:
    """Scratchpad of `depth` words of `width` bits (1 to 64): a write port, and a read port without register.

    Parameters
    ----------
    one_address : both ports have one address, as in a PE's weights, whose words are decoded once for both.

    Raises
    ------
    ValueError : depth below 1, or a width out of range.
    """
    if depth < 1 or not 1 <= width <= 64:
        raise ValueError(f"a scratchpad has at least one word of 1 to 64 bits, not {depth} x {width}")
    address = address_bits(depth)
    parameters, rdata = {"DEPTH": depth, "WIDTH": width}, (Port("rdata", width),)
    name = f"spad_d{depth}_w{width}{'_one_address' if one_address else ''}{'' if clock_gating else '_ungated'}"
    if one_address:
        inputs = (Port("wen", 1), Port("addr", address), Port("wdata", width))
        module, sources = "spad_one_address", ("spad", "spad_one_address")
    else:
        inputs = (Port("wen", 1), Port("waddr", address), Port("wdata", width), Port("raddr", address))
        module, sources = "spad", ("spad",)
    return _design(name, "spad", module, sources, parameters, inputs, rdata, 0, clock_gating, None)


def control_design(ifmap_depth: int, weights_depth: int, psum_depth: int, clock_gating: bool = True) -> Design:
    """Control of a PE, without scratchpads and MAC."""
    ifmap, weight, psum = (address_bits(depth) for depth in (ifmap_depth, weights_depth, psum_depth))
    inputs = (
        *_settings(ifmap, weight, psum),
        *(Port(name, 1) for name in ("w_valid", "a_valid", "p_in_valid", "p_out_ready")),
        *(Port(name, 1) for name in ("mac_take", "mac_valid", "mac_busy")),
    )
    outputs = (
        *(Port(name, 1) for name in ("w_ready", "a_ready", "p_in_ready", "p_out_valid", "ifmap_wen")),
        Port("ifmap_waddr", ifmap),
        Port("ifmap_raddr", ifmap),
        Port("weight_wen", 1),
        Port("weight_addr", weight),
        Port("psum_wen", 1),
        Port("psum_waddr", psum),
        Port("psum_raddr", psum),
        *(Port(name, 1) for name in ("mac_en", "mac_chain", "first_round")),
    )
    name = f"control_i{ifmap_depth}_w{weights_depth}_p{psum_depth}{'' if clock_gating else '_ungated'}"
    parameters = _depths(ifmap_depth, weights_depth, psum_depth)
    return _design(name, "control", "pe_control", ("pe_control",), parameters, inputs, outputs, 0, clock_gating, None)


def pe_design(
    pe: PEType,
    ifmap_depth: int,
    weights_depth: int,
    psum_depth: int,
    pipeline: int = 1,
    clock_gating: bool = True,
    zero_gating: bool = False,
) -> Design:
    """Whole processing element: three scratchpads, MAC and control; depths in words, the rest as in `mac_design`."""
    parameters = {
        **_mac_parameters(pe, pipeline, clock_gating, zero_gating),
        **_depths(ifmap_depth, weights_depth, psum_depth),
    }
    inputs = (
        *_settings(*(address_bits(depth) for depth in (ifmap_depth, weights_depth, psum_depth))),
        Port("w_valid", 1),
        Port("w_data", pe.weight_bits),
        Port("a_valid", 1),
        Port("a_data", pe.act_bits),
        Port("p_in_valid", 1),
        Port("p_in_data", pe.acc_bits),
        Port("p_out_ready", 1),
    )
    outputs = (
        *(Port(name, 1) for name in ("w_ready", "a_ready", "p_in_ready", "p_out_valid")),
        Port("p_out_data", pe.acc_bits),
    )
    depths = f"i{ifmap_depth}_w{weights_depth}_p{psum_depth}"
    name = f"pe_{_type_name(pe)}_{depths}_{_options(pipeline, clock_gating, zero_gating)}"
    return _design(name, "pe", "pe", _PE_FILES, parameters, inputs, outputs, pipeline + 2, clock_gating, pe)


def array_design(
    rows: int,
    cols: int,
    pe: PEType,
    ifmap_depth: int,
    weights_depth: int,
    psum_depth: int,
    pipeline: int = 1,
    clock_gating: bool = True,
    zero_gating: bool = False,
) -> Design:
    """`rows` x `cols` processing elements in row-stationary order, each as in `pe_design`.

    A bus of the Verilog module is one port per lane here: ``w_data_<row>``, ``a_data_<row + col>``,
    ``p_in_data_<col>``.
    """
    parameters = {
        "ROWS": rows,
        "COLS": cols,
        **_mac_parameters(pe, pipeline, clock_gating, zero_gating),
        **_depths(ifmap_depth, weights_depth, psum_depth),
    }
    reset, *settings = _settings(*(address_bits(depth) for depth in (ifmap_depth, weights_depth, psum_depth)))
    diagonals = rows + cols - 1
    inputs = (
        reset,
        Port("configure", 1),
        *settings,
        *_lanes("w_valid", 1, rows),
        *_lanes("w_data", pe.weight_bits, rows),
        *_lanes("a_valid", 1, diagonals),
        *_lanes("a_data", pe.act_bits, diagonals),
        *_lanes("p_in_valid", 1, cols),
        *_lanes("p_in_data", pe.acc_bits, cols),
        *_lanes("p_out_ready", 1, cols),
    )
    outputs = (
        *_lanes("w_ready", 1, rows),
        *_lanes("a_ready", 1, diagonals),
        *_lanes("p_in_ready", 1, cols),
        *_lanes("p_out_valid", 1, cols),
        *_lanes("p_out_data", pe.acc_bits, cols),
    )
    depths = f"i{ifmap_depth}_w{weights_depth}_p{psum_depth}"
    name = f"array_{rows}x{cols}_{_type_name(pe)}_{depths}_{_options(pipeline, clock_gating, zero_gating)}"
    sources = (*_PE_FILES, "pe_array")
    return _design(name, "array", "pe_array", sources, parameters, inputs, outputs, pipeline + 2, clock_gating, pe)


def config_array(
    config: AcceleratorConfig, pipeline: int = 1, clock_gating: bool = True, zero_gating: bool = False
) -> Design:
    """The PE array of an accelerator config."""
    return array_design(
        config.rows,
        config.cols,
        config.pe,
        config.ifmap_spad_depth,
        config.weights_spad_depth,
        config.psum_spad_depth,
        pipeline,
        clock_gating,
        zero_gating,
    )


def config_pe(
    config: AcceleratorConfig, pipeline: int = 1, clock_gating: bool = True, zero_gating: bool = False
) -> Design:
    """One processing element of an accelerator config."""
    return pe_design(
        config.pe,
        config.ifmap_spad_depth,
        config.weights_spad_depth,
        config.psum_spad_depth,
        pipeline,
        clock_gating,
        zero_gating,
    )


def address_bits(depth: int) -> int:
    """Width of an address of `depth` words, at least 1."""
    return max(1, (depth - 1).bit_length())


def lanes(ports: Iterable[Port], bus: str) -> tuple[Port, ...]:
    """Ports of an array that are the lanes of one bus, in order."""
    return tuple(port for port in ports if port.name.rpartition("_")[0] == bus)


def _lanes(bus: str, bits: int, count: int) -> tuple[Port, ...]:
    return tuple(Port(f"{bus}_{lane}", bits) for lane in range(count))


def _settings(ifmap: int, weight: int, psum: int) -> tuple[Port, ...]:
    """Reset, start and the settings of a run, for addresses of these widths."""
    return (
        Port("rst", 1),
        Port("start", 1),
        Port("load_weights", 1),
        Port("last_tap", ifmap),
        Port("last_step", ifmap),
        Port("last_filter", psum),
        Port("last_weight", weight),
    )


def _depths(ifmap_depth: int, weights_depth: int, psum_depth: int) -> dict[str, int]:
    return {"IFMAP_DEPTH": ifmap_depth, "WEIGHT_DEPTH": weights_depth, "PSUM_DEPTH": psum_depth}


def _mac_parameters(pe: PEType, pipeline: int, clock_gating: bool, zero_gating: bool) -> dict[str, int]:
    deepest = MAX_PIPELINE[pe.family]
    if not 0 <= pipeline <= deepest:
        raise ValueError(f"a MAC of family {pe.family} has 0 to {deepest} pipeline ranks, not {pipeline}")
    parameters = {
        "FAMILY": _FAMILY_CODE[pe.family],
        "ACT_BITS": pe.act_bits,
        "WEIGHT_BITS": pe.weight_bits,
        "ACC_BITS": pe.acc_bits,
        "PIPELINE": pipeline,
        "CLOCK_GATING": int(clock_gating),
        "ZERO_GATING": int(zero_gating),
    }
    if pe.family == "shift-add":
        parameters["TERMS"] = pe.shift_terms
    if pe.family == "fp":
        operand, total = operand_format(pe), sum_format(pe)
        parameters |= {"EXP": operand.exponent_bits, "FRAC": operand.fraction_bits}
        parameters |= {"ACC_EXP": total.exponent_bits, "ACC_FRAC": total.fraction_bits}
    return parameters


def _type_name(pe: PEType) -> str:
    """The PE type's arithmetic in one word; its own name may not tell it."""
    if pe.family == "fp":
        operand, total = operand_format(pe).name, sum_format(pe).name
        return operand if operand == total else f"{operand}_{total}"
    stem = f"shift{pe.shift_terms}" if pe.family == "shift-add" else "int"
    return f"{stem}_a{pe.act_bits}_w{pe.weight_bits}_acc{pe.acc_bits}"


def _options(pipeline: int, clock_gating: bool, zero_gating: bool) -> str:
    return f"p{pipeline}{'' if clock_gating else '_ungated'}{'_zg' if zero_gating else ''}"


def _design(
    name: str,
    kind: str,
    module: str,
    sources: tuple[str, ...],
    parameters: dict[str, int],
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
    latency: int,
    clock_gating: bool,
    pe: PEType | None,
) -> Design:
    texts = tuple(module_source(source) for source in sources)
    top = top_source(name, module, parameters, inputs, outputs)
    return Design(name, kind, (*texts, top), MappingProxyType(parameters), inputs, outputs, latency, clock_gating, pe)
