"""Accelergy's config file: our folder put in, found, and taken out again, by edits of the text.

Comments, order and everybody else's entries stay as they are. An edit is only made if the file then means what it meant
before plus our entry, and if taking the entry out gives the same text again, byte by byte.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..userfile import describe, parse_mapping, read_text

KEY = "estimator_plug_ins"

#: Folder that Accelergy is pointed to. Entries that end so are ours, whichever installation wrote them.
PLUGIN_FOLDER = Path(__file__).resolve().parent / "accelergy"
_OURS = "qadam_plugin/estimators/accelergy"

#: Marks a key, or a whole file, that only stands there for our entry.
_MARK = "# by qadam-tl plugin install"

_KEY_LINE = re.compile(rf"{KEY}:(?P<rest>[^\n\r]*)(?P<end>\r?\n|$)")
_ITEM = re.compile(r"(?P<lead>\s*-\s+)(?P<value>[^\r\n]*?)\s*(?:\s#.*)?(?:\r?\n)?$")


def config_file() -> Path | None:
    """Config file that `accelergy` reads when started here; None if there is none yet."""
    home = Path.home() / ".config" / "accelergy"
    for folder in (Path.cwd(), home):
        path = folder / "accelergy_config.yaml"
        if path.exists():
            return path
    return None


def entries(text: str, source: object) -> tuple[str, ...]:
    """Folders and files that the config file names as estimator plug-ins.

    Raises
    ------
    InputError : not Accelergy's config file.
    """
    found = parse_mapping(text, source).get(KEY)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise InputError(source, KEY, f"a list of folders is wanted, not {describe(found)}")
    for index, item in enumerate(found):
        if not isinstance(item, str):
            raise InputError(source, f"{KEY}[{index}]", f"a folder is wanted, not {describe(item)}")
    return tuple(found)


def is_ours(entry: str) -> bool:
    """Whether an entry was made by `qadam-tl plugin install`, of this or another installation."""
    return entry.replace("\\", "/").rstrip("/").endswith(_OURS)


def with_entry(text: str, folder: str, source: object) -> str:
    """The text with our folder as the first estimator plug-in; entries of other installations of ours are replaced.

    Raises
    ------
    InputError : the list is written in a way that cannot be edited safely; the message says what to add by hand.
    """
    clean = without_entry(text, source)
    line = json.dumps(folder)
    match = re.search(rf"^{_KEY_LINE.pattern}", clean, re.MULTILINE)
    if match is None:
        head = re.match(r"(?:%[^\n]*\n)*---[^\n]*\n", clean)
        place = head.end() if head else 0
        edited = f"{clean[:place]}{KEY}:  {_MARK}\n- {line}\n{clean[place:]}"
    elif (rest := match["rest"].strip()).startswith("["):
        place = match.start("rest") + match["rest"].index("[") + 1
        comma = "" if rest[1:].lstrip().startswith("]") else ", "
        edited = f"{clean[:place]}{line}{comma}{clean[place:]}"
    else:
        after = clean[match.end() :]
        first = re.match(r"(?:[ \t]*#[^\n]*\n|[ \t]*\r?\n)*([ \t]*)- ", after)
        indent = first[1] if first else ""
        edited = f"{clean[: match.end()]}{indent}- {line}{match['end']}{after}"
    _check(clean, edited, folder, source)
    return edited


def without_entry(text: str, source: object) -> str:
    """The text without any entry of ours, as it was before `with_entry`.

    Raises
    ------
    InputError : an entry of ours is written in a way that cannot be taken out safely.
    """
    kept = []
    for line in text.splitlines(keepends=True):
        item = _ITEM.match(line)
        if item and is_ours(_plain(item["value"])):
            continue
        match = _KEY_LINE.match(line)
        if match and match["rest"].strip().startswith("["):
            line = re.sub(r'"([^"\n]*)"(, )?', lambda each: "" if is_ours(each[1]) else each[0], line)
        kept.append(line)
    cleaned = "".join(kept)
    if not entries(cleaned, source):
        cleaned = re.sub(rf"^{KEY}:[ \t]*{re.escape(_MARK)}\r?\n", "", cleaned, flags=re.MULTILINE)
    if any(is_ours(entry) for entry in entries(cleaned, source)):
        raise InputError(source, KEY, f"take the entry that ends with {_OURS} out by hand: it cannot be edited safely")
    return cleaned


def new_text(default_folder: str, folder: str) -> str:
    """A config file where there is none: Accelergy's own defaults, and our entry.

    Parameters
    ----------
    default_folder : ``share/accelergy`` of the environment that Accelergy is installed in.
    """
    content = {
        "version": "0.4",
        KEY: [folder, f"{default_folder}/estimation_plug_ins"],
        "primitive_components": [f"{default_folder}/primitive_component_libs"],
        "compound_components": [],
        "math_functions": [],
        "python_plug_ins": [],
        "table_plug_ins": {"roots": [f"{default_folder}/table_plug_ins"]},
    }
    # Each value is JSON, which is YAML as well.
    return f"{_MARK}\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in content.items())


def is_only_ours(text: str) -> bool:
    """Whether the whole file stands there because of us."""
    return text.startswith(_MARK + "\n")


def write(path: Path, text: str) -> None:
    """Replace a file's content in one step, through a symbolic link if it is one.

    Raises
    ------
    InputError : it cannot be written.
    """
    target = path.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            Path(name).chmod(mode)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(path, "", f"cannot be written: {error.strerror}") from None


def read(path: Path) -> str:
    """Text of a config file, line ends as they are.

    Raises
    ------
    InputError : it cannot be read.
    """
    read_text(path)  # the messages of every other file of ours
    return path.read_bytes().decode("utf-8")


def _plain(value: str) -> str:
    return value.strip().strip("\"'")


def _check(before: str, after: str, folder: str, source: object) -> None:
    """Raise InputError unless the edit adds our entry, changes nothing else, and can be undone."""
    by_hand = f"cannot be edited safely; add this to it by hand: {json.dumps(folder)}"
    try:
        old, new = parse_mapping(before, source), parse_mapping(after, source)
        undone = without_entry(after, source)
    except InputError:
        raise InputError(source, KEY, by_hand) from None
    expected: dict[str, Any] = {**old, KEY: [folder, *entries(before, source)]}
    if new != expected or undone != before:
        raise InputError(source, KEY, by_hand)
