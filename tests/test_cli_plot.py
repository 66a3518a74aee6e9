"""`qadam-tl plot` as it is typed: every kind of figure, and one line for every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import qadam_tl
from sweep_helpers import NETWORK, RELATED, plan, sweep

from qadam_plugin.analysis.figures.kinds import KINDS


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of two networks, and accuracies of one of them that nobody measured."""
    path = tmp_path_factory.mktemp("plots")
    sweep(path / "results", plan(networks=(NETWORK, RELATED)))
    (path / "accuracy.csv").write_text("network,pe_type,top1_mean,top1_spread\ntiny,int16,90,1\ntiny,lightpe1,80,\n")
    return path


@pytest.fixture
def folder(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That folder, as the current one."""
    monkeypatch.chdir(shared)
    return shared


def test_every_kind_of_these_results_is_written_where_the_command_says(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in KINDS:
        if kind == "ppa":
            continue
        code, out, err = qadam_tl(capsys, "plot", kind, "results", "--accuracy", "accuracy.csv", "--format", "svg")
        assert (code, out.strip().endswith(f": {kind}.svg")) == (0, True), err
        assert "tiny" in (folder / f"{kind}.svg").read_text()
        (folder / f"{kind}.svg").unlink()


def test_fit_without_a_folder_is_of_the_components(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = qadam_tl(capsys, "plot", "fit", "-o", "fit.svg")
    assert code == 0, err
    assert "area, MAC int: median error" in out and out.strip().endswith("fit.svg")
    assert "critical path (ns)" in (folder / "fit.svg").read_text()


def test_conditions_and_normalisation_choose_what_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    condition = 'network == "tiny" and pe_type == "lightpe1"'
    arguments = ("plot", "pareto", "results", "--where", condition, "--normalize", "int16", "-o", "a.svg")
    assert qadam_tl(capsys, *arguments)[0] == 0
    text = (folder / "a.svg").read_text()
    assert "relative to best int16" in text and "lightpe1" in text and "related" not in text
    assert ">int16<" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("paretto", "results"), "KIND: no figure 'paretto'; did you mean 'pareto'?"),
        (("energy", "nowhere"), "nowhere"),
        (("energy",), "DIR: plot energy needs the folder of a sweep's results: qadam-tl plot energy DIR"),
        (("fit", "results"), "surrogate_held_out.csv: no such file; `qadam-tl surrogate fit results` makes it"),
        (("fit", "--where", "rows > 1"), "--where: plot fit does not take it"),
        (("energy", "results", "--x", "area_mm2"), "--x: plot energy does not take it; these do: pareto"),
        (("pareto", "results", "--metric", "area_mm2"), "--metric: plot pareto does not take it"),
        (("energy", "results", "--metric", "speed"), "--metric: unknown metric 'speed'"),
        (("pareto", "results", "--normalize", "int61"), "--normalize: no result of PE type 'int61'; did you mean"),
        (("pareto", "results", "--where", "rows > 100"), "results: no result with a valid mapping meets --where"),
        (("accuracy", "results"), "--accuracy: plot accuracy needs a file of accuracies"),
        (("ppa", "results"), "plot ppa: no result of the paper's networks"),
        (("pareto", "results", "--format", "gif"), "--format: one of png, svg, pdf is wanted, not 'gif'"),
        (("pareto", "results", "-o", "a.gif"), "a.gif: write png, svg, pdf"),
        (("pareto", "results", "-o", "a.svg", "--format", "png"), "--format: png is not what a.svg ends with"),
        (("pareto", "results", "-o", "missing/a.svg"), "missing/a.svg: there is no folder missing"),
    ],
)
def test_every_mistake_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = qadam_tl(capsys, "plot", *arguments)
    assert (code, out) == (2, ""), err
    assert len(err.splitlines()) == 1 and message in err
