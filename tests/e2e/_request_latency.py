#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How long a2 waits for its answers while a1 floods the box, in three ways.

_request_latency.py              all of it
_request_latency.py flood KIND   until it is killed: what a1 sends
"""
import contextlib
import itertools
import socket
import statistics
import struct
import subprocess
import sys
import time

from scapy.all import Ether, IP, UDP, Raw

import _frames as lab

REQUESTS = 200
EVERY_S = 0.025  # within portctl.requests_per_s
# Tailscale gives up after 250 ms and asks once.
BOUND_S = 0.25
LOST_S = 1.0
FLOOD = 10000    # packets per second
BURST = 50
PORT = 5000
LIFETIME_S = 3  # of all ports that are asked for


def flood_frames(kind, port):
    """New flows, requests, or both by turns; too many for a1's quotas."""
    gateway = lab.box_mac("cgn-a1", lab.SERVICE)

    def frame(target, dport, payload):
        return bytes(Ether(src=port.mac, dst=gateway) / IP(src=lab.INSIDE, dst=target) /
                     UDP(sport=0, dport=dport, chksum=0) / Raw(payload))

    def each_port(whole, at):
        return [whole[:at] + struct.pack("!H", n) + whole[at + 2:] for n in range(1024, 21024)]

    flows = each_port(frame("192.0.2.1", 9, b"flow"), 34)
    ask = frame(lab.SERVICE, 5351, struct.pack("!BBHHHI", 0, 1, 0, 0, 0, LIFETIME_S))
    requests = each_port(ask[:34] + b"\x9c\x40" + ask[36:], 46)
    both = [f for pair in zip(flows, requests) for f in pair]
    return {"flows": flows, "requests": requests, "both": both}[kind]


def flood(kind):
    port = lab.Port("cgn-a1", "eth0")
    frames = itertools.cycle(flood_frames(kind, port))
    print("ready", flush=True)
    began = time.monotonic()
    for n in itertools.count(BURST, BURST):
        for frame in itertools.islice(frames, BURST):
            with contextlib.suppress(BlockingIOError, OSError):  # its queue is full
                port.send(frame)
        time.sleep(max(0.0, began + n / FLOOD - time.monotonic()))


def request(n):
    """By turns the public address, and a port, of a few."""
    if n % 2 == 0:
        return b"\0\0"
    return struct.pack("!BBHHHI", 0, 1, 0, PORT + n % 16, 0, LIFETIME_S)


def is_answer(answer, asked):
    if asked == b"\0\0":
        return len(answer) == 12 and answer[:4] == b"\0\x80\0\0"
    return len(answer) == 16 and answer[:4] == b"\0\x81\0\0" and answer[8:10] == asked[4:6]


def measure():
    """Seconds for each request that was answered, and how many were not."""
    with lab.netns("cgn-a2"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect((lab.SERVICE, 5351))
    sock.settimeout(LOST_S)
    took, lost = [], 0
    for n in range(REQUESTS):
        asked = request(n)
        began = time.perf_counter()
        sock.send(asked)
        try:
            while not is_answer(sock.recv(64), asked):
                pass
            took.append(time.perf_counter() - began)
        except TimeoutError:
            lost += 1
        time.sleep(max(0.0, began + EVERY_S - time.perf_counter()))
    return sorted(took), lost


@contextlib.contextmanager
def flooding(kind):
    if not kind:
        yield
        return
    with subprocess.Popen([sys.executable, __file__, "flood", kind], stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        try:
            yield
        finally:
            child.kill()


def case(what, kind, drop):
    before = lab.fates()
    with flooding(kind):
        took, lost = measure()
    after = lab.fates()
    received = sum(after.values()) - sum(before.values())
    dropped = after.get(drop, 0) - before.get(drop, 0)
    if took:
        print(f"# {what}: median {statistics.median(took) * 1e3:.2f} ms, "
              f"p99 {took[len(took) * 99 // 100] * 1e3:.2f} ms, longest {took[-1] * 1e3:.2f} ms; "
              f"{received} packets, {dropped} dropped as {drop}")
    lab.ok(lost == 0, f"{what}: each of a2's {REQUESTS} requests is answered", f"{lost} are not")
    late = sum(seconds > BOUND_S for seconds in took)
    lab.ok(late <= REQUESTS // 100, f"{what}: 99 of 100 within {BOUND_S * 1e3:.0f} ms",
           f"{late} are later")
    if kind:
        lab.ok(dropped > REQUESTS, f"{what}: what is beyond a1's rate is dropped", after)


def main():
    case("nobody else asks", None, "portctl_rate")
    case("a1 floods with requests", "requests", "portctl_rate")
    case("a1 floods with new flows", "flows", "punt_subscriber_rate")
    case("a1 floods with both", "both", "portctl_rate")
    info = lab.ctl("info")
    lab.ok(info["difference"] == 0, "received = fates + held", info)


if sys.argv[1:2] == ["flood"]:
    flood(sys.argv[2])
main()
lab.finish()
