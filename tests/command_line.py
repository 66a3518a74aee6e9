"""The command line in tests: in this process, and as processes of their own that are interrupted."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from qadam_plugin.cli import app

#: Words in front of a command's own that make it a program; `ENTERED` says on standard output when it begins.
PROGRAM = (sys.executable, "-c", "from qadam_plugin.cli.entry import main; main()")
ENTERED = (sys.executable, "-c", "print('begun', flush=True)\nfrom qadam_plugin.cli.entry import main; main()")


def qadam_tl(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    with pytest.raises(SystemExit) as ended:
        app.main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def complaint(capsys: pytest.CaptureFixture[str], out: Path, *arguments: object) -> str:
    """The one line that a command with a mistake says, which leaves nothing in its folder of results."""
    code, said, err = qadam_tl(capsys, *arguments)
    assert (code, said, len(err.splitlines())) == (2, "", 1)
    assert not out.exists()
    return err


def begin(command: tuple[str, ...], folder: Path) -> subprocess.Popen[str]:
    """A process group of its own."""
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_until(begun: Callable[[], bool], running: subprocess.Popen[str], seconds: float = 120) -> None:
    """Wait for a process to be so far."""
    deadline = time.monotonic() + seconds
    while not begun():
        assert time.monotonic() < deadline and running.poll() is None, "it does not get so far"
        time.sleep(0.005)


def interrupt(running: subprocess.Popen[str]) -> str:
    """Ctrl-C as a terminal sends it, to every process of the group; what the command, which ends with 130, says."""
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130 and "Traceback" not in err, err
    assert_group_ends(running.pid)
    return err


def count(path: Path, rows: str) -> int:
    """Rows that a database has so far: ``layers``, or with a condition; none where it cannot be read yet."""
    if not path.exists():
        return 0
    # Not waited for: where it is locked, the next look may see more.
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0)) as connection:
        try:
            return connection.execute(f"SELECT count(*) FROM {rows}").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


def assert_group_ends(group: int) -> None:
    """Wait for every process of a group; whatever stays is ended and named."""
    deadline = time.monotonic() + 20
    while left := members_of_group(group):
        if time.monotonic() > deadline:
            os.killpg(group, signal.SIGKILL)
            pytest.fail(f"still running: {left}")
        time.sleep(0.05)


def members_of_group(group: int) -> list[int]:
    """Processes, zombies left out, of a process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] != "Z":
                found.append(int(entry.name))
    return found
