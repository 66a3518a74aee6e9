"""Whether Accelergy finds our plug-in, and making it do so."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import RunError
from . import config_file

_SPECIFICATION = "qadam.estimator.yaml"


@dataclass(frozen=True, slots=True)
class Status:
    """What Accelergy would find.

    Attributes
    ----------
    config : the config file in force; None where Accelergy has written none yet.
    found : plug-in folders of ours that it leads to, each once.
    missing : entries that do not exist, of other plug-ins too: usually an environment that is gone.
    shared : folder that Accelergy of this environment would search without a config file; None without Accelergy here.
    """

    config: Path | None
    found: tuple[Path, ...]
    missing: tuple[str, ...]
    shared: Path | None

    @property
    def visible(self) -> bool:
        """Whether Accelergy finds the plug-in."""
        return bool(self.found)


def status() -> Status:
    """What Accelergy started in this folder would find.

    Raises
    ------
    InputError : the config file cannot be read.
    """
    path = config_file.config_file()
    share = _accelergy_share()
    shared = None if share is None else share / "estimation_plug_ins"
    if path is None:
        places = [] if shared is None else [str(shared)]
    else:
        places = list(config_file.entries(config_file.read(path), path))
    found = dict.fromkeys(folder for place in places for folder in _ours_below(Path(place)))
    missing = tuple(place for place in places if not Path(place).exists())
    return Status(path, tuple(found), missing if path is not None else (), shared)


def install() -> tuple[Status, str]:
    """Make Accelergy find the plug-in: status afterwards, and what was done, in a sentence.

    Raises
    ------
    InputError : the config file cannot be read, edited safely or written.
    RunError : there is neither a config file nor Accelergy in this environment.
    """
    before = status()
    folder = str(config_file.PLUGIN_FOLDER)
    if before.visible and not _stale(before):
        return before, f"Accelergy finds the plug-in already, in {before.found[0]}: nothing was changed."
    if before.config is not None:
        text = config_file.read(before.config)
        config_file.write(before.config, config_file.with_entry(text, folder, before.config))
        return status(), f"{before.config} now names {folder}."
    share = _accelergy_share()
    if share is None:
        raise RunError(
            "Accelergy has no config file yet, and it is not installed in this environment: run `accelergy` once, "
            "which writes one, then this again"
        )
    path = Path.home() / ".config" / "accelergy" / "accelergy_config.yaml"
    config_file.write(path, config_file.new_text(str(share), folder))
    return status(), f"{path} was written: Accelergy's defaults, and {folder}."


def uninstall() -> tuple[Status, str]:
    """Undo `install`, wherever it was run from: status afterwards, and what was done, in a sentence.

    Raises
    ------
    InputError : the config file cannot be read, edited safely or written.
    """
    path = config_file.config_file()
    if path is None:
        return status(), "Accelergy has no config file: nothing was changed."
    text = config_file.read(path)
    edited = config_file.without_entry(text, path)
    if edited == text:
        return status(), f"{path} has no entry of ours: nothing was changed."
    if config_file.is_only_ours(text):
        path.unlink()
        return status(), f"{path}, written by `qadam-tl plugin install`, was deleted."
    config_file.write(path, edited)
    return status(), f"{path} is as it was without the plug-in."


def _stale(found: Status) -> bool:
    """Whether the config file has entries of ours that lead nowhere."""
    return any(config_file.is_ours(entry) for entry in found.missing)


def _ours_below(place: Path) -> list[Path]:
    """Folders with our plug-in's specification at or below a place, as Accelergy walks it."""
    if place.is_file():
        return [place.parent] if place.name == _SPECIFICATION else []
    return [Path(folder) for folder, _, files in os.walk(place) if _SPECIFICATION in files]


def _accelergy_share() -> Path | None:
    """``share/accelergy`` of the Accelergy in this environment, as it works it out for its default config."""
    try:
        found = importlib.util.find_spec("accelergy")
    except (ImportError, ValueError):
        return None
    if found is None or found.origin is None:
        return None
    return Path(found.origin).resolve().parents[4] / "share" / "accelergy"
