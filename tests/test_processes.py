"""Worker processes: nothing is said after the last line of a command that Ctrl-C has ended."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: Ends as Ctrl-C may end it: one semaphore is gone and not noted, one is neither.
PROGRAM = """
import multiprocessing, os
from multiprocessing import resource_tracker
from qadam_plugin.processes import spawning

context = {context}
resource_tracker.register("/qadam-tl-is-gone", "semaphore")
left = context.Semaphore()
os._exit(0)
"""


@pytest.mark.parametrize(
    ("context", "warned"),
    [("spawning()", False), ("multiprocessing.get_context('spawn')", True)],
    ids=["ours", "as Python has it"],
)
def test_semaphores_left_behind_are_cleared_up_without_a_word(context: str, warned: bool) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(context=context)], capture_output=True, text=True, check=True
    )
    assert ("resource_tracker" in ended.stderr) == warned
    assert warned or ended.stderr == ""


def test_warnings_of_this_process_stay_as_they_were() -> None:
    program = "import sys; before = sys.warnoptions[:]; from qadam_plugin.processes import spawning; spawning(); "
    subprocess.run([sys.executable, "-c", program + "assert sys.warnoptions == before"], check=True)
