"""Rows of the characterisation tables: kept one by one as they are finished, written as CSV when a table is whole."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from .. import __version__
from ..errors import RunError
from .cacti import DEVICE_TYPE
from .cacti import PACKAGE as CACTI_PACKAGE
from .liberty import CellLibrary
from .measure import Measurement
from .points import Point
from .surroundings import surrounded
from .synth import Recipe, yosys_version

PROVENANCE = ("kind", "source", "note", "tools", "library_sha256", "operands", "seed", "command")

#: Modules that all figures depend on: a change of any of them makes kept rows stale.
_METHOD = (
    *("boolean", "liberty_groups", "liberty", "celltables", "netlist", "synth", "timing", "event_kernel", "simulate"),
    *("power", "drive", "feeders", "measure", "cacti"),
    *("designs", "formats", "golden", "golden_cycles", "golden_pe", "operands", "vectors"),
)
#: Those of a table's own, besides.
_OWN_METHOD = {
    "mac_bits": ("narrow",),
    "mac_subword": ("subword", "subword_measure"),
    "spad": ("surroundings",),
}

_OPERANDS = {
    "mac": "compute_pj gaussian; compute_uniform_pj uniform; compute_relu_pj relu; gated_pj zero activations; "
    "compute_default_pj 0.1 toggles per net and cycle",
    "spad": "uniform words; ascending addresses",
    "control": "steady convolution",
    "pe": "gaussian; steady convolution",
    "array": "gaussian; steady convolution",
    "mac_bits": "compute_pj gaussian, in the ports' upper bits; compute_uniform_pj uniform, there; compute_lower_pj "
    "gaussian, in the lower bits, extended by their sign",
}
_OPERANDS["mac_subword"] = f"{_OPERANDS['mac']}; one_lane_pj gaussian, all operands of a word but the first zero"
_OPERANDS["mac_options"] = _OPERANDS["mac"]

_TITLES = {
    "mac": "Multiply-accumulate units with their registers: energy per operation, one operation per cycle.",
    "mac_options": "MACs without clock gating, and with zero gating, beside those of mac.csv.",
    "mac_bits": "MACs of mac.csv on operands narrower than their ports: energy per operation, one operation per cycle.",
    "mac_subword": "MACs whose words hold one, two or four operands: energy per operation, one operation per cycle.",
    "spad": "Scratchpads in flip-flops, an address for each port or one for both: energy that an access adds.",
    "control": "Control of a PE without its scratchpads and MAC: energy of a cycle that issues an operation.",
    "pe": "Whole PEs, synthesised flat: energy of a cycle with one operation. They check the sum of the parts.",
    "array": "Arrays of PEs, synthesised flat: energy of a cycle with one operation in each PE.",
    "glb": f"Global buffers by CACTI, 45 nm, device type {DEVICE_TYPE}, 300 K: energy per access of one word.",
}

_LIBRARY_NOTICE = (
    "NanGate Open Cell Library, FreePDK45, typical corner, 1.1 V, 25 C, default wire load; no clock tree, ideal clock.",
    "Copyright 2004-2011 Nangate Inc. The figures are derived from it; the library itself is not part of this package.",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: the point and its figures by column, as written."""

    point: Point
    figures: Mapping[str, str]


def formatted(figures: Mapping[str, float]) -> dict[str, str]:
    """Figures as they stand in a table: six significant digits."""
    return {column: f"{value:.6g}" for column, value in figures.items()}


@cache
def _method_digest(family: str) -> str:
    """Digest of the code that the figures of a table depend on; the Verilog counts with the design."""
    package = files("qadam_plugin.synthesis")
    digest = hashlib.sha256()
    for name in (*_METHOD, *_OWN_METHOD.get(family, ())):
        digest.update((package / f"{name}.py").read_bytes())
    return digest.hexdigest()


class RowStore:
    """A folder with one file per finished row, under a hash of everything that its figures depend on.

    Rows of another version of the code, of the tools or of the library are simply not found.
    """

    def __init__(self, folder: Path, how: Measurement, library: CellLibrary | None) -> None:
        self.folder, self.how, self.library = folder, how, library

    def key(self, point: Point) -> str:
        """Name of a row's file."""
        circuit = point.design is not None
        facts = [
            point.family,
            point.name,
            point.simulated,
            asdict(self.how),
            _method_digest(point.family),
            yosys_version() if circuit else CACTI_PACKAGE,
            self.library.sha256 if circuit and self.library else "",
            "\n".join(surrounded(point.design).verilog) if point.design else dict(point.parameters),
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]

    def find(self, point: Point) -> Row | None:
        """The row, if it was finished before."""
        try:
            return Row(point, json.loads((self.folder / f"{self.key(point)}.json").read_text()))
        except (OSError, ValueError):
            return None

    def add(self, point: Point, figures: Mapping[str, str]) -> Row:
        """Keep a finished row."""
        write_whole(self.folder / f"{self.key(point)}.json", json.dumps(dict(figures)) + "\n")
        return Row(point, figures)


def table_text(family: str, rows: Sequence[Row], how: Measurement, library: CellLibrary | None) -> str:
    """A table as CSV: what it is, the columns, and a row per point in the order given."""
    circuit = rows[0].point.design is not None
    lines = [_TITLES[family], "Generated by qadam-tl characterize; docs/characterization.md explains every column."]
    if circuit:
        lines += _LIBRARY_NOTICE
    figures = list(dict.fromkeys(column for row in rows for column in row.figures))
    buffer = io.StringIO()
    for line in lines:
        buffer.write(f"# {line}\n")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*rows[0].point.parameters, *figures, *PROVENANCE])
    for row in rows:
        cells = [row.figures.get(column, "") for column in figures]
        writer.writerow([*row.point.parameters.values(), *cells, *_provenance(family, row.point, how, library)])
    return buffer.getvalue()


def _provenance(family: str, point: Point, how: Measurement, library: CellLibrary | None) -> list[str]:
    command = f"qadam-tl characterize --family {family} --row {point.name} --seed {how.seed}"
    if point.design is None:
        tools = f"qadam-tl {__version__}; CACTI 7 of {CACTI_PACKAGE}"
        return ["simulated", "CACTI 7", f"device type {DEVICE_TYPE}", tools, "", "", "", command]
    assert library is not None
    recipe = Recipe(clock_gating=point.design.clock_gating)
    note = f"abc -D {recipe.target_ps}; Booth; clock gates {'on' if recipe.clock_gating else 'off'}"
    tools = f"qadam-tl {__version__}; {yosys_version()}"
    if surrounded(point.design) is not point.design:
        note += "; beside registers and a product, which do not count"
    operands = _OPERANDS[family] if point.simulated else ""
    source = "synthesis and gate-level simulation, NanGate 45 nm typical corner"
    return ["measured", source, note, tools, library.sha256, operands, str(how.seed), command]


def write_whole(path: Path, text: str) -> None:
    """Write a file such that it is there as a whole or not at all.

    Raises
    ------
    RunError : it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False, encoding="utf-8") as part:
            try:
                part.write(text)
                part.flush()
                os.fsync(part.fileno())
                Path(part.name).chmod(0o644)
                Path(part.name).replace(path)
            except BaseException:
                Path(part.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror}") from None
