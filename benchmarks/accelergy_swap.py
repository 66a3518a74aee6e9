"""What our component classes make of an architecture that others wrote: energy by component, before and after.

    python benchmarks/accelergy_swap.py ARCH [--components FOLDER] [--mac CLASS ...] [--layer C,M,P,Q,R,S]

ARCH is a Timeloop v0.4 ``arch.yaml`` with the class names of the public Eyeriss-like example, such as
``example_designs/eyeriss_like/arch.yaml`` of timeloop-accelergy-exercises, which is no part of this project; FOLDER has
its compound components (``_components`` beside the design's folder when left out). "stock" is that text at "45nm"; the
others also have the class names replaced as docs/accelergy.md says, with each MAC class in turn.

The real timeloop-mapper maps the layer on the first of these that it gets energies for; the real timeloop-model then
evaluates this mapping on all of them, with the real Accelergy's energies. Printed are uJ by component and mm^2, who
answered, and for a version that Accelergy cannot answer, why.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from qadam_plugin.engines.timeloop_jobs import without_loop_constraints
from qadam_plugin.engines.timeloop_process import Job, call_front_end, complaint
from qadam_plugin.engines.timeloop_tables import read_art, read_estimators
from qadam_plugin.engines.timeloop_tools import find_toolchain, search_path
from qadam_plugin.errors import InputError, QadamError, RunError
from qadam_plugin.hardware.archspec import ArchSpec
from qadam_plugin.hardware.spec_reader import read_spec
from qadam_plugin.hardware.spec_writer import spec_yaml
from qadam_plugin.mapping.mapping_yaml import mapping_yaml, read_mapping
from qadam_plugin.userfile import read_text
from qadam_plugin.workloads.layer import Layer
from qadam_plugin.workloads.timeloop_problem import problem_yaml

SWAPS = {"DRAM": "qadam_DRAM", "smartbuffer_SRAM": "qadam_SRAM", "smartbuffer_RF": "qadam_regfile"}
STOCK_MAC = "intmac"
MACS = ("int16_mac", "int8_mac", "lightpe1_mac")

_MAPPER = {
    "version": 0.4,
    "optimization_metrics": ["edp"],
    "live_status": False,
    "num_threads": 1,
    "timeout": 10000,
    "victory_condition": 100,
    "algorithm": "random",
}
_VARIABLES = 'variables: {version: 0.4, technology: "45nm", global_cycle_seconds: 1.0e-9}\n'
_LIMIT_S = 1200.0


@dataclass(frozen=True, slots=True)
class Priced:
    """One version of the architecture with one mapping: uJ by component, mm^2 on the chip, who answered."""

    cycles: int
    energy_uj: Mapping[str, float]
    area_mm2: float
    estimators: Mapping[str, str]


def main(arguments: Sequence[str]) -> int:
    """Run all versions and print the table; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arch", type=Path)
    parser.add_argument("--components", type=Path, default=None)
    parser.add_argument("--mac", nargs="+", default=MACS)
    parser.add_argument("--layer", default="64,64,56,56,3,3")
    options = parser.parse_args(arguments)
    components = options.components or options.arch.resolve().parent.parent / "_components"
    try:
        compare(options.arch, sorted(components.glob("*.yaml")), options.mac, _layer(options.layer))
    except QadamError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def compare(arch: Path, components: Sequence[Path], macs: Sequence[str], layer: Layer) -> None:
    """Print the table of one architecture and layer.

    Raises
    ------
    InputError : no such file, or it has none of the classes to replace.
    RunError : Timeloop is not installed, or no version can be mapped.
    """
    stock = read_text(arch)
    python = find_toolchain(None).python
    versions = {"stock": swapped(stock, {}), **{mac: swapped(stock, {**SWAPS, STOCK_MAC: mac}) for mac in macs}}
    found: dict[str, Priced] = {}
    with tempfile.TemporaryDirectory(prefix="qadam-swap-") as scratch:
        mapping: Path | None = None
        for name, text in versions.items():
            folder = Path(scratch) / name
            try:
                if mapping is None:
                    mapping = _mapped(python, folder, text, components, layer)
                found[name] = _evaluated(python, folder / "model", text, components, layer, mapping)
            except RunError as error:
                print(f"{name}: no answer: {error}")
    if not found:
        raise RunError("no version of the architecture could be mapped")
    _print(found)


def swapped(arch: str, classes: Mapping[str, str]) -> str:
    """The architecture's text at "45nm" with class names replaced.

    Raises
    ------
    InputError : a class to be replaced is not in it.
    """
    text = re.sub(r'technology: *"?\d+nm"?', 'technology: "45nm"', arch)
    for old, new in classes.items():
        text, count = re.subn(rf"\bclass: {old}\b", f"class: {new}", text)
        if not count:
            raise InputError("ARCH", "class", f"no component of class {old} to replace")
    return text


