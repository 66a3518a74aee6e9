"""The YAML dialect of Timeloop's problem files: plain YAML, one include at the top, and the deep merge key ``<<<``.

The public exercises write ``{{include_text('../problem_base.yaml')}}`` and ``<<<: *problem_base``; that much of their
templating is understood here, anything more is refused.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..userfile import describe, parse_yaml, read_text

_INCLUDE = re.compile(r"""^\{\{\s*include_text\(\s*(['"])(?P<path>[^'"]+)\1\s*\)\s*\}\}\s*$""", re.MULTILINE)


def load_problem_section(path: str | Path) -> dict[str, Any]:
    """The ``problem`` mapping of a file, includes and merges resolved.

    Raises
    ------
    InputError : the file or an included one cannot be read, is not YAML, uses other templates, or has no problem.
    """
    text = _with_includes(read_text(path), Path(path))
    data = parse_yaml(text, path)
    if not isinstance(data, dict) or "problem" not in data:
        raise InputError(path, "problem", "is missing: a Timeloop v0.4 problem is wanted")
    problem = _merged(data["problem"])
    if not isinstance(problem, dict):
        raise InputError(path, "problem", f"a mapping is wanted, not {describe(problem)}")
    return problem


def _with_includes(text: str, path: Path) -> str:
    def included(match: re.Match[str]) -> str:
        part = read_text(path.parent / match["path"])
        if "{{" in part:
            raise InputError(path.parent / match["path"], "", "an included file must not contain templates itself")
        return part

    text = _INCLUDE.sub(included, text)
    if "{{" in text or "{%" in text:
        raise InputError(path, "", "contains jinja templates other than include_text('FILE'): render them first")
    return text


def _merged(node: Any) -> Any:
    """Resolve ``<<<``: what it names lies below what is written beside it, mapping by mapping."""
    if isinstance(node, list):
        return [_merged(item) for item in node]
    if not isinstance(node, dict):
        return node
    own = {key: _merged(value) for key, value in node.items() if key != "<<<"}
    bases = node.get("<<<", [])
    for base in bases if isinstance(bases, list) else [bases]:
        own = _over(own, _merged(base))
    return own


def _over(top: Any, base: Any) -> Any:
    if not isinstance(top, dict) or not isinstance(base, dict):
        return top
    merged = copy.deepcopy(base)
    for key, value in top.items():
        merged[key] = _over(value, base[key]) if key in base else value
    return merged
