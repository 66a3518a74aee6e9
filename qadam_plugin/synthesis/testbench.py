"""Self-checking Verilog testbenches, the same for RTL and for a netlist with the design's ports.

A testbench prints one line that begins with ``PASS`` or ``FAIL`` and ends. It reads its vectors from hex files in the
folder that the simulation runs in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .designs import Design, lanes
from .golden import Bits
from .golden_cycles import expected_outputs
from .golden_pe import Run, run_results, weight_stream
from .sources import Port, module_source, port_range
from .subword import subword_expected
from .vectors import warmup_cycles

#: Name of the testbench module.
TOP = "testbench"

#: Clock period of a testbench in ns: long enough for any netlist.
PERIOD_NS = 20


@dataclass(frozen=True, slots=True)
class Testbench:
    """A testbench: its Verilog, and the files that it reads, text by name."""

    verilog: str
    files: Mapping[str, str]


def vector_testbench(design: Design, inputs: Bits) -> Testbench:
    """Testbench that compares every output with the golden model in every cycle behind the warm-up.

    Parameters
    ----------
    design : a MAC or a scratchpad.
    inputs : (cycles, len(design.inputs)) vectors, such as `vectors.check_vectors` makes.
    """
    subword = design.pe is not None and design.pe.family == "subword"
    outputs = (subword_expected if subword else expected_outputs)(design, inputs)
    in_bits, out_bits = _total(design.inputs), _total(design.outputs)
    cycles = len(inputs)
    verilog = f"""\
