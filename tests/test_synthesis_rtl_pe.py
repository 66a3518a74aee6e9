"""PEs and arrays in Icarus Verilog: streams in, convolutions out; and the command that writes them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from qadam_plugin.cli.app import main
from qadam_plugin.errors import RunError
from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.synthesis.designs import MAX_PIPELINE, array_design, control_design, mac_design, pe_design
from qadam_plugin.synthesis.formats import BF16_PE
from qadam_plugin.synthesis.golden_cycles import expected_outputs
from qadam_plugin.synthesis.rtl import check_design, record
from qadam_plugin.synthesis.testbench import run_testbench
from qadam_plugin.synthesis.vectors import random_run

needs_iverilog = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs the Debian package iverilog")

#: Taps, filters and step: more filters than pipeline ranks and fewer, full and nearly empty scratchpads, steps past
#: the window.
SHAPES = [(3, 16, 1), (12, 4, 3), (1, 1, 1), (5, 1, 2), (7, 6, 7), (2, 3, 12)]


@needs_iverilog
@pytest.mark.parametrize("name", PE_TYPES)
@pytest.mark.parametrize("gaps", [False, True], ids=["steady", "pauses"])
def test_pe_computes_the_convolution(name: str, gaps: bool) -> None:
    pe = PE_TYPES[name]
    for pipeline in range(MAX_PIPELINE[pe.family] + 1):
        design = pe_design(pe, 12, 48, 16, pipeline, clock_gating=pipeline != 2, zero_gating=pipeline == 1)
        for seed, (taps, filters, step) in enumerate(SHAPES):
            run = random_run(design, "relu", taps, filters, positions=5, step=step, seed=seed)
            check_design(design, run_testbench(design, run, seed, gaps))


@needs_iverilog
def test_pe_with_one_word_per_scratchpad_works() -> None:
    design = pe_design(PE_TYPES["int8"], 1, 1, 1)
    check_design(design, run_testbench(design, random_run(design, "uniform", 1, 1, 20, 1, seed=1)))


@needs_iverilog
@pytest.mark.parametrize("pe", [*PE_TYPES.values(), BF16_PE], ids=lambda pe: pe.name)
def test_array_computes_the_convolution(pe: object) -> None:
    design = array_design(3, 4, pe, 12, 48, 16)  # type: ignore[arg-type]
    run = random_run(design, "gaussian", taps=6, filters=8, positions=4, step=2, seed=2)
    check_design(design, run_testbench(design, run, gaps=False))
    check_design(design, run_testbench(design, run, seed=3))


@needs_iverilog
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (4, 1)])
def test_arrays_of_one_row_or_column_work(shape: tuple[int, int]) -> None:
    design = array_design(*shape, PE_TYPES["lightpe1"], 12, 48, 16)
    check_design(design, run_testbench(design, random_run(design, "gaussian", 3, 5, 6, 1, seed=4)))


@needs_iverilog
@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("& ~pending", ""),
        ("primed ? oldest_next : oldest", "oldest"),
        ("(tap_inc == head) ? oldest : tap_inc", "tap_inc"),
        ("~mac_busy & p_out_ready", "p_out_ready"),
        ("psum & {ACC_BITS{~first}}", "psum"),
    ],
)
def test_a_wrong_line_of_the_control_fails_the_run(line: str, other: str) -> None:
    design = pe_design(PE_TYPES["int8"], 12, 48, 16)
    bench = run_testbench(design, random_run(design, "uniform", 7, 3, 9, 2, seed=1))
    texts = tuple(text.replace(line, other) for text in design.verilog)
    assert texts != design.verilog
    with pytest.raises(RunError, match="FAIL"):
        check_design(replace(design, verilog=texts), bench)


@needs_iverilog
def test_recorded_mac_inside_a_pe_behaves_as_the_mac_alone() -> None:
    pe = PE_TYPES["lightpe2"]
    design, mac = pe_design(pe, 12, 48, 16), mac_design(pe)
    run = random_run(design, "gaussian", taps=5, filters=8, positions=4, step=1, seed=5)
    recording = record(design, run, mac, "mac")
    known = recording.known + mac.latency
    assert recording.inputs.shape[1] == len(mac.inputs)
    assert np.array_equal(expected_outputs(mac, recording.inputs)[known:], recording.outputs[known:])
    enabled = recording.inputs[:, [port.name for port in mac.inputs].index("en")]
    # Every operation of the walk, and one per psum of the chain.
    assert enabled.sum() == 4 * (5 * 8 + 8)


@needs_iverilog
def test_every_operation_of_a_round_reads_new_words_of_all_three_scratchpads() -> None:
    design, control = pe_design(PE_TYPES["int8"], 12, 48, 16), control_design(12, 48, 16)
    run = random_run(design, "gaussian", taps=4, filters=6, positions=3, step=1, seed=6)
    recording = record(design, run, control, "control")
    outputs = {port.name: recording.outputs[:, index] for index, port in enumerate(control.outputs)}
    issued = np.flatnonzero((outputs["mac_en"] == 1) & (outputs["mac_chain"] == 0))
    assert len(issued) == 3 * 24
    follows = issued[np.arange(len(issued)) % 6 > 0]
    for address in ("ifmap_raddr", "weight_addr", "psum_raddr"):
        assert np.all(outputs[address][follows] != outputs[address][follows - 1])


def _config(folder: Path) -> Path:
    path = folder / "design.yaml"
    values = {"pe_type": "lightpe1", "rows": 2, "cols": 3, "glb_kib": 64}
    values |= {"ifmap_spad_depth": 4, "weights_spad_depth": 9, "psum_spad_depth": 2}
    path.write_text(yaml.safe_dump(values))
    return path


@needs_iverilog
@pytest.mark.parametrize("unit", ["array", "pe", "mac"])
def test_command_writes_verilog_whose_testbench_passes(
    unit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rtl", str(_config(tmp_path)), "-o", str(tmp_path / "rtl"), "--unit", unit])
    assert ended.value.code == 0
    assert "PASS" in capsys.readouterr().out
    assert (tmp_path / "rtl" / "testbench.v").is_file()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--unit", "glb"], 2, "--unit: array, pe or mac is wanted, not 'glb'"),
        (["--pipeline", "3"], 2, "--pipeline: 0 to 2 is wanted for lightpe1, not 3"),
        (["--unit", "mac"], 1, "iverilog is missing: install the Debian package 'iverilog'"),
        (["--unit", "mac", "--no-check"], 0, ""),
    ],
)
def test_command_without_iverilog(
    options: list[str],
    code: int,
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main(["rtl", str(_config(tmp_path)), "-o", str(tmp_path / "rtl"), *options])
    assert ended.value.code == code
    assert words in capsys.readouterr().err


def test_command_names_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as ended:
        main(["rtl", str(_config(tmp_path)), "-o", str(tmp_path / "file"), "--no-check"])
    assert ended.value.code == 2
    assert "cannot write" in capsys.readouterr().err
