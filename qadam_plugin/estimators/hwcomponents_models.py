"""Our models as components of hwcomponents, the successor of Accelergy; J, m^2, W, s.

The numbers are those of the Accelergy plug-in: both ask `answers.answer`. A storage's power when nothing happens is its
leakage plus, for scratchpads, idle clocking, which needs the clock: `leak_power` times the clock period is Accelergy's
`leak`. Latency is the clock period where it is given, else the characterised path; where neither is known, 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar

from hwcomponents import ActionCost, ComponentModel, action  # pyright: ignore[reportMissingImports]

from ..errors import InputError
from ..hardware.pe_types import NAMED_TYPES
from ..ppa.components import Estimate
from ..ppa.library import ModelLibrary, load_library
from ..userfile import suggestion
from .answers import answer

#: m, as hwcomponents gives nodes.
TECH_NODE = 45e-9


class _QadamComponent(ComponentModel):
    """What the components share: an estimate, priced once.

    Parameters
    ----------
    cls, attributes : class of the Accelergy plug-in and its attributes.
    tech_node : m. global_cycle_seconds : clock period; None leaves idle clocking out.
    """

    priority = 0.9

    def __init__(
        self, cls: str, attributes: Mapping[str, object], tech_node: float, global_cycle_seconds: float | None
    ) -> None:
        node = tech_node * 1e9
        found = answer(_library(), cls, {**attributes, "technology": f"{round(node, 3):g}nm"})
        if found.estimate is None:
            raise InputError("qadam-tl", cls, "; ".join(found.notes))
        if global_cycle_seconds is not None and not global_cycle_seconds > 0:
            raise InputError("qadam-tl", f"{cls}.global_cycle_seconds", "a period above 0 s is wanted")
        self._estimate: Estimate = found.estimate
        self._cycle_s = global_cycle_seconds
        idle_w = found.estimate.idle_pj * 1e-12 / global_cycle_seconds if global_cycle_seconds else 0.0
        super().__init__(leak_power=found.estimate.leakage_mw * 1e-3 + idle_w, area=found.estimate.area_um2 * 1e-12)
        for note in found.notes:
            self.logger.warning(note)

    def _cost(self, name: str) -> ActionCost:
        seconds = self._cycle_s or (self._estimate.path_ns or 0.0) * 1e-9
        throughput = 1 / seconds if seconds else float("inf")
        return ActionCost(energy=self._estimate.energy_pj[name] * 1e-12, latency=seconds, throughput=throughput)


class _QadamStorage(_QadamComponent):
    """Reads, writes and updates of `width` bits."""

    @action(bits_per_action="width")
    def read(self) -> ActionCost:
        """Read `width` bits."""
        return self._cost("read")

    @action(bits_per_action="width")
    def write(self) -> ActionCost:
        """Write `width` bits."""
        return self._cost("write")

    @action(bits_per_action="width")
    def update(self) -> ActionCost:
        """Write `width` bits over what was there: costs a write."""
        return self._cost("update")


class QadamScratchpad(_QadamStorage):
    """Scratchpad of a PE: flip-flops with address decoders.

    Parameters
    ----------
    width : bits of one access. depth : entries.
    addresses : ``separate`` for reading and writing, or one ``shared`` by both, as for weights; left out, separate as
        far as that was characterised.
    tech_node : m. global_cycle_seconds : clock period, s.
    """

    component_name: ClassVar[list[str]] = ["qadam_regfile", "qadam_scratchpad"]

    def __init__(
        self,
        width: int,
        depth: int,
        addresses: str | None = None,
        tech_node: float = TECH_NODE,
        global_cycle_seconds: float | None = None,
    ) -> None:
        self.width, self.depth, self.addresses = width, depth, addresses
        given = {} if addresses is None else {"addresses": addresses}
        super().__init__("qadam_regfile", {"width": width, "depth": depth, **given}, tech_node, global_cycle_seconds)


class QadamGlobalBuffer(_QadamStorage):
    """Global buffer, or one store of it: SRAM.

    Parameters
    ----------
    width : bits of one access. depth : entries. n_banks : banks. tech_node : m. global_cycle_seconds : clock period, s.
    """

    component_name: ClassVar[list[str]] = ["qadam_SRAM", "qadam_global_buffer"]

    def __init__(
        self,
        width: int,
        depth: int,
        n_banks: int = 1,
        tech_node: float = TECH_NODE,
        global_cycle_seconds: float | None = None,
    ) -> None:
        self.width, self.depth, self.n_banks = width, depth, n_banks
        attributes = {"width": width, "depth": depth, "n_banks": n_banks}
        super().__init__("qadam_SRAM", attributes, tech_node, global_cycle_seconds)


class QadamDRAM(_QadamStorage):
    """DRAM, off chip: no area, background power within the energy per access.

    Parameters
    ----------
    width : bits of one access. dram_type : LPDDR4, LPDDR, DDR3, DDR4, GDDR5 or HBM2 (AccelForge keeps the key
        ``type`` for itself). global_cycle_seconds : clock period, s.
    """

    component_name = "qadam_DRAM"

    def __init__(self, width: int, dram_type: str = "LPDDR4", global_cycle_seconds: float | None = None) -> None:
        self.width, self.dram_type = width, dram_type
        super().__init__("qadam_DRAM", {"width": width, "type": dram_type}, TECH_NODE, global_cycle_seconds)


class QadamMAC(_QadamComponent):
    """MAC of a PE with the PE's control.

    Parameters
    ----------
    pe_type : fp32, int16, int8, lightpe1, lightpe2, subword16 or subword8; left out, the widths say what it is.
    family : fp, int or shift-add. activation_bits, weight_bits, accumulator_bits, shift_terms : as in Accelergy.
    ifmap_spad_depth, weights_spad_depth, psum_spad_depth : words that the control counts through.
    activation_operand_bits, weight_operand_bits : of its operands, where fewer than the ports'.
    pipeline : ranks of registers within the MAC. tech_node : m. global_cycle_seconds : clock period, s.
    """

    component_name = "qadam_mac"

    def __init__(
        self,
        pe_type: str | None = None,
        family: str | None = None,
        activation_bits: int | None = None,
        weight_bits: int | None = None,
        accumulator_bits: int | None = None,
        shift_terms: int | None = None,
        ifmap_spad_depth: int = 12,
        weights_spad_depth: int = 48,
        psum_spad_depth: int = 16,
        pipeline: int = 1,
        activation_operand_bits: int | None = None,
        weight_operand_bits: int | None = None,
        tech_node: float = TECH_NODE,
        global_cycle_seconds: float | None = None,
    ) -> None:
        if pe_type is not None and pe_type not in NAMED_TYPES:
            raise InputError("qadam-tl", "pe_type", f"unknown PE type '{pe_type}'; {suggestion(pe_type, NAMED_TYPES)}")
        given = {
            "family": family,
            "activation_bits": activation_bits,
            "weight_bits": weight_bits,
            "accumulator_bits": accumulator_bits,
            "shift_terms": shift_terms,
            "ifmap_spad_depth": ifmap_spad_depth,
            "weights_spad_depth": weights_spad_depth,
            "psum_spad_depth": psum_spad_depth,
            "pipeline": pipeline,
            "activation_operand_bits": activation_operand_bits,
            "weight_operand_bits": weight_operand_bits,
        }
        attributes = {name: value for name, value in given.items() if value is not None}
        cls = "qadam_mac" if pe_type is None else f"{pe_type}_mac"
        super().__init__(cls, attributes, tech_node, global_cycle_seconds)

    @action
    def compute(self) -> ActionCost:
        """One multiply-accumulate."""
        return self._cost("compute")

    @action
    def compute_gated(self) -> ActionCost:
        """One that is skipped behind its clock gates."""
        return self._cost("compute_gated")


@lru_cache(maxsize=1)
def _library() -> ModelLibrary:
    """The shipped models, read once per process."""
    return load_library()
