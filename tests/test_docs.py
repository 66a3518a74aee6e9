"""The documentation: pages written from the code are current, links lead somewhere, commands shown exist."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from qadam_plugin.cli.app import build_app

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_a_page_per_command_says_what_its_help_says() -> None:
    spec = importlib.util.spec_from_file_location("write_commands", ROOT / "docs" / "write_commands.py")
    assert spec is not None and spec.loader is not None
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    written = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "commands").glob("*.md")}
    assert written == writer.pages(), "run python docs/write_commands.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def _commands(page: Path) -> Iterator[list[str]]:
    """Words of every qadam-tl line of a page's code blocks, and of such words within its text."""
    text = page.read_text(encoding="utf-8")
    indented = re.findall(r"^ {4}(?:\$ )?qadam-tl ([^\n#|>]*)", text, re.MULTILINE)
    quoted = re.findall(r"`qadam-tl ([^`|>]*)`", text)
    for line in (*indented, *quoted):
        yield re.sub(r"'[^']*'|\"[^\"]*\"", "TEXT", line.replace("\\\n", " ")).split()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_are_shown_exist_with_their_options(page: Path) -> None:
    root = typer.main.get_command(build_app())
    wrong = []
    for words in _commands(page):
        command = root
        for word in words:
            below = getattr(command, "commands", {})
            if word in below:
                command = below[word]
            elif below and not word.startswith(("-", ".", "[")) and command is root:
                wrong.append(word)
        known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        wrong += [
            word for word in words if re.match(r"--[a-z]", word) and word.rstrip(",.;)") not in known | {"--help"}
        ]
    assert wrong == []