def _mapped(python: str, folder: Path, arch: str, components: Sequence[Path], layer: Layer) -> Path:
    """Mapping that timeloop-mapper finds."""
    folder.mkdir(parents=True)
    mapper = folder / "mapper.yaml"
    mapper.write_text(yaml.safe_dump({"mapper": _MAPPER}), encoding="utf-8")
    _run(python, "timeloop-mapper", folder, [*_inputs(folder, arch, layer), *components, mapper])
    return folder / "timeloop-mapper.map.yaml"


def _evaluated(python: str, folder: Path, arch: str, components: Sequence[Path], layer: Layer, mapping: Path) -> Priced:
    """What timeloop-model says of the mapping; its constraints, which the mapping meets, must be out of the text."""
    folder.mkdir(parents=True)
    spec = without_loop_constraints(read_spec(arch))
    text = mapping_yaml(spec, read_mapping(mapping, spec, layer))
    target = folder / "mapping.yaml"
    target.write_text(text, encoding="utf-8")
    inputs = [*_inputs(folder, spec_yaml(spec), layer), *components]
    _run(python, "timeloop-model", folder, [*inputs, target])
    return _read(folder, spec)


def _inputs(folder: Path, arch: str, layer: Layer) -> list[Path]:
    """What the exercises' top-level template would put together, but for the mapper and the components."""
    texts = {"arch": arch, "problem": problem_yaml(layer), "variables": _VARIABLES}
    paths = [folder / f"{name}.yaml" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def _run(python: str, tool: str, folder: Path, inputs: Sequence[Path]) -> None:
    job = Job(tool, folder, tuple(inputs))
    failure = call_front_end(python, [job], _LIMIT_S, search_path(python)).failures[0]
    if failure or not (folder / f"{tool}.stats.txt").is_file():
        log = folder / "log.txt"
        said = complaint(log.read_text(encoding="utf-8")) if log.is_file() else ""
        raise RunError(f"{tool}: {failure or said}")


def _read(folder: Path, spec: ArchSpec) -> Priced:
    """Stats of timeloop-model, and areas and estimators of the Accelergy that it ran."""
    stats = (folder / "timeloop-model.stats.txt").read_text(encoding="utf-8")
    summary = stats[stats.index("fJ/Compute") :]
    per_compute = {name: float(value) for name, value in re.findall(r"^\s*(\S.*?)\s+= (\S+)$", summary, re.MULTILINE)}
    total = per_compute.pop("Total")
    if abs(sum(per_compute.values()) - total) > 1e-4 * total:
        raise RunError(f"timeloop-model's total of {total} fJ per compute is not the sum of {per_compute}")
    names = [level.name for level in (*spec.storages, spec.compute)]
    uj = _number(r"^Computes = (\d+)$", stats) * 1e-9
    areas = read_art(folder / "timeloop-model.ART.yaml", spec)
    ert, art = (folder / f"timeloop-model.{table}_summary.yaml" for table in ("ERT", "ART"))
    return Priced(
        cycles=_number(r"^Cycles: (\d+)$", stats),
        energy_uj={name: per_compute[name] * uj for name in names},
        area_mm2=sum(area for name, area in areas.items() if name != "DRAM") * 1e-6,
        estimators=dict(read_estimators(ert, art, spec)),
    )


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise RunError(f"Timeloop's stats have no line {pattern}")
    return int(found[1])


def _print(found: Mapping[str, Priced]) -> None:
    first = next(iter(found.values()))
    print(f"uJ by component; {first.cycles} cycles, one mapping\n")
    rows = [["component", *found], ["---"] * (1 + len(found))]
    rows += [[name, *(f"{each.energy_uj[name]:.1f}" for each in found.values())] for name in first.energy_uj]
    rows.append(["total", *(f"{sum(each.energy_uj.values()):.1f}" for each in found.values())])
    rows.append(["area, mm^2", *(f"{each.area_mm2:.2f}" for each in found.values())])
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print()
    for name, each in found.items():
        print(f"{name}, answered by: {', '.join(f'{part} {who}' for part, who in each.estimators.items())}")


def _layer(text: str) -> Layer:
    try:
        c, m, p, q, r, s = map(int, text.split(","))
    except ValueError:
        raise InputError("--layer", "", f"six whole numbers C,M,P,Q,R,S are wanted, not '{text}'") from None
    return Layer(C=c, M=m, P=p, Q=q, R=r, S=s)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
