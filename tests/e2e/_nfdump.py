# SPDX-License-Identifier: BSD-3-Clause
"""nfdump -o raw | _nfdump.py EVENT INSIDE PORT VRF: "outside address:port" of the records of that NAT
event and inside end, one a line. VRF tells tenants apart.
"""
import re
import sys


def records(text):
    for part in text.split("Flow Record:")[1:]:
        yield {name.strip(): value.split()[0] for name, value in re.findall(r"^(.*?)=\s+(\S.*)$", part, re.M)}


def main():
    event, inside, port, vrf = sys.argv[1:]
    for r in records(sys.stdin.read()):
        if (r.get("nat event", "").rstrip(":"), r.get("src addr"), r.get("src port", "0"),
                r.get("ingress VRF")) == (event, inside, port, vrf):
            print(r["src xlt ip"] + ":" + r.get("src xlt port", "0"))


main()
