"""The state of this installation and of the tools around it, one finding each, with what to do about it."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from dataclasses import asdict, dataclass

from .. import __version__
from ..engines.registry import DEFAULT_ENGINE, make_engine
from ..engines.timeloop_tools import PYTHON_VARIABLE, find_toolchain
from ..errors import InputError, QadamError
from ..hardware.pe_types import PE_TYPES
from ..ppa.components import compute_unit
from ..ppa.library import load_library
from . import discovery
from .probe import ask_accelergy

#: Accelergy's name for our plug-in, as `accelergy_plugin.NAME`, which only loads where Accelergy is.
_PLUGIN = "qadam-tl"

_PROBED_PE = "lightpe1"

_ACCELERGY_SOURCE = "https://github.com/Accelergy-Project/accelergy"
_TIMELOOP_SOURCE = "https://github.com/Accelergy-Project/accelergy-timeloop-infrastructure"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes
    ----------
    name : what was looked at. found : what there is.
    state : ``ok``; ``missing``, which the chosen engine does without; or ``failed``, which it cannot do without.
    remedy : what to do about it; empty where nothing is to do.
    """

    name: str
    state: str
    found: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


def checkup(engine: str | None = None) -> tuple[Check, ...]:
    """All findings; the chosen engine can run if none has failed.

    Raises
    ------
    InputError : no such engine.
    """
    chosen = engine or DEFAULT_ENGINE
    return (_python(), _models(), _engine(chosen), *_accelergy(), _timeloop(), _hwcomponents())


def _python() -> Check:
    return Check("Python", "ok", f"{platform.python_version()} at {sys.executable}, qadam-tl {__version__}")


def _models() -> Check:
    try:
        library = load_library()
    except QadamError as error:
        return Check("models", "failed", str(error), "reinstall qadam-tl")
    return Check("models", "ok", f"{len(library.records())} fitted models, digest {library.digest}")


def _engine(name: str) -> Check:
    try:
        engine = make_engine(name)
    except InputError:
        raise
    except QadamError as error:
        return Check(f"engine {name}", "failed", str(error), "see 'Timeloop' below")
    return Check(f"engine {name}", "ok", f"can run, {engine.fingerprint[:12]}")


def _accelergy() -> tuple[Check, ...]:
    """Accelergy itself, its config file, and whose estimate it gives."""
    try:
        seen = discovery.status()
    except InputError as error:
        return (
            Check("Accelergy's config", "missing", str(error), "correct the file, or delete it: it is written anew"),
        )
    probe = ask_accelergy()
    if probe.program is None:
        return (Check("Accelergy", "missing", probe.reason, f"pip install git+{_ACCELERGY_SOURCE}"),)
    config = probe.config or (str(seen.config) if seen.config else "written by the first run")
    found = [Check("Accelergy", "ok", probe.program), Check("Accelergy's config", "ok", config)]
    if seen.missing:
        gone = ", ".join(seen.missing)
        found[1] = Check("Accelergy's config", "ok", f"{config}; gone: {gone}", "delete these lines, or the file")
    expected = compute_unit(load_library(), PE_TYPES[_PROBED_PE]).energy_pj["compute"]
    if probe.estimator != _PLUGIN or probe.energy_pj is None:
        why = f"{probe.estimator} answered" if probe.estimator else probe.reason
        remedy = "qadam-tl plugin install" if not seen.visible else "install qadam-tl where Accelergy is installed"
        return (*found, Check("plug-in", "missing", why, remedy))
    if abs(probe.energy_pj - expected) > 1e-9 * expected:
        said = f"{_PROBED_PE}_mac costs {probe.energy_pj!r} pJ there, {expected!r} pJ here"
        return (*found, Check("plug-in", "missing", said, "two versions of qadam-tl: update the one beside Accelergy"))
    return (
        *found,
        Check("plug-in", "ok", f"{_PROBED_PE}_mac: {probe.energy_pj:.4g} pJ, answered by {probe.estimator}"),
    )


def _timeloop() -> Check:
    try:
        toolchain = find_toolchain(None)
    except QadamError as error:
        remedy = (
            f"build it from {_TIMELOOP_SOURCE}; if it is there, put its programs into PATH, or set {PYTHON_VARIABLE}"
        )
        return Check("Timeloop", "missing", str(error), remedy)
    return Check("Timeloop", "ok", f"{toolchain.front_end} of {toolchain.python}, {toolchain.digest[:12]}")


def _hwcomponents() -> Check:
    try:
        version = importlib.metadata.version("hwcomponents")
    except importlib.metadata.PackageNotFoundError:
        remedy = 'pip install "qadam-tl[hwcomponents]"' if sys.version_info >= (3, 12) else "needs Python 3.12 or later"
        return Check("hwcomponents", "missing", "not in this environment", remedy)
    return Check("hwcomponents", "ok", f"{version}; `hwc --list` shows our components")
