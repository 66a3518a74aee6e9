"""Runs of PEs, arrays and controls at gate level: their handshakes, followed cycle by cycle."""

from __future__ import annotations

import numpy as np

from ..errors import RunError
from .designs import lanes
from .drive import Bench
from .golden import Bits
from .golden_pe import Run, run_results, weight_stream


class Feeder:
    """Drives the ports of a PE or an array through one run, handshake by handshake.

    Every word is offered as soon as the one before it has passed; finished partial sums are taken at once.

    Parameters
    ----------
    bench : of a PE or an array.
    run : operands; window, filters and positions must fit the design's scratchpads.
    """

    def __init__(self, bench: Bench, run: Run) -> None:
        self.bench, self.operands = bench, run
        design = bench.design
        self._column = {port.name: index for index, port in enumerate(design.inputs)}
        self._output = {port.name: index for index, port in enumerate(design.outputs)}
        self._row = np.zeros((1, len(design.inputs)), dtype=np.uint64)
        cols = run.psums.shape[0]
        self._streams = [
            *self._lanes("w", weight_stream(run), 0),
            *self._lanes("a", run.activations, 0),
            *self._lanes("p_in", run.psums.reshape(cols, -1), run.filters),
        ]
        self._results: list[list[int]] = [[] for _ in range(cols)]
        self._valid, self._data = self._names("p_out_valid", cols), self._names("p_out_data", cols)

    def run(self, count_computing: bool = True) -> int:
        """Run to the end and check the sums that leave.

        Parameters
        ----------
        count_computing : count the cycles in which the PE computes at full rate, and only those.

        Returns
        -------
        cycles : how many were counted.

        Raises
        ------
        RunError : a sum is wrong, or the run does not end.
        """
        self._start()
        design, operands = self.bench.design, self.operands
        wanted = operands.positions * operands.filters
        operations = operands.filters * operands.taps
        computing, counted = operations, 0
        limit = 40 + 4 * (operations + operands.positions * (operations + operands.taps + 4 * operands.filters + 40))
        for _ in range(limit):
            # Past the pipeline's filling, each cycle of a position does one operation and writes one result.
            steady = count_computing and design.latency < computing < operations
            counted += steady
            taken = self._cycle(counted=steady)
            computing = 0 if taken else computing + 1
            if all(len(column) >= wanted for column in self._results):
                break
        self._check()
        return counted

    def _lanes(self, bus: str, words: Bits, burst: int) -> list[_Stream]:
        data, valid = self._names(f"{bus}_data", words.shape[0]), self._names(f"{bus}_valid", words.shape[0])
        ready = self._names(f"{bus}_ready", words.shape[0])
        return [
            _Stream(bus, words[i], burst, self._column[data[i]], self._column[valid[i]], self._output[ready[i]])
            for i in range(words.shape[0])
        ]

    def _names(self, bus: str, count: int) -> list[str]:
        """Ports of a bus, lane by lane; the bus itself in a PE."""
        ports = (*self.bench.design.inputs, *self.bench.design.outputs)
        found = [port.name for port in lanes(ports, bus)]
        return found if self.bench.design.kind == "array" else [bus] * count

    def _set(self, **values: int) -> None:
        for name, value in values.items():
            if name in self._column:
                self._row[0, self._column[name]] = value

    def _start(self) -> None:
        run, cycle = self.operands, lambda: self.bench.run(self._row, counted=False)
        for name in self._names("p_out_ready", run.psums.shape[0]):
            self._row[0, self._column[name]] = 1
        self._set(
            last_tap=run.taps - 1,
            last_step=run.step - 1,
            last_filter=run.filters - 1,
            last_weight=run.filters * run.taps - 1,
            rst=1,
            configure=1,
        )
        cycle()
        cycle()
        self._set(rst=0, configure=0, start=1, load_weights=1)
        cycle()
        self._set(start=0)

    def _cycle(self, counted: bool) -> bool:
        """One cycle of the run; whether an activation passed in it."""
        for stream in self._streams:
            stream.offer(self._row)
        outputs = self.bench.run(self._row, counted)[0]
        activation = False
        for stream in self._streams:
            passed = stream.passed(outputs)
            activation |= passed and stream.bus == "a"
        for column, results in enumerate(self._results):
            if outputs[self._output[self._valid[column]]]:
                results.append(int(outputs[self._output[self._data[column]]]))
        return activation

    def _check(self) -> None:
        design = self.bench.design
        assert design.pe is not None
        gating = bool(design.parameters["ZERO_GATING"])
        expected = run_results(design.pe, self.operands, gating).reshape(len(self._results), -1).tolist()
        if expected != self._results:
            done = sum(len(column) for column in self._results)
            raise RunError(f"{design.name}: netlist differs from its model in a run of {done} sums")


