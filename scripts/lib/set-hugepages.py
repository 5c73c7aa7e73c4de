#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sets memory.hugepages to true in the appliance file named, keeping everything else as it is."""
import re
import sys


def main(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    after, found = re.subn(r"\bhugepages:[ \t]*\w+", "hugepages: true", text)
    if not found:
        after, found = re.subn(r"^memory:[ \t]*\{", "memory: {hugepages: true, ", text, flags=re.M)
    if not found:
        after, found = re.subn(r"^memory:[ \t]*(#.*)?$", "memory:\n  hugepages: true", text,
                               flags=re.M)
    if not found:
        after = text + "memory: {hugepages: true}\n"
    with open(path, "w", encoding="utf-8") as file:
        file.write(after)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: set-hugepages.py FILE")
    main(sys.argv[1])
