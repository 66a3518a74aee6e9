"""Replay mappings that Timeloop evaluated and count those whose every figure comes out the same.

    python benchmarks/replay_timeloop.py FILE...

Each FILE is a corpus of evaluated mappings (JSON lines, gzip or not) or of mapper references; its schema is found from
its content. Of cases with several elements in a word, which an older Timeloop evaluated, the packing is compared with
the counts before it, networks left out; and the whole case, its Outputs' fills converted, unless reads were gated or
the older rule of steps makes a difference. The last line is ``exact: N of M``; the exit code is 0 only if all are
exact.
"""

from __future__ import annotations

import sys
from pathlib import Path

from qadam_plugin.errors import QadamError
from qadam_plugin.mapping.corpus import read_cases, replay

_SHOWN_CASES = 10
_SHOWN_LINES = 5


def main(files: list[str]) -> int:
    """Replay every file; the exit code."""
    if not files:
        print(__doc__, file=sys.stderr)
        return 2
    exact = total = 0
    try:
        for file in files:
            for case in read_cases(Path(file)):
                total += 1
                wrong = replay(case)
                if not wrong:
                    exact += 1
                elif total - exact <= _SHOWN_CASES:
                    print(f"{case.id} ({file}), ours and Timeloop's:")
                    for line in wrong[:_SHOWN_LINES]:
                        print(f"    {line}")
                    if len(wrong) > _SHOWN_LINES:
                        print(f"    ... {len(wrong)} differences in all")
    except QadamError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"exact: {exact} of {total}")
    return 0 if exact == total else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
