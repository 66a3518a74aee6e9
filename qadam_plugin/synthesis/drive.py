"""Gate level at work: a design's test vectors on its simulated netlist, checked against the golden models."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from .designs import Design
from .golden import Bits
from .golden_cycles import expected_outputs
from .netlist import Netlist
from .simulate import Simulator
from .timing import Timing, static_timing
from .vectors import warmup_cycles

#: Period of a simulation: the critical path and this part of it as margin.
PERIOD_MARGIN = 0.1


class Bench:
    """A design's netlist in the simulator, driven by rows of port values.

    Parameters
    ----------
    design, netlist : a design and its mapped netlist.
    """

    def __init__(self, design: Design, netlist: Netlist) -> None:
        self.design, self.netlist = design, netlist
        self.timing: Timing = static_timing(netlist)
        self.simulator = Simulator(netlist, self.timing, self.timing.critical_path_ns * (1 + PERIOD_MARGIN))
        widths = {port.name: port.bits for port in design.inputs}
        columns = {port.name: index for index, port in enumerate(design.inputs)}
        self._input_columns = np.array([columns[n] for n in netlist.inputs for _ in range(widths[n])], dtype=np.int64)
        shifts = [bit for name in netlist.inputs for bit in range(widths[name])]
        self._input_shifts = np.array(shifts, dtype=np.uint64)
        starts = np.cumsum([0, *(nets.size for nets in netlist.outputs.values())])
        self._output_slices = {name: slice(starts[i], starts[i + 1]) for i, name in enumerate(netlist.outputs)}

    def run(self, rows: Bits, counted: bool = True) -> Bits:
        """Cycles with these values at the inputs; the outputs' values at the end of each.

        Parameters
        ----------
        rows : (cycles, inputs), columns in the order of the design's ports.

        Returns
        -------
        outputs : (cycles, outputs).
        """
        bits = (rows[:, self._input_columns] >> self._input_shifts & np.uint64(1)).astype(np.uint8)
        found = self.simulator.run(bits, counted)
        values = [_number(found[:, self._output_slices[port.name]]) for port in self.design.outputs]
        return np.stack(values, axis=1)


def _number(bits: NDArray[np.uint8]) -> Bits:
    """Values of a port from its bits, (cycles, bits) lowest first."""
    return (bits.astype(np.uint64) << np.arange(bits.shape[1], dtype=np.uint64)).sum(axis=1, dtype=np.uint64)


def run_vectors(bench: Bench, rows: Bits) -> None:
    """Run vectors of a MAC or a scratchpad behind their warm-up, which is not counted, and check all outputs.

    Raises
    ------
    RunError : an output differs from the golden model's.
    """
    warmup = warmup_cycles(bench.design)
    found = np.concatenate([bench.run(rows[:warmup], counted=False), bench.run(rows[warmup:])])
    expected = expected_outputs(bench.design, rows)
    wrong = np.argwhere(found[warmup:] != expected[warmup:])
    if wrong.size:
        cycle, column = wrong[0] + (warmup, 0)
        port = bench.design.outputs[column].name
        raise RunError(
            f"{bench.design.name}: netlist differs from its model at vector {cycle}: {port} is "
            f"{found[cycle, column]:#x}, {expected[cycle, column]:#x} is wanted"
        )
