"""Runs of the real Timeloop: those recorded in ``data/timeloop_runs``, and whether it is here to run again.

The recorded runs are made again, where Timeloop is installed, with: python tests/timeloop_runs.py
"""

from __future__ import annotations

import gzip
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import yaml

from qadam_plugin.engines.timeloop import TimeloopEngine, timeloop_engine
from qadam_plugin.engines.timeloop_tools import Toolchain, find_toolchain
from qadam_plugin.errors import QadamError
from qadam_plugin.hardware.archspec import ArchSpec
from qadam_plugin.hardware.build import build_spec
from qadam_plugin.hardware.config import AcceleratorConfig, config_from_values
from qadam_plugin.hardware.spec_reader import read_spec
from qadam_plugin.mapping.nest import LevelLoops, Mapping
from qadam_plugin.workloads.layer import Layer

RUNS = Path(__file__).parent / "data" / "timeloop_runs"

#: Three stores in the global buffer, 4-bit weights, a batch: every word width differs.
CONFIG = config_from_values(
    {
        "pe_type": "lightpe1",
        "rows": 4,
        "cols": 4,
        "ifmap_spad_depth": 12,
        "weights_spad_depth": 48,
        "psum_spad_depth": 16,
        "glb_kib": 16.0,
        "glb_weights_share": 0.25,
        "clock": 0.5,
    },
    "tests",
)
LAYER = Layer(C=8, M=8, R=3, S=3, N=2, P=6, Q=6)

#: A layer of primes, which hardly fits one word of everything.
AWKWARD = Layer(C=31, M=7, R=3, S=3, N=2, P=13, Q=17)

SETTINGS = "mapper: {victory_condition: 60}\n"
IMPATIENT = "mapper: {algorithm: random, timeout: 1, victory_condition: 1}\n"

KINDS = ("mapper", "model")


def spec() -> ArchSpec:
    """The architecture of the recorded runs, as it was then."""
    return read_spec(RUNS / "mapper" / "arch.yaml")


def recorded(kind: str) -> tuple[str, str]:
    """Stats and XML of the recorded run of timeloop-mapper or timeloop-model."""
    stats = (RUNS / kind / f"timeloop-{kind}.stats.txt").read_text(encoding="utf-8")
    xml = gzip.decompress((RUNS / kind / f"timeloop-{kind}.map+stats.xml.gz").read_bytes()).decode()
    return stats, xml


@cache
def installed() -> Toolchain | None:
    """The real Timeloop, if it is found."""
    try:
        return find_toolchain(None)
    except QadamError:
        return None


NOT_INSTALLED = "real Timeloop: not installed (programs in PATH, and a v4 front end)"


def _record() -> None:
    """Run the real Timeloop, and keep what the tests read."""
    with tempfile.TemporaryDirectory() as scratch:
        for text, config, layer in (
            (SETTINGS, CONFIG, LAYER),
            (IMPATIENT, CONFIG.with_values({"psum_spad_depth": 1, "weights_spad_depth": 1}), AWKWARD),
        ):
            settings = Path(scratch) / "settings.yaml"
            settings.write_text(f"{text}keep_jobs: jobs\nenergies: models\n", encoding="utf-8")
            engine = timeloop_engine(settings)
            found = engine.design(config).run(layer, "edp")
            if found.valid:
                mapping = [(layer, found.mapping)]
                engine.evaluate(config, 0.5, mapping)
                engine.evaluate(config.with_values({"psum_spad_depth": 1}), 0.5, mapping)
                _record_unpriced(engine, config, layer, found.mapping, Path(scratch) / "jobs" / "unpriced")
        _record_accelergy(Path(scratch))
        shutil.rmtree(RUNS, ignore_errors=True)
        _keep(Path(scratch) / "jobs")


def _record_unpriced(
    engine: TimeloopEngine,
    config: AcceleratorConfig,
    layer: Layer,
    loops: tuple[tuple[str, str, tuple[tuple[str, int], ...]], ...],
    folder: Path,
) -> None:
    """A run whose ERT lacks the psum scratchpad: Timeloop prices it by itself, and says so in a word of its stats."""
    tables = engine.design(config).tables  # pyright: ignore[reportAttributeAccessIssue]
    ert = yaml.safe_load(tables.ert)
    ert["ERT"]["tables"] = [table for table in ert["ERT"]["tables"] if "psum_spad" not in table["name"]]
    folder.mkdir(parents=True)
    mapping = Mapping(tuple(LevelLoops(*entry) for entry in loops))
    try:
        engine.runner.evaluate(
            build_spec(config, 0.5), replace(tables, ert=yaml.safe_dump(ert)), [(layer, mapping)], folder
        )
    except QadamError as error:
        print(f"as it should be: {error}")


def _record_accelergy(scratch: Path) -> None:
    """What Accelergy makes of the design; its plug-ins must include ours."""
    settings = scratch / "settings.yaml"
    settings.write_text("keep_jobs: accelergy\nenergies: accelergy\n", encoding="utf-8")
    timeloop_engine(settings).design(CONFIG)
    (scratch / "accelergy" / f"{CONFIG.config_id}-tables").rename(scratch / "jobs" / "accelergy")


def _keep(jobs: Path) -> None:
    """Copy what the tests read: XML packed, lines with this machine's folders left out of logs."""
    (no_mapping,) = (path for path in jobs.glob("*-edp") if "C31" in path.name)
    (mapper,) = (path for path in jobs.glob("*-edp") if path != no_mapping)
    model = jobs / f"{CONFIG.config_id}-verify" / "layer0"
    (refused,) = (path for path in jobs.glob("*-verify/layer0") if path != model)
    for folder, kind in (
        (mapper, "mapper"),
        (model, "model"),
        (jobs / "unpriced" / "layer0", "unpriced"),
        (jobs / "accelergy", "accelergy"),
    ):
        target = RUNS / kind
        target.mkdir(parents=True)
        for path in _results(folder):
            if path.suffix == ".xml":
                packed = gzip.compress(path.read_bytes(), mtime=0)
                (target / f"{path.name}.gz").write_bytes(packed)
            else:
                shutil.copy(path, target / path.name)
    for folder, kind in ((no_mapping, "no_mapping"), (refused, "refused")):
        lines = (folder / "log.txt").read_text(encoding="utf-8").splitlines(keepends=True)
        (RUNS / f"{kind}.txt").write_text("".join(line for line in lines if "/" not in line), encoding="utf-8")
    (RUNS / "README.md").write_text(
        "Results of the real Timeloop (commit 4cf6d4c), made with: python tests/timeloop_runs.py\n", encoding="utf-8"
    )


def _results(folder: Path) -> Iterator[Path]:
    names = (
        "*.stats.txt",
        "*.map+stats.xml",
        "*.map.yaml",
        "arch.yaml",
        "ERT.yaml",
        "ART.yaml",
        "?RT_summary_verbose.yaml",
    )
    for name in names:
        yield from folder.glob(name)


if __name__ == "__main__":
    _record()
    sys.exit(0)
