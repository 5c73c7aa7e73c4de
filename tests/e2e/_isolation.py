#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a2 (of the attacker's tenant) and b1 (of another) lose while a1 attacks, and how long they wait.

_isolation.py                all of it
_isolation.py attack KIND    until it is killed: what a1 sends
_isolation.py victim HOST N  N new flows beside one that goes on; prints what came of them as JSON
"""
import contextlib
import itertools
import json
import socket
import statistics
import struct
import subprocess
import sys
import time

from scapy.all import Ether, IP, UDP, Raw

import _frames as lab

ECHO = ("192.0.2.3", 7)
FLOWS = 120       # new ones of each victim in each case
EVERY_S = 0.04
LOST_S = 3.0      # generous: a crowded machine answers within it
RATE = 4000       # packets of the attack per second
BURST = 20
SOURCES = 300     # more subscribers than the tenant has blocks
VICTIMS = (("a2", "other subscriber"), ("b1", "other tenant"))


def udp(port, gateway, source, sport, target, dport, payload):
    return bytes(Ether(src=port.mac, dst=gateway) / IP(src=source, dst=target) /
                 UDP(sport=sport, dport=dport, chksum=0) / Raw(payload))


def flows_of_one(port, gateway):
    whole = udp(port, gateway, lab.INSIDE, 0, "192.0.2.1", 9, b"flow")
    return [whole[:34] + struct.pack("!H", n) + whole[36:] for n in range(1024, 21024)]


def flows_of_many(port, gateway):
    """A first packet of each of many subscribers: each takes a port block, until none is left."""
    return [udp(port, gateway, f"100.64.{1 + n // 200}.{1 + n % 200}", 5000 + turn, "192.0.2.1", 9, b"x")
            for turn in range(20) for n in range(SOURCES)]


def pcp_sweep(port, gateway):
    """MAP requests (RFC 6887 section 11.1) for one port after the other, short ones."""
    def request(inside_port):
        header = struct.pack("!BBHI", 2, 1, 0, 3) + bytes(10) + b"\xff\xff" + socket.inet_aton(lab.INSIDE)
        body = bytes(12) + struct.pack("!B3xHH", 17, inside_port, 0) + bytes(10) + b"\xff\xff" + bytes(4)
        return header + body

    whole = udp(port, gateway, lab.INSIDE, 40000, lab.SERVICE, 5351, request(0))
    at = 42 + 40  # inside port, behind Ethernet, IP, UDP and what stands before it
    return [whole[:at] + struct.pack("!H", n) + whole[at + 2:] for n in range(1, 65536, 3)]


ATTACKS = {"flood": flows_of_one, "ports": flows_of_many, "pcp": pcp_sweep}


def attack(kind):
    port = lab.Port("cgn-a1", "eth0")
    frames = itertools.cycle(ATTACKS[kind](port, lab.box_mac("cgn-a1", lab.SERVICE)))
    print("ready", flush=True)
    began = time.monotonic()
    for n in itertools.count(BURST, BURST):
        for frame in itertools.islice(frames, BURST):
            with contextlib.suppress(BlockingIOError, OSError):  # its queue is full
                port.send(frame)
        time.sleep(max(0.0, began + n / RATE - time.monotonic()))


def echo(sock, text):
    """Seconds until the answer to this datagram, or None."""
    began = time.perf_counter()
    sock.send(text)
    while True:
        sock.settimeout(max(0.001, began + LOST_S - time.perf_counter()))
        try:
            if sock.recv(64) == text:
                return time.perf_counter() - began
        except TimeoutError:
            return None


def flow(host):
    with lab.netns(f"cgn-{host}"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(ECHO)
    return sock


def victim(host, n_flows):
    """By turns a packet of the flow that goes on, and the first one of a new flow."""
    old = flow(host)
    echo(old, b"first")  # the next hops are known, and a port block is leased
    print("ready", flush=True)
    sys.stdin.readline()
    said = {"old": [], "new": []}
    for n in range(n_flows):
        began = time.monotonic()
        said["old"].append(echo(old, b"old %d" % n))
        with contextlib.closing(flow(host)) as fresh:
            said["new"].append(echo(fresh, b"new %d" % n))
        time.sleep(max(0.0, began + EVERY_S - time.monotonic()))
    print(json.dumps(said), flush=True)


@contextlib.contextmanager
def child(*words):
    with subprocess.Popen([sys.executable, __file__, *words], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def lost_before_the_box():
    """Packets that the kernel could not queue to the daemon's devices."""
    n = 0
    for device in ("cgn-sub-a", "cgn-trunk", "cgn-wan0"):
        text = subprocess.run(["ip", "-n", "cgn-box", "-s", "-j", "link", "show", device],
                              capture_output=True, text=True, check=True).stdout
        n += json.loads(text)[0]["stats64"]["tx"]["dropped"]
    return n


def report(case, who, took):
    answered = sorted(s for s in took if s is not None)
    median = statistics.median(answered) * 1e3 if answered else float("nan")
    p99 = answered[len(answered) * 99 // 100] * 1e3 if answered else float("nan")
    print(f"# {case:22} {who:27} {len(took):5} {took.count(None):5} {median:9.2f} {p99:9.2f}", flush=True)
    return took.count(None)


def measure(victims, case):
    before = lost_before_the_box()
    for process in victims.values():
        process.stdin.write("go\n")
        process.stdin.flush()
    said = {host: json.loads(process.stdout.readline()) for host, process in victims.items()}
    kernel = lost_before_the_box() - before
    for host, what in VICTIMS:
        old = report(case, f"{what}, old flow", said[host]["old"])
        new = report(case, f"{what}, new flows", said[host]["new"])
        # What the kernel of a crowded machine drops before the box is not the box's.
        lab.ok(old <= kernel, f"{case}: the {what} loses no packet of its flow", f"{old}, kernel {kernel}")
        lab.ok(new <= kernel, f"{case}: the {what} gets every new flow", f"{new}, kernel {kernel}")


def run(case, kind, fates, at_least):
    """fates: of which there must be so many, or the attack was none."""
    with contextlib.ExitStack() as stack:
        victims = {host: stack.enter_context(child("victim", host, str(FLOWS))) for host, _ in VICTIMS}
        before = lab.fates()
        if kind:
            stack.enter_context(child("attack", kind))
            risen = lab.rise(before, fates, at_least, 20.0)
            lab.ok(risen >= at_least, f"{case}: the attack is one", f"{risen} of {fates}: {lab.fates()}")
        measure(victims, case)


def main():
    print(f"# {'case':22} {'who':22} {'asked':>5} {'lost':>5} {'median ms':>9} {'p99 ms':>9}")
    run("nobody attacks", None, (), 0)
    run("one floods new flows", "flood", ("punt_subscriber_rate", "punt_subscriber_share",
                                          "quota_subscriber_udp", "quota_subscriber_mappings", "no_ports"), 500)
    run("one sweeps PCP", "pcp", ("portctl_rate", "punt_subscriber_share"), 500)
    run("a tenant has no ports", "ports", ("no_address",), 100)
    info = lab.ctl("info")
    lab.ok(info["difference"] == 0, "received = fates + held", info)


if sys.argv[1:2] == ["attack"]:
    attack(sys.argv[2])
if sys.argv[1:2] == ["victim"]:
    victim(sys.argv[2], int(sys.argv[3]))
    sys.exit()
main()
lab.finish()
