"""The folder of a sweep: damaged, locked, full or unwritable, and what a person is told."""

from __future__ import annotations

import hashlib
import json
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sweep_helpers import NETWORK, plan, sweep

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.space import parse_space
from qadam_plugin.sweep.keys import design_key, layer_key
from qadam_plugin.sweep.store import ResultStore
from qadam_plugin.workloads.layer import Layer

HELPERS = Path(__file__).parent / "sweep_helpers.py"


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole database."""
    directory = tmp_path_factory.mktemp("swept")
    sweep(directory)
    return (directory / "results.sqlite").read_bytes()


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.02, 0.3, 0.5, 0.9, 0.999])
def test_truncated_database_is_refused_and_left_as_it_is(swept: bytes, tmp_path: Path, kept: float) -> None:
    path = tmp_path / "results.sqlite"
    path.write_bytes(swept[: int(len(swept) * kept)])
    before = path.read_bytes()
    for opening in (ResultStore.writing, ResultStore.reading):
        with pytest.raises(InputError, match=r"results\.sqlite: is damaged or no result store .*nothing was changed"):
            opening(tmp_path)
    assert path.read_bytes() == before


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results.sqlite").write_text("config_id,energy\n" * 1000)
    with pytest.raises(InputError, match="no result store"):
        ResultStore.writing(tmp_path)


def test_overwritten_page_is_noticed(swept: bytes, tmp_path: Path) -> None:
    damaged = bytearray(swept)
    damaged[5 * 4096 : 6 * 4096] = b"\xa5" * 4096
    (tmp_path / "results.sqlite").write_bytes(damaged)
    with pytest.raises(InputError, match="is damaged"):
        ResultStore.writing(tmp_path)


def test_store_of_another_schema_is_refused(swept: bytes, tmp_path: Path) -> None:
    (tmp_path / "results.sqlite").write_bytes(swept)
    with sqlite3.connect(tmp_path / "results.sqlite") as connection:
        connection.execute("PRAGMA user_version=999")
    connection.close()
    with pytest.raises(InputError, match="has schema 999"):
        ResultStore.writing(tmp_path)


def test_folder_that_cannot_be_made_or_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/results")):
        with pytest.raises(
            InputError, match=r"cannot be written \(.*\); choose a folder that can be with --out"
        ) as found:
            ResultStore.writing(place)
        assert str(place) in str(found.value) or str(place.parent) in str(found.value)


def test_reading_where_nothing_was_swept_says_how_to_get_results(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no results here; `qadam-tl sweep --out DIR` makes them"):
        ResultStore.reading(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_writer_at_a_time_and_readers_at_any_time(tmp_path: Path) -> None:
    sweep(tmp_path)
    with ResultStore.writing(tmp_path):
        with pytest.raises(InputError, match="another sweep is writing here now"):
            ResultStore.writing(tmp_path)
        with ResultStore.reading(tmp_path) as reader:
            assert len(reader.groups()) == 1
    ResultStore.writing(tmp_path).close()


def test_unfinished_files_of_a_killed_process_are_in_nobody_s_way(tmp_path: Path) -> None:
    (tmp_path / ".results.sqlite.part").write_text("half a database")
    (tmp_path / ".results.csv.part").write_text("half a table")
    sweep(tmp_path)
    sweep(tmp_path.parent / "other")
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in (tmp_path.parent / "other").iterdir()}


def test_keys_depend_on_everything_that_changes_an_answer() -> None:
    from arithmetic_engine import ArithmeticEngine

    configs = list(parse_space("pe_type: [int16, int8]\nrows: [2, 3]\nclock: [auto, 0.5]\n", "s"))
    engines = (ArithmeticEngine("a"), ArithmeticEngine("b"))
    designs = {design_key(config, engine) for config in configs for engine in engines}
    assert len(designs) == 16
    layer = NETWORK.layers[0].layer
    one = design_key(configs[0], engines[0])
    keys = {layer_key(one, layer, objective) for objective in ("edp", "energy", "latency")}
    keys |= {layer_key(one, type(layer)(**{**_fields(layer), name: 7}), "edp") for name in _fields(layer)}
    assert len(keys) == 3 + len(_fields(layer))
    assert layer_key(one, layer, "edp") == layer_key(one, type(layer)(**_fields(layer)), "edp")


def _fields(layer: object) -> dict[str, int]:
    return {name: getattr(layer, name) for name in layer.__dataclass_fields__}  # type: ignore[attr-defined]


def test_full_disk_is_told_in_one_line_and_rows_are_kept(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text("pe_type: int16\nrows: {from: 1, to: 12, step: 1}\ncols: [1, 2, 3, 4, 5, 6]\n")
    command = [sys.executable, HELPERS, "sweep", "space.yaml", "--engine", "arithmetic", "--jobs", "1"]
    # A limit on the size of a file is what a small disk is to whoever writes one.
    small = 100 * 1024
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (small, small)),
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("qadam-tl: ") and len(done.stderr.splitlines()) == 1
    assert "results so far are kept, make room and run the same command again" in done.stderr
    with ResultStore.reading(tmp_path / "qadam-results") as store:
        ((kept,),) = store.query("SELECT count(*) FROM layers")
    assert kept > 0
    assert sweep(tmp_path / "other", plan())[1].results == 24


def test_bits_that_are_not_given_leave_a_layer_the_key_it_always_had() -> None:
    shape = {"C": 3, "M": 16, "R": 3, "S": 3, "N": 1, "P": 32, "Q": 32, "G": 1}
    steps = {"Wstride": 1, "Hstride": 1, "Wdilation": 1, "Hdilation": 1}
    text = json.dumps(["layer", "design", {**shape, **steps}, "edp"], sort_keys=True, separators=(",", ":"))
    key = hashlib.sha256(text.encode()).hexdigest()[:32]
    assert layer_key("design", Layer(**shape), "edp") == key
    assert layer_key("design", Layer(**shape, weight_bits=4), "edp") != key
