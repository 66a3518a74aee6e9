"""OpenSTA as an independent opinion on a netlist's timing and switching power. Needs Debian's package opensta."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import RunError
from .liberty import CellLibrary
from .netlist import NO_NET, Netlist
from .power import DEFAULT_TOGGLES, default_activity, net_energies_fj
from .timing import CLOCK_SLEW_NS, INPUT_DELAY_NS, INPUT_SLEW_NS, OUTPUT_LOAD_FF, Timing


@dataclass(frozen=True, slots=True)
class Opinion:
    """OpenSTA's figures under the assumptions of `timing`.

    Attributes
    ----------
    path_ns : longest path, setup time included.
    switching_pj : energy per cycle of the nets that cells drive, every data net moving `power.DEFAULT_TOGGLES` times.
        OpenSTA charges a net to the cell that drives it, so nets of input ports, the clock's too, are not in it.
    """

    path_ns: float
    switching_pj: float


def opensta_opinion(
    verilog: str, top: str, library: CellLibrary, clock: str = "clk", period_ns: float = 10.0
) -> Opinion:
    """Ask OpenSTA about a structural netlist (`netlist_verilog.structural_verilog`).

    Internal power is left out: this OpenSTA adds the energies of a rising and a falling edge for each transition.

    Raises
    ------
    RunError : OpenSTA is missing, prints an error (it would go on without what it could not read), or finds no path.
    """
    if shutil.which("sta") is None:
        raise RunError("the check against OpenSTA needs sta: apt-get install opensta")
    inputs = [name for name in re.findall(r"^\s*input (?:\[\d+:0\] )?(\w+);", verilog, re.MULTILINE) if name != clock]
    delays = "\n".join(f"set_input_delay {INPUT_DELAY_NS} -clock {clock} [get_ports {name}]" for name in inputs)
    commands = f"""
read_liberty {library.path}
read_verilog netlist.v
link_design {top}
create_clock -name {clock} -period {period_ns} [get_ports {clock}]
set_clock_transition {CLOCK_SLEW_NS} [get_clocks {clock}]
set_input_transition {INPUT_SLEW_NS} [all_inputs]
{delays}
set_output_delay 0 -clock {clock} [all_outputs]
set_load -pin_load {OUTPUT_LOAD_FF} [all_outputs]
report_checks -path_delay max -digits 6
set_power_activity -global -activity {DEFAULT_TOGGLES} -duty 0.5
report_power -digits 8
"""
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "netlist.v").write_text(verilog)
        (Path(scratch) / "check.tcl").write_text(commands)
        command = ["sta", "-no_splash", "-exit", "check.tcl"]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    complaint = next((line for line in said.splitlines() if "Error" in line), "")
    if complaint or done.returncode:
        raise RunError(f"OpenSTA on {top}: {complaint or f'code {done.returncode}'}")
    slack = re.search(r"(-?[\d.]+)\s+slack", said)
    total = re.search(r"^Total\s+\S+\s+(\S+)", said, re.MULTILINE)
    if slack is None or total is None:
        raise RunError(f"OpenSTA on {top}: it reports no path or no power")
    # Watts times nanoseconds: nJ.
    return Opinion(period_ns - float(slack[1]), float(total[1]) * period_ns * 1e3)


def comparable_switching_pj(netlist: Netlist, timing: Timing) -> float:
    """Our figure for `Opinion.switching_pj`."""
    driven = np.concatenate([netlist.cell_output, netlist.flop_q, netlist.flop_qn, netlist.gate_output])
    driven = driven[driven != NO_NET]
    energies = net_energies_fj(netlist, timing) * default_activity(netlist).net_toggles
    return float(energies[driven].sum()) * 1e-3
