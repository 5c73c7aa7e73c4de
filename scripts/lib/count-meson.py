#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Turns a meson testlog.json into "ok - …" and "not ok - …" lines, one per test case.

A program that runs many cases says how many: Criterion in its synthesis line, our own table and
scenario runners in "N passed, N failed", TAP programs with their lines. Any other program is one
case. A program that failed without saying which case did is one failed case.
"""
import json
import re
import sys

ANSI = re.compile(r"\x1b\[[0-9;]*m")
CRITERION = re.compile(r"Tested: (\d+) \| Passing: (\d+) \|")
TABLE = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?", re.MULTILINE)
TAP = re.compile(r"^\s*(not ok|ok)\b(.*)$", re.MULTILINE)


def cases(text):
    """(passed, failed, skipped) that the program's output tells, or None."""
    found = CRITERION.findall(text)
    if found:
        passed = sum(int(n) for _, n in found)
        return (passed, sum(int(n) for n, _ in found) - passed, 0)
    found = TABLE.findall(text)
    if found:
        return tuple(int(n or 0) for n in found[-1])
    found = TAP.findall(text)
    if found:
        skipped = sum("# skip" in rest.lower() for _, rest in found)
        bad = sum(word == "not ok" for word, _ in found)
        return (len(found) - bad - skipped, bad, skipped)
    return None


def report(test, label):
    text = ANSI.sub("", (test.get("stdout") or "") + "\n" + (test.get("stderr") or ""))
    result = test["result"]
    name = f"{label}: {test['name'].rsplit(' / ', 1)[-1]}"
    if result == "SKIP":
        print(f"ok - {name} # skip")
        return
    passed, failed, skipped = cases(text) or (0, 0, 0)
    fine = result in ("OK", "EXPECTEDFAIL")
    if passed + failed + skipped == 0:
        passed = 1 if fine else 0
    if not fine and failed == 0:
        failed = 1
    for i in range(passed):
        print(f"ok - {name} {i + 1}")
    for i in range(skipped):
        print(f"ok - {name} skipped {i + 1} # skip")
    for i in range(failed):
        print(f"not ok - {name} ({result}) {i + 1} of {failed} failed")
    if failed:
        for line in [line for line in text.splitlines() if line.strip()][-40:]:
            print(f"# {line}")


def main(path, label):
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            if line.strip():
                report(json.loads(line), label)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
