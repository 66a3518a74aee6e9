"""Running Timeloop's front end in its interpreter: one process for a list of jobs, each with a folder of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import RunError

_PROGRAM = Path(__file__).resolve().with_name("timeloop_frontend.py")

#: Start of an error line: Timeloop's ``ERROR: ``, and Accelergy's, behind date and time.
_ERROR = re.compile(r"(?:[-\d: ]+ )?ERROR:?\s+")

#: Characters of a line that a message shows: Accelergy's name every attribute of a component.
_LINE = 160


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a tool.

    Attributes
    ----------
    tool : ``timeloop-mapper``, ``timeloop-model`` or ``accelergy``.
    folder : the job's own; it exists, and nothing else works there.
    inputs : v0.4 files that the front end reads.
    extra : files that the tool is given as they are.
    """

    tool: str
    folder: Path
    inputs: tuple[Path, ...]
    extra: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the front end said.

    Attributes
    ----------
    front_end, digest : its module and a digest of its source; None and empty where there is none.
    reasons : why front ends could not be imported.
    failures : per job the front end's error or the tool's exit code in words; empty where there was none, which is no
        promise of a result: Timeloop ends with 0 on most failures.
    """

    front_end: str | None
    digest: str
    reasons: tuple[str, ...]
    failures: tuple[str, ...]


def call_front_end(python: str, jobs: Sequence[Job], limit_s: float, path: str | None = None) -> Answer:
    """Run jobs one after the other in another interpreter.

    Ctrl-C does not reach the tools, which would end early with what they have: the caller is interrupted, and ends
    them.

    Parameters
    ----------
    limit_s : seconds for all of them together.
    path : PATH of the tools; left out, this process's.

    Raises
    ------
    RunError : the interpreter cannot be run, or the time is over.
    """
    with tempfile.TemporaryDirectory(prefix="qadam-timeloop-") as scratch:
        answer = Path(scratch) / "answer.json"
        request = {
            "answer": str(answer),
            "jobs": [
                {
                    "tool": job.tool,
                    "folder": str(job.folder),
                    "inputs": [str(item) for item in job.inputs],
                    "extra": [str(item) for item in job.extra],
                }
                for job in jobs
            ],
        }
        environment = dict(os.environ) if path is None else {**os.environ, "PATH": path}
        said = _run([python, str(_PROGRAM)], json.dumps(request), scratch, environment, limit_s)
        if not answer.is_file():
            last = said.strip().splitlines()[-1:] or ["no message"]
            raise RunError(f"{python} could not run Timeloop's front end: {last[0]}")
        data = json.loads(answer.read_text(encoding="utf-8"))
    return Answer(
        data["front_end"], data["digest"], tuple(data["reasons"]), tuple(_failure(done) for done in data["jobs"])
    )


def _run(command: list[str], request: str, folder: str, environment: Mapping[str, str], limit_s: float) -> str:
    """Run a command in a process group of its own, which is gone when this returns; what it printed."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise RunError(f"{command[0]} cannot be run: {error.strerror}") from None
    try:
        return process.communicate(request, timeout=limit_s)[0]
    except subprocess.TimeoutExpired:
        raise RunError(f"Timeloop was not done after {limit_s:g} s (limit_s of its settings)") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _failure(done: Mapping[str, object]) -> str:
    if "error" in done:
        return " ".join(str(done["error"]).split())
    return f"exit code {done['code']}" if done["code"] else ""


def complaint(log: str) -> str:
    """What went wrong, in one line, from a tool's output: its error lines, or its last ones if it calls none so."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [_ERROR.sub("", line) for line in lines if _ERROR.match(line)]
    # Accelergy frames its errors, and adds every plug-in's log: the sentences are what is left.
    said = [line for line in errors if line[:1] not in ("|", ".", "=")][:2] or lines[-3:]
    return " | ".join(line if len(line) <= _LINE else f"{line[:_LINE]}..." for line in said) or "it printed nothing"
