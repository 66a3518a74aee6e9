"""Closing lines of a CI run: how many tests ran, failed and were skipped, and why they were skipped."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter


def main(reports: list[str]) -> int:
    """Print the sums over JUnit reports; exit code 1 if a test failed or none ran."""
    passed = failed = 0
    skipped: Counter[str] = Counter()
    for report in reports:
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            skip = case.find("skipped")
            if skip is not None:
                skipped[(skip.get("message") or "no reason given").splitlines()[0]] += 1
            elif case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            else:
                passed += 1
    for reason, count in sorted(skipped.items()):
        print(f"skipped {count}: {reason}")
    print(f"{passed} passed, {failed} failed, {sum(skipped.values())} skipped")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
