"""How fast sweeps are, and whether time and memory grow as they should.

    python benchmarks/sweep_speed.py [--configs N ...] [--jobs N]

For each number of configs: the whole `qadam-tl sweep` of that many configs on ResNet-20 (CIFAR-10), exact counts, into
an empty folder: seconds on the clock, CPU seconds of all its processes, CPU milliseconds per config, peak memory of the
largest process, and on how many results the mapping of every layer is proven the best. The first sweep, of one config,
compiles what is not compiled yet and is not counted.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

#: 4000 configs.
_SPACE = """
pe_type: [fp32, int16, int8, lightpe1, lightpe2]
rows: [8, 10, 12, 14, 16]
cols: [8, 10, 12, 14, 16]
ifmap_spad_depth: [12, 24]
weights_spad_depth: [112, 224]
psum_spad_depth: [16, 24]
glb_kib: [64, 108, 128, 256]
"""

_PROGRAM = "import sys; from qadam_plugin.cli.entry import main; main(sys.argv[1:])"


def sweep(folder: Path, configs: int, jobs: int) -> tuple[float, float, float]:
    """Sweep so many configs, drawn at random: seconds, CPU seconds, MiB of the largest process."""
    sample = ("--sample", str(configs), "--jobs", str(jobs), "--out", f"swept{configs}")
    command = [sys.executable, "-c", _PROGRAM, "sweep", "space.yaml", *sample]
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit("the sweep failed")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def proven(path: Path) -> tuple[int, int]:
    """Results of which every mapping is proven the best, and valid results."""
    with path.open(newline="") as handle:
        valid = [row for row in csv.DictReader(handle) if row["valid"] == "true"]
    return sum(row["optimal"] == "true" for row in valid), len(valid)


def main() -> None:
    """Print one line per number of configs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configs", type=int, nargs="+", default=[250, 1000, 4000])
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "space.yaml").write_text(_SPACE)
        sweep(folder, 1, 1)
        for configs in arguments.configs:
            seconds, cpu, mib = sweep(folder, configs, arguments.jobs)
            best, valid = proven(folder / f"swept{configs}" / "results.csv")
            print(
                f"{configs} configs: {seconds:.1f} s with {arguments.jobs} processes, {cpu:.1f} s of CPU, "
                f"{1000 * cpu / configs:.0f} ms each, {mib:.0f} MiB; proven on {best} of {valid}",
                flush=True,
            )


if __name__ == "__main__":
    main()