class _Stream:
    """Words for one port with a valid/ready handshake.

    Parameters
    ----------
    bus, words : name of the port and its words.
    burst : words that pass without further question once the PE has shown that it is ready; then it must have stopped
        being so before the next ones. 0: each word passes where both sides are ready.
    data, valid, ready : columns of the ports.
    """

    def __init__(self, bus: str, words: Bits, burst: int, data: int, valid: int, ready: int) -> None:
        self.bus, self.words, self.burst, self.data, self.valid, self.ready = bus, words, burst, data, valid, ready
        self.position, self.left, self.open = 0, 0, False

    def offer(self, row: Bits) -> None:
        """Put the next word on the port."""
        row[0, self.valid] = self._offered()
        if self._offered():
            row[0, self.data] = self.words[self.position]

    def passed(self, outputs: Bits) -> bool:
        """Whether the word passed in the cycle that showed these outputs."""
        ready = bool(outputs[self.ready])
        passed = ready and self._offered()
        self.position += passed
        if self.burst:
            self.left -= passed
            if not ready:
                self.left = self.burst
            self.open = ready
        return passed

    def _offered(self) -> bool:
        return self.position < len(self.words) and (not self.burst or (self.open and self.left > 0))


class ControlFeeder:
    """Drives a PE's control alone: every word is there when asked for, and a MAC of some latency answers.

    Parameters
    ----------
    bench : of a control.
    latency : cycles that an operation spends in the MAC.
    """

    def __init__(self, bench: Bench, latency: int) -> None:
        self.bench, self.latency = bench, latency
        self._column = {port.name: index for index, port in enumerate(bench.design.inputs)}
        self._output = {port.name: index for index, port in enumerate(bench.design.outputs)}
        self._row = np.zeros((1, len(bench.design.inputs)), dtype=np.uint64)
        self._held: list[tuple[int, int]] = [(0, 0)] * latency

    def run(self, taps: int, filters: int, positions: int) -> int:
        """Positions of a convolution; counts the cycles of each in which the control works at full rate.

        Returns
        -------
        cycles : how many were counted.

        Raises
        ------
        RunError : it issues another number of operations than taps x filters per position.
        """
        operations = taps * filters
        self._set(last_tap=taps - 1, last_step=0, last_filter=filters - 1, last_weight=operations - 1, p_out_ready=1)
        for levels in ({"rst": 1}, {"rst": 1}, {"rst": 0, "start": 1, "load_weights": 1}, {"start": 0, "w_valid": 1}):
            self._set(**levels)
            self._cycle(counted=False)
        self._set(a_valid=1)
        computing, counted, issued, fed = operations, 0, 0, 0
        for _ in range(40 + positions * (2 * operations + taps + 4 * filters + 40)):
            steady = self.latency < computing < operations
            counted += steady
            # The PE below sends one burst of partial sums whenever the control is ready for them.
            self._set(p_in_valid=0 < fed <= filters)
            outputs = self._cycle(counted=steady)
            fed = fed + 1 if outputs["p_in_ready"] else 0
            issued += outputs["mac_en"] and not outputs["mac_chain"]
            computing = 0 if outputs["ifmap_wen"] else computing + 1
            if issued == operations * positions and not outputs["mac_en"]:
                break
        if issued != operations * positions:
            raise RunError(
                f"{self.bench.design.name}: netlist issues {issued} operations, not {operations * positions}"
            )
        return counted

    def _set(self, **levels: int) -> None:
        for name, level in levels.items():
            self._row[0, self._column[name]] = level

    def _cycle(self, counted: bool) -> dict[str, int]:
        """One cycle; what the outputs show."""
        taken = self._held[0]
        self._set(
            mac_take=int(taken == (1, 1)),
            mac_valid=self._held[-1][0],
            mac_busy=int(any(enabled for enabled, _ in self._held)),
        )
        shown = self.bench.run(self._row, counted)[0]
        outputs = {name: int(shown[index]) for name, index in self._output.items()}
        self._held = [(outputs["mac_en"], outputs["mac_chain"]), *self._held[:-1]]
        return outputs
