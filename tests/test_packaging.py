"""Clean installations, as a new user makes them: wheel and editable, used from an empty folder."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SPACE = "pe_type: [int16, lightpe1]\nrows: 4\ncols: 4\nglb_kib: 64\n"

#: Hosts of our plug-ins, which are there when they load one.
HOSTS = {"accelergy"}


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV", "PYTEST_ADDOPTS")}
    return subprocess.run(
        [str(c) for c in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=600
    )


@pytest.fixture(scope="module", params=["wheel", "editable"])
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an environment with nothing but what `pip install` of the checkout brings."""
    home = tmp_path_factory.mktemp(request.param)
    venv.create(home / "env", with_pip=True)
    source = ["-e", ROOT] if request.param == "editable" else [ROOT]
    done = run(home / "env/bin/python", "-m", "pip", "install", "--quiet", *source, cwd=home)
    assert done.returncode == 0, done.stderr
    return home


def test_every_package_that_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [
        *project["dependencies"],
        *(item for extra in project["optional-dependencies"].values() for item in extra),
    ]
    known = {name(re.split(r"[^\w.-]", item)[0]) for item in declared}
    providers = packages_distributions()
    found = {package for file in ROOT.glob("*qadam*/**/*.py") for package in imported(file)}
    found -= {*sys.stdlib_module_names, *HOSTS, "qadam_plugin"}
    missing = {item for item in found if not known & set(map(name, providers.get(item, [item])))}
    assert {"numpy", "yaml", "onnx", "hwcomponents"} <= found and not missing


def imported(file: Path) -> set[str]:
    """Top-level packages that a module imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    plain = {item.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for item in node.names}
    return plain | {
        node.module.split(".")[0]
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module
    }


def name(distribution: str) -> str:
    """Name of a distribution as indices compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


@pytest.mark.slow
def test_sweep_runs_from_an_empty_folder_after_pip_install(installation: Path, tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text(SPACE)
    done = run(installation / "env/bin/qadam-tl", "sweep", "space.yaml", "--jobs", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    produced = {p.name for p in (tmp_path / "qadam-results").iterdir()}
    assert {"results.csv", "results.parquet", "layers.parquet", "pareto.csv", "pareto.png", "pareto.svg"} <= produced


@pytest.mark.slow
def test_shipped_networks_and_arch_specs_are_found_after_pip_install(installation: Path, tmp_path: Path) -> None:
    listed = run(installation / "env/bin/qadam-tl", "networks", "--json", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert '"resnet20-cifar10"' in listed.stdout
    where = run(
        installation / "env/bin/python",
        "-c",
        "from qadam_plugin.paths import data_dir; print(*[p for d in ('arch_specs', 'estimator_tables', 'problems')"
        " for p in data_dir(d).iterdir()], sep='\\n')",
        cwd=tmp_path,
    )
    assert where.returncode == 0, where.stderr
    assert "eyeriss" in where.stdout and "mac" in where.stdout


@pytest.mark.slow
def test_wheel_lays_no_data_folder_at_the_top_of_site_packages(tmp_path: Path) -> None:
    done = run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path, ROOT, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    top = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {t for t in top if not t.endswith((".dist-info", ".data"))} == {"qadam_plugin", "hwcomponents_qadam"}
