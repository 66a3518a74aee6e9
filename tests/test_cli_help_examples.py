"""Every command's help has an example, and the examples work."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from qadam_plugin.cli.app import build_app
from qadam_plugin.paths import data_dir

ROOT: Any = typer.main.get_command(build_app())

#: Examples that take what a test machine may not have, or more time than they are worth here; others test them.
NOT_RUN = {
    "--scheduler": "a Dask cluster: test_sweep_dask",
    "verify": "the real Timeloop: test_cli_verify",
    "--engine timeloop": "the real Timeloop: test_engines_timeloop_real",
    "characterize": "synthesis tools and their library: test_synthesis_characterize",
    "fit --tables my_tables": "tables of a characterisation: test_ppa_fitting",
    "--surrogate qadam-results": "two minutes of exact configs: test_cli_surrogate",
    "reproduce": "the default space on six networks: test_analysis_reproduce",
    "quantize --network mobilenet": "weights, and thousands of layers: test_cli_quantize",
    "networks import": "an ONNX model: test_workloads_onnx_refused",
    "plugin status": "Accelergy: test_estimators_discovery",
    "plugin install": "Accelergy: test_estimators_discovery",
    "plugin uninstall": "Accelergy: test_estimators_discovery",
}

#: What takes longest is asked of two designs.
SPACE = "pe_type: int16\nrows: [8, 12]\ncols: 14\n"

#: Enough of a space to draw 500 configs from and to fit to.
LARGE = """
pe_type: [int16, lightpe1]
rows: {from: 4, to: 16, step: 2}
cols: {from: 4, to: 16, step: 2}
glb_kib: [64, 128, 256]
weights_spad_depth: [112, 224]
"""

ACCURACY = "network,pe_type,top1_mean,top1_spread\n" + "".join(
    f"resnet20-cifar10,{name},{90 + place},0.1\n"
    for place, name in enumerate(("lightpe1", "lightpe2", "int8", "int16", "fp32"))
)


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group with its path, the root apart."""
    for name, found in getattr(command, "commands", {}).items():
        yield (*path, name), found
        yield from commands(found, (*path, name))


def examples() -> list[str]:
    """Example lines of all help texts, in their order, comments left out."""
    lines = [line.strip() for _, found in commands(ROOT) for line in (found.help or "").splitlines()]
    return list(dict.fromkeys(line.split("     #")[0].strip() for line in lines if line.startswith("qadam-tl ")))


def parts(example: str) -> list[str]:
    return shlex.split(example)[1:]


@pytest.mark.parametrize("path", [path for path, found in commands(ROOT) if not hasattr(found, "commands")])
def test_command_has_an_example(path: tuple[str, ...]) -> None:
    assert [line for line in examples() if tuple(parts(line)[: len(path)]) == path]


@pytest.mark.parametrize("example", examples())
def test_example_is_what_its_command_understands(example: str) -> None:
    words, command, path = parts(example), ROOT, ["qadam-tl"]
    while words and words[0] in getattr(command, "commands", {}):
        path.append(words[0])
        command = command.commands[words.pop(0)]
    # Parses and checks the options; nothing is run.
    command.make_context(" ".join(path), words)


@pytest.mark.slow
def test_examples_run_one_after_the_other_in_one_folder(tmp_path: Path) -> None:
    specs = data_dir("arch_specs")
    shutil.copy(specs / "lightpe1.yaml", tmp_path / "design.yaml")
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "large.yaml").write_text(LARGE)
    (tmp_path / "accuracy.csv").write_text(ACCURACY)
    run(tmp_path, "qadam-tl networks problems resnet20-cifar10 -o problems")
    shutil.copy(sorted((tmp_path / "problems").iterdir())[0], tmp_path / "problem.yaml")
    done, failed = 0, []
    order = [line for line in examples() if not any(name in line for name in NOT_RUN)]
    # What an example reads comes from another one.
    order.sort(
        key=lambda line: (
            line.startswith("qadam-tl explore"),
            "--engine surrogate" in line,
            not line.startswith("qadam-tl sweep"),
        )
    )
    order.insert(order.index("qadam-tl surrogate fit qadam-results") + 1, "qadam-tl surrogate fit large")
    assert order[0] == "qadam-tl sweep"
    order.sort(key=lambda line: "mapping.yaml" in line and "map --arch" not in line)
    arches = [line for line in order if line.startswith("qadam-tl arch")]
    for line in [*arches, *(line for line in order if line not in arches)]:
        ended = run(tmp_path, line)
        done += 1
        if ended.returncode or "Traceback" in ended.stderr:
            failed.append(f"{line}: exit code {ended.returncode}: {ended.stderr[-300:]}")
    assert not failed, "\n".join(failed)
    assert done > 25


def run(folder: Path, example: str) -> subprocess.CompletedProcess[str]:
    """Run an example as it is typed."""
    program = "import sys; from qadam_plugin.cli.entry import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", program, *parts(example)],
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
