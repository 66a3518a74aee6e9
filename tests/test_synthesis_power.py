"""Timing, simulation and energy of netlists small enough to work out by hand, on a library of round figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from qadam_plugin.errors import RunError
from qadam_plugin.synthesis.liberty import read_library
from qadam_plugin.synthesis.netlist import Netlist, read_netlist
from qadam_plugin.synthesis.power import default_activity, energy_per_cycle
from qadam_plugin.synthesis.simulate import Simulator
from qadam_plugin.synthesis.timing import net_loads, static_timing

LIBRARY = read_library(Path(__file__).parent / "data" / "synthesis" / "small.lib")


def netlist_of(folder: Path, ports: dict[str, tuple[str, int]], *cells: tuple[str, dict[str, int]]) -> Netlist:
    module = {
        "ports": {name: {"direction": direction, "bits": [bit]} for name, (direction, bit) in ports.items()},
        "cells": {
            f"c{number}": {"type": kind, "connections": {pin: [bit] for pin, bit in pins.items()}}
            for number, (kind, pins) in enumerate(cells)
        },
    }
    path = folder / "netlist.json"
    path.write_text(json.dumps({"modules": {"top": module}}))
    return read_netlist(path, "top", LIBRARY)


@pytest.fixture
def register(tmp_path: Path) -> Netlist:
    """y <= not a; z = a xor y."""
    return netlist_of(
        tmp_path,
        {"clk": ("input", 2), "a": ("input", 3), "y": ("output", 5), "z": ("output", 6)},
        ("XOR", {"A": 3, "B": 5, "Z": 6}),
        ("INV", {"A": 3, "Z": 4}),
        ("DFF_X1", {"D": 4, "CK": 2, "Q": 5}),
    )


def inverters(folder: Path, count: int) -> Netlist:
    """z = a xor (a inverted `count` times), all in one cycle."""
    chain = [("INV", {"A": 3 + step, "Z": 4 + step}) for step in range(count)]
    ports = {"a": ("input", 3), "z": ("output", 99)}
    return netlist_of(folder, ports, *chain, ("XOR", {"A": 3, "B": 3 + count, "Z": 99}))


def test_area_and_leakage_are_sums_over_the_cells(register: Netlist) -> None:
    assert register.area_um2 == pytest.approx(0.5 + 1.5 + 4.5)
    assert register.combinational_area_um2 == pytest.approx(2.0)
    assert register.leakage_uw == pytest.approx(0.120)


def test_a_net_is_loaded_by_pins_ports_and_wire(register: Netlist) -> None:
    load = net_loads(register)
    a, y = register.inputs["a"][0], register.outputs["y"][0]
    assert load[a] == pytest.approx([1.5 + 2.0 + 0.4, 2.0 + 2.0 + 0.4])
    assert load[y] == pytest.approx([2.0 + 1.14 + 0.4] * 2)


def test_critical_path_ends_with_the_setup_time(register: Netlist) -> None:
    # a at 0.1, inverted: falls at 0.12 with 0.05 setup, or rises at 0.13 with 0.04.
    assert static_timing(register).critical_path_ns == pytest.approx(0.17)


def test_energy_is_that_of_every_transition_and_clock_edge(register: Netlist) -> None:
    timing = static_timing(register)
    simulator = Simulator(register, timing, period_ns=1.0)
    outputs = simulator.run(np.array([[0], [0], [0], [1], [1], [1]], dtype=np.uint8))
    assert outputs.tolist() == [[1, 1], [1, 1], [1, 1], [1, 0], [0, 1], [0, 1]]
    energy = energy_per_cycle(register, timing, simulator.activity())
    nets = {"a": 0.5 * 4.4, "d": 0.5 * 1.2, "y": 2 * 0.5 * 3.54, "z": 3 * 0.5 * 1.34, "clk": 12 * 0.5 * 1.2}
    assert energy.switching_pj * 6e3 == pytest.approx(sum(nets.values()))
    # Inverter falls once; z rises for y, falls for a with y high, rises for y; D falls while the clock is high.
    cells = 0.5 + (6.0 + 4.0 + 6.0) + 0.6
    rising = 8.0 + 3 * 2.0 + 9.0 + 2.0
    falling = 5 * 2.5 + 7.0
    assert energy.internal_pj * 6e3 == pytest.approx(cells + rising + falling)


def test_cycles_that_do_not_count_leave_no_trace(register: Netlist) -> None:
    simulator = Simulator(register, static_timing(register), period_ns=1.0)
    simulator.run(np.array([[0], [1], [0]], dtype=np.uint8), counted=False)
    with pytest.raises(ValueError, match="no cycle"):
        simulator.activity()
    simulator.run(np.zeros((4, 1), dtype=np.uint8))
    assert simulator.activity().cycles == 4


@pytest.mark.parametrize(("count", "toggles"), [(1, 0), (3, 2)])
def test_a_pulse_shorter_than_the_delay_is_swallowed(tmp_path: Path, count: int, toggles: int) -> None:
    # z would fall 0.042 after a; one inverter answers after 0.020, three after 0.070.
    netlist = inverters(tmp_path, count)
    simulator = Simulator(netlist, static_timing(netlist), period_ns=1.0)
    simulator.run(np.zeros((1, 1), dtype=np.uint8), counted=False)
    simulator.run(np.ones((1, 1), dtype=np.uint8))
    assert simulator.activity().net_toggles[netlist.outputs["z"][0]] == toggles


def test_what_does_not_settle_within_the_period_is_an_error(tmp_path: Path) -> None:
    netlist = inverters(tmp_path, 9)
    simulator = Simulator(netlist, static_timing(netlist), period_ns=0.2)
    with pytest.raises(RunError, match="not settled"):
        simulator.run(np.array([[1], [0]], dtype=np.uint8))


def test_default_activity_moves_every_data_net_as_often(register: Netlist) -> None:
    timing = static_timing(register)
    energy = energy_per_cycle(register, timing, default_activity(register))
    nets = 0.1 * 0.5 * (4.4 + 1.2 + 3.54 + 1.34) + 2 * 0.5 * 1.2
    assert energy.switching_pj * 1e3 == pytest.approx(nets)
    inverter = 0.1 / 2 * (1.0 + 0.5)
    xor = 0.1 / 4 * (3.0 + 2.0 + 5.0 + 4.0) + 0.1 * 6.0
    data = 0.1 / 4 * (3.0 + 4.0 + 0.5 + 0.6)
    clock = 0.9 * (2.0 + 2.5) + 0.1 * (0.0 + 7.0) + 0.05 * (8.0 + 9.0)
    assert energy.internal_pj * 1e3 == pytest.approx(inverter + xor + data + clock)


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        ([("LATCH", {"D": 3, "G": 2, "Q": 5})], "cannot be timed or simulated"),
        ([("$_AND_", {"A": 3, "B": 3, "Y": 5})], "unmapped"),
        ([("INV", {"A": 3, "Z": 5}), ("INV", {"A": 2, "Z": 5})], "two drivers"),
        ([("XOR", {"A": 3, "B": 5, "Z": 5})], "loop"),
        ([("DFF_X1", {"D": 3, "CK": 3, "Q": 5})], "neither the clock port"),
    ],
)
def test_a_netlist_that_cannot_be_simulated_is_refused(
    tmp_path: Path, cells: list[tuple[str, dict[str, int]]], complaint: str
) -> None:
    with pytest.raises(RunError, match=complaint):
        netlist_of(tmp_path, {"clk": ("input", 2), "a": ("input", 3), "y": ("output", 5)}, *cells)
