#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every verb of cgnatctl against the schema of its answer, on the box as it runs.

usage: _schema.py LAB   (scripts/lab)
"""
import datetime
import json
import subprocess
import sys

import jsonschema

LAB = sys.argv[1]
A1 = "100.64.0.10"
FAILED = False

# What a verb needs to be asked; the order of the verbs that change something. "{capture}": the
# number that capture start has answered, "{outside}": the outside end of a flow.
WORDS = {
    "tenant": ["a"],
    "alarms": ["--all"],
    "subscriber": ["a", A1],
    "trace port": ["transport={outside}/udp"],
    "trace at": ["transport={outside}/udp", "at={now}"],
    "trace subscriber": ["a", A1],
    "deterministic port": ["outside=203.0.113.32:5000"],
    "deterministic subscriber": ["b", A1],
    "explain": ["tenant=a", f"from={A1}:5000", "to=192.0.2.1:53/udp"],
    "map add": ["a", "tcp", f"{A1}:4443", "{address}:4443"],
    "map delete": ["a", "tcp", f"{A1}:4443"],
    "map clear": ["b"],
    "drain pool": ["{address}"],
    "drain tenant": ["b"],
    "undrain tenant": ["b"],
    "undrain pool": ["{address}"],
    "subscriber add": ["a", "100.64.0.12", "cust-1"],
    "subscriber move": ["a", "new_address=100.64.0.13", "session=cust-1"],
    "subscriber remove": ["a", "session=cust-1"],
    "capture start": ["a", "seconds=5"],
    "capture stop": ["{capture}"],
    "reload": ["--dry-run"],
}
LAST = ["map add", "explicit", "capture start", "captures", "capture stop", "map delete",
        "map clear", "drain pool", "drain tenant", "drain box", "drains", "undrain box",
        "undrain tenant", "undrain pool", "subscriber add", "subscriber move", "subscriber remove",
        "reload", "events"]


def check(sentence, is_so, why=""):
    global FAILED
    print(f"{'ok' if is_so else 'not ok'} - {sentence}")
    if not is_so:
        FAILED = True
        print("\n".join("# " + line for line in str(why).splitlines()[:15]))


def ctl(*words):
    return subprocess.run([LAB, "ctl", *words], capture_output=True, text=True, check=False)


def validate(verb, schema, places):
    words = [word.format(**places) for word in WORDS.get(verb, [])]
    run = ctl("--json", *verb.split(), *words)
    try:
        answer = json.loads(run.stdout)
        jsonschema.validate(answer, schema, cls=jsonschema.Draft7Validator)
    except (json.JSONDecodeError, jsonschema.ValidationError) as error:
        check(f"{verb} answers as its schema says", False, f"{run.stderr}{error}")
        return {}
    check(f"{verb} answers as its schema says", run.returncode == 0, run.stderr)
    if schema["type"] == "array":
        check(f"{verb} has rows, so that something was looked at", len(answer) > 0)
    return answer


def main():
    schemas = json.loads(ctl("schema").stdout)
    for schema in schemas.values():
        jsonschema.Draft7Validator.check_schema(schema)
    flows = json.loads(ctl("--json", "mappings", "a", f"subscriber={A1}", "proto=udp").stdout)
    outside = flows[0]["outside"]
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
    places = {"outside": outside, "address": outside.split(":")[0], "capture": "0",
              "now": now.replace("+00:00", "Z")}
    for verb in [v for v in schemas if v not in LAST] + LAST:
        answer = validate(verb, schemas[verb], places)
        if verb == "capture start" and answer:
            places["capture"] = str(answer["capture"])
    # The check can fail: an answer with a member that is not declared, and one without.
    info = json.loads(ctl("--json", "info").stdout)
    validator = jsonschema.Draft7Validator(schemas["info"])
    check("a member that is not declared is found",
          not validator.is_valid({**info, "undeclared": 1}))
    check("a member that is missing is found",
          not validator.is_valid({k: v for k, v in info.items() if k != "pid"}))
    check("a number that is a text is found", not validator.is_valid({**info, "uptime_s": "x"}))


main()
sys.exit(FAILED)
