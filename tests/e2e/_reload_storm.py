#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""_reload_storm.py CTL SOCKET CONFIG PID RELOADS SECONDS: reloads of tenant a one after another, right
and wrong ones at random, until there were RELOADS or SECONDS are over. Every tenth comes by SIGHUP.
After each wrong one what the box says of itself is what it said before. Prints how many of each, and
the daemon's memory after a fifth of them and at the end; exit status 1 when something was otherwise.
"""
import json
import os
import random
import signal
import subprocess
import sys
import time

ctl, telemetry, config, pid = sys.argv[1:5]
n_reloads, seconds, pid = int(sys.argv[5]), int(sys.argv[6]), int(pid)
seed = int(os.environ.get("CGN_SEED", time.time()))
rng = random.Random(seed)
path = f"{config}/tenants/a.yaml"
with open(path, encoding="utf-8") as file:
    plain = file.read()
WRONG = (
    ("pool: [", "YAML: "),
    ("nonsense: 1", "nonsense"),
    ("drain: [198.51.100.0/25]", "drain-pool"),
    ("quota: {subscriber: {udp: many}}", "quota.subscriber.udp"),
    ("routes: [{prefix: 10.0.0.0/8, via: 192.0.2.77}]", "via-off-link"),
    ("ports: {block_size: 65}", "block-aligned"),
)
# Ports that nobody has had before take memory when they are first leased; a configuration has 10 KiB.
GROWN_KIB, GROWN_KIB_EACH = 512, 2
count = {"applied": 0, "unchanged": 0, "bad": 0, "sighup": 0}


def ask(*words):
    done = subprocess.run([ctl, "--socket", telemetry, "--json", *words], capture_output=True, text=True,
                          check=False)
    if not done.stdout:
        fail(f"{words}: {done.stderr}")
    return json.loads(done.stdout)


def fail(what):
    sys.exit(f"seed {seed}, after {count}: {what}")


def write(lines):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(plain + lines)
    os.replace(path + ".new", path)


def right():
    """Nothing that takes numbers for good (docs/operations.md): quotas, blocks, drain, a forward."""
    lines = [f"quota: {{subscriber: {{udp: {rng.randint(100, 4000)}}}}}"]
    if rng.random() < 0.5:
        lines.append(f"ports: {{block_size: {64 * rng.randint(1, 8)}}}")
    if rng.random() < 0.5:
        lines.append(f"drain: [203.0.113.{rng.randint(16, 31)}/32]")
    if rng.random() < 0.5:
        lines.append("static: [{protocol: udp, inside: 100.64.7.7, inside_port: 7, outside: "
                     f"203.0.113.30, outside_port: {rng.randint(7000, 7999)}}}]")
    return "\n".join(lines) + "\n"


def state():
    """What a reload could change and traffic that goes on does not."""
    info = ask("info")
    return {"tenant a": ask("tenant", "a"), "tenant b": ask("tenant", "b"), "explicit": ask("explicit"),
            "reloads": info["reloads"], "tenants": info["tenants"], "subscribers": info["subscribers"],
            "pools": [(p["address"], p["state"]) for p in ask("pools", "a") + ask("pools", "b")]}


def steady(said):
    """Without what traffic counts, and without clocks."""
    moves = ("packets", "bytes", "made", "refused", "expired", "peak", "mappings", "blocks", "tcp", "udp",
             "icmp", "used", "seconds", "at_limit", "explicit")
    if isinstance(said, dict):
        return {k: steady(v) for k, v in said.items()
                if k not in ("left_s", "idle_s") and
                (k.endswith(("_max", "_min", "_s")) or not any(m in k for m in moves))}
    if isinstance(said, list):
        return [steady(v) for v in said]
    return said


def resident_kib():
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def reload_wrong():
    lines, why = rng.choice(WRONG)
    before = steady(state())
    write(lines + "\n")
    said = ask("reload")
    if said["outcome"] != "bad" or not any(why in json.dumps(e) for e in said["errors"]):
        fail(f"{lines}: {said}")
    after = steady(state())
    if before != after:
        fail(f"{lines} has changed something: " + "; ".join(
            f"{k}: {before[k]} to {after[k]}" for k in before if before[k] != after[k]))
    count["bad"] += 1


def reload_right():
    write(right())
    said = ask("reload")
    if said["outcome"] not in ("applied", "unchanged"):
        fail(f"a right configuration: {said}")
    count[said["outcome"]] += 1


def reload_by_signal():
    before = ask("info")["reloads"]
    write(right())
    os.kill(pid, signal.SIGHUP)
    deadline = time.monotonic() + 10
    while ask("info")["reloads"] == before:
        if time.monotonic() > deadline:
            fail("SIGHUP is not followed")
        time.sleep(0.01)
    count["sighup"] += 1


def main():
    began, early = time.monotonic(), 0
    n = 0
    while n < n_reloads and time.monotonic() - began < seconds:
        if n % 10 == 9:
            reload_by_signal()
        elif rng.random() < 0.25:
            reload_wrong()
        else:
            reload_right()
        n += 1
        if early == 0 and (n >= n_reloads / 5 or time.monotonic() - began > seconds / 5):
            early, early_n = resident_kib(), n
    late = resident_kib()
    print(f"# seed {seed}: {n} reloads in {time.monotonic() - began:.0f} s: {count}")
    print(f"# resident after {early_n}: {early} KiB, at the end: {late} KiB")
    write("")
    ask("reload")
    if "libasan" not in open(f"/proc/{pid}/maps", encoding="ascii").read() and (
            late - early > GROWN_KIB + GROWN_KIB_EACH * (n - early_n)):
        fail(f"the daemon has grown from {early} to {late} KiB")
    if n < 20 or count["bad"] == 0 or count["applied"] < 5:
        fail("hardly anything happened")


main()
