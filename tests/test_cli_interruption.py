"""Ctrl-C ends the process where Python alone would not: in compiled code, in a callback, in a library's hands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

#: The command line with another command in it.
PROGRAM = """
import hashlib, multiprocessing, sys, threading, time, types
from qadam_plugin.cli.entry import main
from qadam_plugin.cli.interruption import summary_at_ctrl_c
from qadam_plugin.processes import interrupt_held

class Library:
    def __del__(self):
        print("begun", flush=True)
        time.sleep(600)

def compute(said):
    # Computes for minutes, and says something meanwhile.
    threading.Timer(0.1, print, [said], {{"flush": True}}).start()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)

def run(argv):
{body}

sys.modules["qadam_plugin.cli.app"] = types.SimpleNamespace(main=run)
main([])
"""

COMPUTES = """
    compute("begun")
"""
CALLED_BACK = """
    Library()
    time.sleep(600)
"""
MADE_ANOTHER_ERROR = """
    try:
        print("begun", flush=True)
        time.sleep(600)
    except KeyboardInterrupt:
        raise RuntimeError("no compiled object yet") from None
"""
FAILED = """
    try:
        print("begun", flush=True)
        time.sleep(600)
    except KeyboardInterrupt:
        sys.exit(1)
"""


def interrupted(body: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command that gets Ctrl-C when it says that it has begun."""
    running = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=body)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    said = running.stdout.readline()
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=120)
    return running.returncode, said + out, err


@pytest.mark.parametrize(
    "body",
    [COMPUTES, CALLED_BACK, MADE_ANOTHER_ERROR, FAILED],
    ids=["computes", "called back", "made another error", "failed"],
)
def test_interrupted_command_ends_with_130_and_one_line(body: str) -> None:
    assert interrupted(body) == (130, "begun\n", "qadam-tl: interrupted\n")


@pytest.mark.parametrize("work", ['compute("begun")', 'print("begun", flush=True); time.sleep(600)'])
def test_interrupted_command_says_what_is_kept_once(work: str) -> None:
    body = f"""
    done = 6
    with summary_at_ctrl_c(lambda: f"{{done}} are kept"):
        done += 1
        {work}
"""
    assert interrupted(body) == (130, "begun\n", "7 are kept\nqadam-tl: interrupted\n")


@pytest.mark.parametrize("body", [COMPUTES, MADE_ANOTHER_ERROR], ids=["computes", "made another error"])
def test_interrupted_command_ends_where_nobody_reads_what_it_says(body: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    running = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=body)], stdout=subprocess.PIPE, stderr=writing, text=True
    )
    os.close(writing)
    assert running.stdout is not None and running.stdout.readline() == "begun\n"
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=60) == 130


def test_what_is_kept_is_not_said_when_all_is_done() -> None:
    body = """
    with summary_at_ctrl_c(lambda: "nothing"):
        pass
    compute("begun")
"""
    assert interrupted(body) == (130, "begun\n", "qadam-tl: interrupted\n")


def test_command_that_ends_well_in_spite_of_ctrl_c_has_ended_well() -> None:
    assert interrupted(FAILED.replace("sys.exit(1)", "sys.exit(0)")) == (0, "begun\n", "")


def test_workers_of_a_command_that_computes_end_with_it() -> None:
    body = """
    worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
    with interrupt_held():
        worker.start()
    compute(worker.pid)
"""
    code, out, err = interrupted(body)
    assert (code, err) == (130, "qadam-tl: interrupted\n")
    for _ in range(100):
        with suppress(ProcessLookupError):
            os.kill(int(out), 0)
            time.sleep(0.1)
            continue
        break
    else:
        pytest.fail("the worker is still there")
