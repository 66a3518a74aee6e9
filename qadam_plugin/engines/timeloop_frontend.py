"""Calls Timeloop's Python front end. Run as a program, by the interpreter that has it: nothing of this package is used.

Standard input is JSON: ``answer``, the file to write the answer to, and ``jobs``, a list of
``{tool, inputs, extra, folder}``: the v0.4 files of a job, files handed to the tool as they are (ERT, ART), and the
job's own folder. Each job's output goes to ``log.txt`` there.

The answer is ``{front_end, digest, reasons, jobs}``: module in use (null if there is none, then why), a digest of its
source, and per job ``{code}`` or ``{error}``.
"""

import sys

# Run as a file, Python puts this folder first: its modules must not stand for others of the same name.
del sys.path[0]

import hashlib  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import pathlib  # noqa: E402
import signal  # noqa: E402
import subprocess  # noqa: E402

FRONT_ENDS = ("pytimeloop.timeloopfe.v4", "timeloopfe.v4")

#: Accelergy writes energies and areas with so many decimals; its own default, 6, is too coarse to compare with.
ACCELERGY_DECIMALS = "15"

ASKED_BY = os.getppid()

_SECONDS_BETWEEN_LOOKS = 1.0


def load_front_end():
    """First front end that can be imported, and why those before it cannot: (module or None, reasons)."""
    reasons = []
    for name in FRONT_ENDS:
        try:
            return importlib.import_module(name), reasons
        except Exception as error:
            reasons.append(f"{name}: {type(error).__name__}: {error}")
    return None, reasons


def source_digest(module):
    """Digest of the front end's v4 and common source files."""
    state = hashlib.sha256()
    package = pathlib.Path(module.__file__).resolve().parent.parent
    for folder in ("v4", "common"):
        for path in sorted((package / folder).rglob("*.py")):
            state.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return state.hexdigest()


def wait_as_long_as_asked(process):
    """Exit code of a tool. When whoever asked for it is gone, the tool and this process are, too."""
    while True:
        try:
            return process.wait(timeout=_SECONDS_BETWEEN_LOOKS)
        except subprocess.TimeoutExpired:
            if os.getppid() != ASKED_BY:
                # This process leads a group of its own, with the tools in it.
                os.killpg(0, signal.SIGKILL)


def run_job(front_end, job):
    """Run one job to its end: {code} of the tool, or {error}."""
    folder, tool = job["folder"], job["tool"]
    try:
        specification = front_end.Specification.from_yaml_files(*job["inputs"])
        call = {
            "timeloop-mapper": front_end.call_mapper,
            "timeloop-model": front_end.call_model,
            "accelergy": front_end.call_accelergy_verbose,
        }[tool]
        options = ["-p", ACCELERGY_DECIMALS] if tool == "accelergy" else []
        with pathlib.Path(folder, "log.txt").open("w", encoding="utf-8") as log:
            process = call(
                specification,
                folder,
                extra_input_files=job["extra"],
                log_to=log,
                extra_args=options,
                return_proc=True,
            )
            return {"code": wait_as_long_as_asked(process)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    """Do what standard input asks for."""
    request = json.load(sys.stdin)
    front_end, reasons = load_front_end()
    answer = {"front_end": None, "digest": "", "reasons": reasons, "jobs": []}
    if front_end is not None:
        answer["front_end"], answer["digest"] = front_end.__name__, source_digest(front_end)
        answer["jobs"] = [run_job(front_end, job) for job in request["jobs"]]
    pathlib.Path(request["answer"]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
