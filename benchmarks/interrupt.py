"""How soon every long command ends at Ctrl-C, and how.

    python benchmarks/interrupt.py [--moments N] [--within S] [--seed N] [NAME ...]

Each command is started some times in a folder of its own, and its process group gets SIGINT as a terminal would send
it, at a moment drawn between its first 50 ms and its end (or --within seconds). Per command: median and worst seconds
on the clock from the signal to the end of every process it started, CPU seconds spent meanwhile at the worst moment,
which moment that was, and the last line written then. A moment is bad where the exit code is neither 130 nor 0 (done
before the signal came), there is a traceback, the last line is another, or a process is left after 30 s.

Timeloop is played by a stand-in that never ends; without ONNX or the cell library, what needs them is left out.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

_PROGRAM = "import sys; from qadam_plugin.cli.entry import main; sys.exit(main(sys.argv[1:]))"

#: What an interrupted command says at last.
_LAST = "qadam-tl: interrupted"

#: Marks the processes of one run.
_MARK = "QADAM_INTERRUPTED_RUN"

#: Variables that name a folder below the one that the command runs in.
_FOLDERS = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")

_SPACE = """
pe_type: [int16, lightpe1]
rows: {from: 4, to: 16, step: 2}
cols: {from: 4, to: 16, step: 2}
glb_kib: [64, 128, 256]
"""

#: A front end whose tools sleep.
_FRONT_END = """
import subprocess, sys

class Specification:
    @classmethod
    def from_yaml_files(cls, *files):
        return cls()

def _call(specification, output_dir, extra_input_files, log_to, extra_args, return_proc):
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

call_mapper = call_model = call_accelergy_verbose = _call
"""


@dataclass(frozen=True)
class Command:
    """What is interrupted.

    Attributes
    ----------
    words : of the command line; its folder has `space.yaml`, `swept` (results), `arch.yaml`, `problem.yaml` and more.
    variables : of the environment, besides.
    """

    name: str
    words: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """One interrupted run.

    Attributes
    ----------
    at : seconds from the start to the signal.
    seconds, cpu : from the signal to the end of all its processes.
    fault : what is wrong with how it ended; empty where nothing is.
    """

    at: float
    seconds: float
    cpu: float
    last: str
    fault: str


def commands(home: Path) -> list[Command]:
    """The long commands; `home` has what they read."""
    fresh = {"NUMBA_CACHE_DIR": "kernels"}
    timeloop = {"PYTHONPATH": str(home / "modules"), "PATH": f"{home / 'programs'}:/usr/bin:/bin"}
    inherited = os.environ.get("PYTHONPATH")
    if inherited:
        timeloop["PYTHONPATH"] += f":{inherited}"
    found = [
        Command("sweep, 1 process", ("sweep", "--network", "vgg16-imagenet", "--jobs", "1")),
        Command("sweep, 2 processes", ("sweep", "--network", "vgg16-imagenet", "--jobs", "2")),
        Command("sweep, kernels to compile", ("sweep", "--jobs", "1"), fresh),
        Command("sweep, surrogate", ("sweep", "wide.yaml", "--engine", "surrogate", "--surrogate", "swept")),
        Command("explore", ("explore", "--trials", "500", "--jobs", "2")),
        Command("surrogate fit", ("surrogate", "fit", "swept")),
        Command("quantize", ("quantize", "--network", "resnet20-cifar10", "--jobs", "2")),
        Command("characterize", ("characterize", "--quick", "--jobs", "2"), {"XDG_CACHE_HOME": "cache"}),
        Command("fit", ("fit", "--out", "models")),
        Command("reproduce", ("reproduce",)),
        Command("verify", ("verify", "swept"), timeloop),
        Command("report", ("report", "swept")),
        Command("plot", ("plot", "pareto", "swept")),
        Command("pareto", ("pareto", "swept")),
        Command("map", ("map", "--arch", "simba.yaml", "--problem", "problem.yaml", "-o", "mapping.yaml")),
        Command("map, kernels to compile", ("map", "--arch", "arch.yaml", "--problem", "problem.yaml"), fresh),
        Command("networks import", ("networks", "import", "model.onnx", "-o", "network.yaml")),
    ]
    if not (home / "cache").is_dir():
        found = [item for item in found if item.name != "characterize"]
    return found if (home / "model.onnx").is_file() else [item for item in found if item.name != "networks import"]


def prepare(home: Path) -> None:
    """Make what the commands read."""
    (home / "space.yaml").write_text(_SPACE)
    wide = "{from: 4, to: 64, step: 1}"
    (home / "wide.yaml").write_text(f"pe_type: [int16, lightpe1]\nrows: {wide}\ncols: {wide}\nglb_kib: [64, 96, 128]\n")
    for words in (
        ("sweep", "space.yaml", "--out", "swept"),
        ("surrogate", "fit", "swept"),
        ("arch", "eyeriss168", "-o", "arch.yaml"),
        ("arch", "simba_like", "-o", "simba.yaml"),
        ("networks", "problems", "vgg16-imagenet", "-o", "problems"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, *words], cwd=home, stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            raise SystemExit(f"qadam-tl {' '.join(words)} failed")
    shutil.copy(sorted((home / "problems").iterdir())[4], home / "problem.yaml")
    _model(home / "model.onnx")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "qadam-tl"
    kept = [path for path in cache.glob("*") if path.is_dir() and path.name != "rows"]
    if kept:
        (home / "cache" / "qadam-tl").mkdir(parents=True)
        for path in kept:
            (home / "cache" / "qadam-tl" / path.name).symlink_to(path)
    package = home / "modules" / "pytimeloop" / "timeloopfe"
    (package / "common").mkdir(parents=True)
    (package / "v4").mkdir()
    for place in (package.parent, package, package / "common"):
        (place / "__init__.py").write_text("")
    (package / "v4" / "__init__.py").write_text(_FRONT_END)
    (home / "programs").mkdir()
    for name in ("timeloop-mapper", "timeloop-model"):
        (home / "programs" / name).write_text("#!/bin/sh\nexit 1\n")
        (home / "programs" / name).chmod(0o755)


def _model(path: Path) -> None:
    """A chain of a thousand convolutions."""
    try:
        import numpy as np
        import onnx
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        return
    count, filters = 1000, np.zeros((64, 64, 3, 3), np.float32)
    nodes = [
        helper.make_node("Conv", [f"x{at}", f"w{at}"], [f"x{at + 1}"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        for at in range(count)
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 64, 56, 56]) for name in ("x0", f"x{count}")]
    constants = [numpy_helper.from_array(filters, f"w{at}") for at in range(count)]
    onnx.save(helper.make_model(helper.make_graph(nodes, "chain", ends[:1], ends[1:], constants)), str(path))


def run(command: Command, home: Path, at: float | None) -> Ended:
    """Start a command in a fresh folder and interrupt it `at` seconds later; None: let it run."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, mark = Path(scratch) / "here", uuid.uuid4().hex
        shutil.copytree(home, folder, symlinks=True, ignore=shutil.ignore_patterns("problems", "modules", "programs"))
        variables = {
            name: str(folder / value) if name in _FOLDERS else value for name, value in command.variables.items()
        }
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *command.words],
            cwd=folder,
            env={**os.environ, **variables, _MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(Path(scratch) / "err").open("wb"),
            start_new_session=True,
        )
        began = time.monotonic()
        try:
            process.wait(at)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGINT)
        signalled, cpu = time.monotonic(), _cpu(mark)
        limit, spent = signalled + 30, cpu
        while time.monotonic() < limit and (process.poll() is None or _marked(mark)):
            spent = max(spent, _cpu(mark))
            time.sleep(0.005)
        seconds = time.monotonic() - signalled
        left = _marked(mark)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        process.wait()
        text = (Path(scratch) / "err").read_text(errors="replace").strip()
    lines = text.splitlines()
    fault = _fault(process.returncode, text, len(left))
    return Ended(signalled - began, seconds, spent - cpu, lines[-1] if lines else "", fault)


