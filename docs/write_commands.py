"""Writes docs/commands/: a page per command of qadam-tl, from the help that the commands give.

python docs/write_commands.py
"""

from __future__ import annotations

import re
from pathlib import Path

import typer.main

from qadam_plugin.cli.app import build_app

FOLDER = Path(__file__).parent / "commands"


def pages() -> dict[str, str]:
    """Text per file name: one page per command, and an index."""
    root = typer.main.get_command(build_app())
    commands = dict(root.commands)  # pyright: ignore[reportAttributeAccessIssue]
    found = {f"{name}.md": _page(name, command) for name, command in sorted(commands.items())}
    lines = [f"- [{name}]({name}.md): {_summary(command)}" for name, command in sorted(commands.items())]
    found["index.md"] = "# Commands\n\nWritten by `python docs/write_commands.py`.\n\n" + "\n".join(lines) + "\n"
    return found


def _page(name: str, command) -> str:  # type: ignore[no-untyped-def]
    parts = [f"# qadam-tl {name}\n", _text(command.help or "")]
    if getattr(command, "commands", None):
        for below, sub in sorted(command.commands.items()):
            parts += [f"\n## qadam-tl {name} {below}\n", _text(sub.help or ""), _options(sub)]
    else:
        parts.append(_options(command))
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def _summary(command) -> str:  # type: ignore[no-untyped-def]
    return _plain((command.help or "").strip().split("\n\n")[0])


def _plain(text: str) -> str:
    return " ".join(re.sub(r"\[/?(bold|italic|dim)\]", "", text).split())


def _text(text: str) -> str:
    """Help as Markdown: headings for what is bold on a line of its own, code for what is indented."""
    found, code = [], []
    for line in text.strip("\n").split("\n"):
        heading = re.fullmatch(r"\[bold\](.*)\[/bold\]", line.strip())
        if line.startswith("  ") and not heading:
            code.append(f"    {line.strip()}")
            continue
        if line.strip() and code:
            found += [*code, ""]
            code = []
        if heading:
            found.append(f"**{heading[1]}**")
        elif not code:
            found.append(line.replace("\\[", "["))
    return "\n".join([*found, *code]).strip() + "\n"


def _options(command) -> str:  # type: ignore[no-untyped-def]
    rows = []
    for parameter in command.params:
        if parameter.name == "help":
            continue
        names = ", ".join((*parameter.opts, *parameter.secondary_opts))
        flag = getattr(parameter, "is_flag", False)
        if parameter.param_type_name == "argument":
            shown = parameter.metavar or parameter.name.upper()
        else:
            shown = names if flag else f"{names} {parameter.metavar or 'VALUE'}"
        default = "" if flag or parameter.default in (None, [], ()) or parameter.required else _default(parameter)
        text = _plain(getattr(parameter, "help", None) or "")
        rows.append(f"| `{shown.replace('|', '/')}` | {text.replace('|', '/')} | {default} |")
    return "\n".join(["", "| option | | default |", "|---|---|---|", *rows]) if rows else ""


def _default(parameter) -> str:  # type: ignore[no-untyped-def]
    value = parameter.default
    return f"`{', '.join(map(str, value)) if isinstance(value, list | tuple) else value}`"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    wanted = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
