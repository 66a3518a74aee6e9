"""Closing lines of a CI run: tests per real tool, why tests were skipped, and how many ran, failed and were skipped."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter

#: Property of a test that asks a real tool, written by tests/conftest.py: ``NAME, Python VERSION``.
_TOOL = "real tool"


def main(reports: list[str]) -> int:
    """Print the sums over JUnit reports; exit code 1 if a test failed or none ran."""
    passed = failed = 0
    skipped: Counter[str] = Counter()
    ran_with: Counter[str] = Counter()
    skipped_with: Counter[str] = Counter()
    for report in reports:
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            tools = [str(each.get("value")) for each in case.iter("property") if each.get("name") == _TOOL]
            skip = case.find("skipped")
            (ran_with if skip is None else skipped_with).update(tools)
            if skip is not None:
                skipped[(skip.get("message") or "no reason given").splitlines()[0]] += 1
            elif case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            else:
                passed += 1
    for tool in sorted({*ran_with, *skipped_with}):
        print(f"real {tool}: {ran_with[tool]} tests ran, {skipped_with[tool]} skipped")
    for reason, count in sorted(skipped.items()):
        print(f"skipped: {count} tests: {reason}")
    print(f"{passed} passed, {failed} failed, {sum(skipped.values())} skipped")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