def _fault(code: int, text: str, left: int) -> str:
    if left:
        return f"{left} processes left"
    if code not in (0, 130):
        return f"exit code {code}"
    if "Traceback" in text:
        return "traceback"
    return "no last line" if code == 130 and text.splitlines()[-1:] != [_LAST] else ""


def _marked(mark: str) -> list[int]:
    """Processes of a run that have not ended."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            try:
                if f"{_MARK}={mark}".encode() in (place / "environ").read_bytes():
                    found.append(int(place.name))
            except OSError:
                continue
    return found


def _cpu(mark: str) -> float:
    """CPU seconds of the processes of a run."""
    total = 0
    for pid in _marked(mark):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print one line per command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="commands whose names begin so; left out: all")
    parser.add_argument("--moments", type=int, default=8)
    parser.add_argument("--within", type=float, default=12.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    # A shell that runs this in the background has it ignore Ctrl-C, and what it starts as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    dice = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        prepare(home)
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs", flush=True)
        for command in commands(home):
            if arguments.names and not any(command.name.startswith(name) for name in arguments.names):
                continue
            whole = run(command, home, arguments.within).at
            ended = sorted(
                (run(command, home, dice.uniform(0.05, whole)) for _ in range(arguments.moments)),
                key=lambda item: (bool(item.fault), item.seconds),
            )
            worst = ended[-1]
            middle = statistics.median(item.seconds for item in ended)
            bad = sum(bool(item.fault) for item in ended)
            print(
                f"{command.name:26} {len(ended)} moments to {whole:4.1f} s: median {middle:.2f} s, worst "
                f"{worst.seconds:.2f} s ({worst.cpu:.2f} CPU s) at {worst.at:.2f} s; bad {bad}"
                f"{f' ({worst.fault})' if bad else ''}; {worst.last}",
                flush=True,
            )


if __name__ == "__main__":
    main()