// Self-checking testbench of {design.top}: {cycles} cycles, each compared with the golden model.
`timescale 1ns/1ps
module {TOP};
    reg clk;
    reg [{in_bits - 1}:0] stimulus [0:{cycles - 1}];
    reg [{out_bits - 1}:0] expected [0:{cycles - 1}];
    reg [{in_bits - 1}:0] in;
    wire [{out_bits - 1}:0] out;
    integer cycle, wrong;
    {design.top} dut (
        .{design.clock}(clk),
{_slices(design.inputs, "in")},
{_slices(design.outputs, "out")}
    );
    initial begin
        $readmemh("stimulus.hex", stimulus);
        $readmemh("expected.hex", expected);
        clk = 1'b0;
        wrong = 0;
        for (cycle = 0; cycle < {cycles}; cycle = cycle + 1) begin
            in = stimulus[cycle];
            #{PERIOD_NS // 2};
            if (cycle >= {warmup_cycles(design)} && out !== expected[cycle]) begin
                if (wrong == 0)
                    $display("FAIL {design.top}: cycle %0d, inputs %h, outputs %h instead of %h",
                        cycle, in, out, expected[cycle]);
                wrong = wrong + 1;
            end
            clk = 1'b1;
            #{PERIOD_NS // 2} clk = 1'b0;
        end
        if (wrong == 0) $display("PASS {design.top}: {cycles - warmup_cycles(design)} cycles compared");
        else $display("FAIL {design.top}: %0d of {cycles - warmup_cycles(design)} cycles differ", wrong);
        $finish;
    end
endmodule
"""
    files = {"stimulus.hex": _hex(design.inputs, inputs), "expected.hex": _hex(design.outputs, outputs)}
    return Testbench(verilog, files)


def run_testbench(
    design: Design, run: Run, seed: int = 1, gaps: bool = True, record: Sequence[tuple[str, Port]] = ()
) -> Testbench:
    """Testbench that feeds a PE or an array with one run and compares every partial sum that leaves it.

    Parameters
    ----------
    design : a PE or an array that the run fits.
    run : operands.
    seed : of the pauses.
    gaps : pause at random at every input and output; else offer and take words as fast as the design does.
    record : signals, each a hierarchical path and its port, whose values the testbench writes to ``record.txt`` at
        every rising edge, a line of binary digits each, the first signal leftmost.
    """
    assert design.pe is not None
    results = run_results(design.pe, run, bool(design.parameters["ZERO_GATING"]))
    streams = {"w_data": weight_stream(run), "a_data": run.activations, "p_in_data": _flat(run.psums)}
    files: dict[str, str] = {}
    parts: list[str] = []
    limit = 200 + 40 * (run.weights.shape[0] + 4) * run.positions * (run.filters * run.taps + run.filters)
    for bus, values in streams.items():
        for lane, port in enumerate(_bus(design.inputs, bus)):
            files[f"{port.name}.hex"] = _hex((port,), values[lane][:, np.newaxis])
            burst = run.filters if bus == "p_in_data" else 0
            parts.append(_source(port, len(values[lane]), burst, gaps, seed + len(parts)))
    sinks = _bus(design.outputs, "p_out_data")
    for lane, port in enumerate(sinks):
        files[f"{port.name}.hex"] = _hex((port,), _flat(results)[lane][:, np.newaxis])
        parts.append(_sink(port, run.positions * run.filters, run.filters, gaps, seed + len(parts)))
    done = " & ".join(f"{port.name}_done" for port in sinks)
    wrong = " | ".join(f"{port.name}_wrong" for port in sinks)
    count = len(sinks) * run.positions * run.filters
    settings = {
        "last_tap": run.taps - 1,
        "last_step": run.step - 1,
        "last_filter": run.filters - 1,
        "last_weight": run.taps * run.filters - 1,
        "load_weights": 1,
    }
    controls = [port for port in design.inputs if port.name in ("rst", "start", "configure", *settings)]
    handshakes = [port for port in (*design.inputs, *design.outputs) if port not in controls]
    declared = [f"    reg {port_range(port)}{port.name} = {settings.get(port.name, 0)};" for port in controls]
    declared += [f"    wire {port_range(port)}{port.name};" for port in handshakes]
    connections = [f"        .{port.name}({port.name})" for port in (*controls, *handshakes)]
    configure = [
        f"        {port.name} = 1;\n        @(posedge clk) #1;\n        {port.name} = 0;"
        for port in controls
        if port.name in ("configure", "start")
    ]
    verilog = f"""\
// Self-checking testbench of {design.top}: a convolution of {run.taps} taps and {run.filters} filters
// at {run.positions} positions, every partial sum compared with the golden model.
`timescale 1ns/1ps
{module_source("stream_source")}
{module_source("stream_sink")}
module {TOP};
    reg clk = 0;
    always #{PERIOD_NS // 2} clk = ~clk;
{chr(10).join(declared)}
{chr(10).join(f"    wire {port.name}_done, {port.name}_wrong;" for port in sinks)}
    {design.top} dut (
        .{design.clock}(clk),
{f",{chr(10)}".join(connections)}
    );
{chr(10).join(parts)}
    wire all_done = {done};
    wire any_wrong = {wrong};
    initial begin
        rst = 1;
        repeat (3) @(posedge clk);
        #1 rst = 0;
        @(posedge clk) #1;
{chr(10).join(configure)}
    end
    integer cycle = 0;
    always @(posedge clk) begin
        cycle <= cycle + 1;
        if (any_wrong) begin
            $display("FAIL {design.top}: a partial sum differs, or comes unasked");
            $finish;
        end else if (cycle > {limit}) begin
            $display("FAIL {design.top}: no end after %0d cycles", cycle);
            $finish;
        end
    end
    always @(posedge all_done) begin
        repeat (20) @(posedge clk);
        if (!any_wrong) $display("PASS {design.top}: {count} partial sums compared in %0d cycles", cycle);
        $finish;
    end
{_recorder(record)}endmodule
"""
    return Testbench(verilog, files)


def _source(port: Port, count: int, burst: int, gaps: bool, seed: int) -> str:
    parameters = f'{port.bits}, {count}, {burst}, {int(gaps)}, {seed}, "{port.name}.hex"'
    valid, ready = (port.name.replace("_data", word) for word in ("_valid", "_ready"))
    return f"    stream_source #({parameters}) {port.name}_source\n        (clk, rst, {ready}, {valid}, {port.name});"


def _sink(port: Port, count: int, burst: int, gaps: bool, seed: int) -> str:
    parameters = f'{port.bits}, {count}, {burst}, {int(gaps)}, {seed}, "{port.name}.hex"'
    valid, ready = (port.name.replace("_data", word) for word in ("_valid", "_ready"))
    return (
        f"    stream_sink #({parameters}) {port.name}_sink\n"
        f"        (clk, rst, {valid}, {port.name}, {ready}, {port.name}_done, {port.name}_wrong);"
    )


def _recorder(record: Sequence[tuple[str, Port]]) -> str:
    if not record:
        return ""
    signals = ", ".join(path for path, _ in record)
    return f"""\
    integer recording;
    initial recording = $fopen("record.txt", "w");
    always @(posedge clk) $fdisplay(recording, "%b", {{{signals}}});
"""


def _bus(ports: Iterable[Port], bus: str) -> tuple[Port, ...]:
    """The one port of a PE, or the lanes of an array's bus."""
    ports = tuple(ports)
    return tuple(port for port in ports if port.name == bus) or lanes(ports, bus)


def _flat(values: Bits) -> Bits:
    """(lanes, positions, filters) as (lanes, words)."""
    return values.reshape(values.shape[0], -1)


def _total(ports: Iterable[Port]) -> int:
    return sum(port.bits for port in ports)


def _slices(ports: Sequence[Port], bus: str) -> str:
    """Connections of ports to a bus, the first port leftmost."""
    lines, left = [], _total(ports)
    for port in ports:
        lines.append(f"        .{port.name}({bus}[{left - 1}:{left - port.bits}])")
        left -= port.bits
    return ",\n".join(lines)


def _hex(ports: Sequence[Port], rows: Bits) -> str:
    """Rows of port values as hex numbers, one per line, the first port leftmost."""
    digits = (_total(ports) + 3) // 4
    lines = []
    for row in rows.tolist():
        word = 0
        for port, value in zip(ports, row, strict=True):
            word = word << port.bits | value
        lines.append(f"{word:0{digits}x}")
    return "\n".join([*lines, ""])
