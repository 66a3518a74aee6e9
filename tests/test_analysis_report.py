"""The report as a file: what it says, what it holds, and that nothing a person named becomes HTML."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from command_line import qadam_tl
from sweep_helpers import NETWORK, RELATED, plan, sweep

from qadam_plugin.analysis.fronts import values
from qadam_plugin.analysis.groups import comparable, select
from qadam_plugin.analysis.metrics import METRICS
from qadam_plugin.analysis.pareto import oriented, pareto_mask
from qadam_plugin.analysis.report.cloud import collect_clouds
from qadam_plugin.analysis.report.collect import AXES, Report, collect_report
from qadam_plugin.analysis.report.render import render_report
from qadam_plugin.analysis.report.words import number
from qadam_plugin.analysis.summary import compare
from qadam_plugin.hardware.config import config_from_values
from qadam_plugin.hardware.describe import arch_yaml
from qadam_plugin.sweep.frames import results_frame
from qadam_plugin.sweep.store import ResultStore

HOSTILE = "</script><img src=x onerror=alert(1)> & \"co\" 'it'"


class Page(HTMLParser):
    """What a browser would make of a page: tags with their attributes, the scripts, and the words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.words += data


def report_of(directory: Path, **options: str) -> Report:
    with ResultStore.reading(directory) as store:
        return collect_report(store, results_frame(store), METRICS["perf_per_area"], **options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of two networks, one of them named by somebody with bad intentions."""
    path = tmp_path_factory.mktemp("report") / "results"
    sweep(path, plan(networks=(NETWORK, replace(RELATED, name=HOSTILE))))
    return path


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return Page(render_report(report_of(folder)))


def test_names_are_words_and_never_html(page: Page) -> None:
    assert HOSTILE in page.words
    assert not [attributes for tag, attributes in page.tags if tag == "img" or "onerror" in attributes]
    assert len(page.scripts) == 3


def test_nothing_in_the_page_leads_anywhere_else(page: Page) -> None:
    for tag, attributes in page.tags:
        assert "src" not in attributes, tag
        assert (attributes.get("href") or "#").startswith(("#", "data:,")), tag


def test_only_its_own_scripts_may_run(page: Page) -> None:
    policy = next(a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a) or ""
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'" and "connect-src" not in rules
    own = [b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in page.scripts[1:]]
    assert rules["script-src"] == " ".join(f"'sha256-{digest}'" for digest in own)


def test_equal_results_give_equal_files_wherever_they_lie(folder: Path, tmp_path: Path) -> None:
    sweep(tmp_path / "results", plan(networks=(NETWORK, replace(RELATED, name=HOSTILE))), jobs=2)
    assert render_report(report_of(folder)) == render_report(report_of(tmp_path / "results"))


def test_best_designs_are_those_of_the_closing_table(folder: Path, page: Page) -> None:
    with ResultStore.reading(folder) as store:
        found = compare(results_frame(store))
    for best in (best for comparison in found for best in comparison.best):
        assert re.search(rf"{re.escape(number(best.value))}.*?{best.config_id}", page.words, re.DOTALL)


def test_every_design_brings_the_architecture_that_its_config_has(folder: Path, page: Page) -> None:
    data = json.loads(page.scripts[0])
    lines, whole, files = (data["archs"][name] for name in ("lines", "whole", "files"))
    names = [item["name"] for item in data["parameters"]]
    group = data["groups"][0]
    assert len(group["ids"]) == 8 and set(group["types"]) == {"int16", "lightpe1"}
    for pe_type, config_id, clock, given, arch in zip(
        *(group[name] for name in ("types", "ids", "clocks", "parameters", "archs")), strict=True
    ):
        base, *changes = files[arch]
        codes = list(whole[base])
        for place, code in zip(changes[::2], changes[1::2], strict=True):
            codes[place] = code
        # JSON writes 16.0 words a cycle as 16; identities tell them apart.
        whole_numbers = ("rows", "cols", "ifmap_spad_depth", "weights_spad_depth", "psum_spad_depth")
        fields = {n: v if n in whole_numbers else float(v) for n, v in zip(names, given, strict=True)}
        config = config_from_values({"pe_type": pe_type, **fields}, "report")
        assert config.config_id == config_id
        assert "\n".join(lines[code] for code in codes) == arch_yaml(config, clock, "qadam-tl report")


def test_a_sample_has_every_front_of_every_pe_type(folder: Path) -> None:
    axes = [METRICS[name] for name in ("onchip_energy_uj", "area_mm2")]
    with ResultStore.reading(folder) as store:
        results = results_frame(store)
        groups = comparable(select(results, results["network"] == "tiny"))
        (cloud,) = collect_clouds(store, groups, axes, [frozenset()], most=1)
    part = groups[0][1]
    shown = {str(row["config_id"]) for row in cloud.rows}
    assert cloud.total == len(part) == 8
    for name in ("int16", "lightpe1"):
        of_type = select(part, part["pe_type"] == name)
        costs = oriented(values(of_type, axes), [axis.maximize for axis in axes])
        for pair in combinations(range(len(axes)), 2):
            on_front = of_type["config_id"].to_numpy()[pareto_mask(costs[:, pair])]
            assert set(on_front) <= shown
    assert len(shown) < len(part)
    assert np.array_equal(cloud.metrics[:, 0], [row[axes[0].name] for row in cloud.rows])


def test_what_has_no_mapping_is_said_with_its_reason(page: Page) -> None:
    assert "8 designs with a valid mapping, 16 without" in page.words
    assert "glb_kib 1 holds no entry" in page.words and "ifmap_spad needs 3 words, has 2" in page.words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234567.0, "1,235,000"),
        (999.96, "1,000"),
        (0.30222, "0.3022"),
        (4.5e-6, "4.500e-06"),
        (-20.0, "-20"),
    ],
)
def test_numbers_have_four_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_conditions_and_accuracies_are_named(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.csv").write_text(
        "network,pe_type,top1_mean,top1_spread\ntiny,int16,91.25,0.5\ntiny,lightpe1,80,\n"
    )
    chosen = ("--where", 'network == "tiny"', "--accuracy", str(tmp_path / "mine.csv"), "-o", str(tmp_path / "r.html"))
    code, out, err = qadam_tl(capsys, "report", str(folder), *chosen, "--json")
    assert code == 0, err
    assert json.loads(out) == {
        "file": str(tmp_path / "r.html"),
        "bytes": (tmp_path / "r.html").stat().st_size,
        "designs": 24,
        "results": 24,
    }
    page = Page((tmp_path / "r.html").read_text())
    assert 'network == "tiny"' in page.words and "91.25" in page.words and "As given in mine.csv" in page.words
    # Only where it says what the runs were.
    assert page.words.count(HOSTILE) == 1
    assert [axis["name"] for axis in json.loads(page.scripts[0])["axes"]] == [*AXES, "top1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "nowhere"),
        (("results", "--where", "rows > 100"), "no result with a valid mapping meets --where"),
        (("results", "--metric", "speed"), "--metric: unknown metric 'speed'"),
        (("results", "-o", "missing/a.html"), "there is no folder missing"),
    ],
)
def test_every_mistake_is_one_line(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(folder.parent)
    code, out, err = qadam_tl(capsys, "report", *arguments)
    assert (code, out) == (2, ""), err
    assert len(err.splitlines()) == 1 and message in err
