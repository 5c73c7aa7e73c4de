#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""1000 subscribers of tenant a send 100 echo requests each, every one with an identifier of its own.

Each makes a mapping (RFC 5508 REQ-1). Samples of cgnatctl, taken all the time, tell when mappings
were made and when they went.
"""
import socket
import struct
import threading
import time

import _frames as lab

SUBSCRIBERS = 1000
FLOWS_EACH = 100
N = SUBSCRIBERS * FLOWS_EACH
FIRST = struct.unpack("!I", socket.inet_aton("100.64.4.0"))[0]
TARGET = "192.0.2.1"
ARRIVALS = 500     # new subscribers per second: each has to be asked for by ARP
RATE = 8000        # packets per second
BURST = 40
WINDOW = 4096      # requests without an answer; half of the queue to the daemon (LAB_QUEUE)
TIMEOUT_S = 60     # timeouts.icmp_s
TOLERANCE_S = 2
REST_S = 1         # timeouts.port_rest_s
SAMPLE_S = 0.2
STALL_S = 5        # without an answer: too many are lost to wait for


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff


def echo_request(ethernet, subscriber, flow):
    ip = struct.pack("!BBHHHBBHI4s", 0x45, 0, 28, flow, 0, 64, 1, 0, FIRST + subscriber,
                     socket.inet_aton(TARGET))
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    icmp = struct.pack("!BBHHH", 8, 0, 0, flow, 1)
    return ethernet + ip + icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:]


class Sampler(threading.Thread):
    """(when, mappings, made, expired) until stopped."""

    def __init__(self):
        super().__init__(daemon=True)
        self.samples = []
        self.running = True

    def run(self):
        while self.running:
            info = lab.ctl("info")
            self.samples.append((time.monotonic(), info["mappings"], info["made"], info["expired"]))
            time.sleep(SAMPLE_S)

    def at(self, when, column):
        """The value at that time or just before."""
        past = [s[column] for s in self.samples if s[0] <= when]
        return past[-1] if past else 0


def taken():
    """What mappings take and have to give back."""
    memory = lab.ctl("memory")
    tenant = next(t for t in lab.ctl("tenants") if t["tenant"] == "a")
    pools = lab.ctl("pools", "a")
    info = lab.ctl("info")
    return {"mappings": info["mappings"], "limbo": info["limbo"],
            "heap bytes": memory["heap_used_bytes"], "port blocks": tenant["blocks"],
            "addresses with room": tenant["addresses_with_room"],
            "ports in use": sum(p["icmp"] for p in pools),
            "ports resting": sum(p["icmp_resting"] for p in pools),
            "blocks of the pools": sum(p["blocks"] for p in pools)}


def send(port, frames, rate, burst, has_room=None):
    """At no more than that many a second, and only what has room; returns the seconds it took."""
    began = time.monotonic()
    for i in range(0, len(frames), burst):
        if has_room and not wait_for(lambda sent=i: has_room(sent), STALL_S):
            has_room = None
        for frame in frames[i:i + burst]:
            port.send(frame)
        ahead = began + (i + burst) / rate - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
    return time.monotonic() - began


class Answers(threading.Thread):
    """Counts the echo replies that reach the subscribers, each pair of address and identifier once."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port = port
        self.seen = set()
        self.running = True

    def run(self):
        while self.running:
            for frame in self.port.received(0.2):
                if len(frame) >= 42 and frame[23] == 1 and frame[34] == 0:
                    self.seen.add(frame[30:34] + frame[38:40])


def wait_for(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def punctual(sampler):
    """Samples at which more, or less, had expired than was made TIMEOUT_S earlier, give or take."""
    early = late = 0
    for when, _, _, expired in sampler.samples:
        early = max(early, expired - sampler.at(when - TIMEOUT_S + TOLERANCE_S, 2))
        late = max(late, sampler.at(when - TIMEOUT_S - TOLERANCE_S, 2) - expired)
    return early, late


def main():
    port = lab.Port("cgn-a1", "eth0")
    gateway = lab.box_mac("cgn-a1", lab.SERVICE)
    # The ping that asked for the gateway's MAC was answered by the box: no mapping is there yet. But
    # the blocks that a1 and a2 had before the start rest.
    wait_for(lambda: taken()["port blocks"] == 0, REST_S + 5)
    before, memory = taken(), lab.ctl("memory")
    sampler, answers = Sampler(), Answers(lab.Port("cgn-a1", "eth0"))
    ethernet = bytes.fromhex((gateway + port.mac).replace(":", "")) + b"\x08\x00"
    frames = [echo_request(ethernet, s, flow) for flow in range(FLOWS_EACH)
              for s in range(SUBSCRIBERS)]
    sampler.start()
    answers.start()
    send(port, frames[:SUBSCRIBERS], ARRIVALS, 1)
    seconds = send(port, frames[SUBSCRIBERS:], RATE, BURST,
                   lambda sent: SUBSCRIBERS + sent - len(answers.seen) <= WINDOW)
    wait_for(lambda: lab.ctl("info")["mappings"] >= N, 5)
    info, full = lab.ctl("info"), lab.ctl("memory")
    print(f"# {N - SUBSCRIBERS} mappings in {seconds:.1f} s: {(N - SUBSCRIBERS) / seconds:.0f} a "
          "second, as fast as they were sent")
    grown = full["resident_bytes"] - memory["resident_bytes"]
    print(f"# resident {full['resident_bytes'] >> 20} MiB, {grown / N:.0f} bytes a mapping more than "
          f"before; {full['mapping_bytes']} bytes of the table each")
    lab.ok(info["mappings"] == N, f"{N} mappings are in the table at one time", info)
    tenant = next(t for t in lab.ctl("tenants") if t["tenant"] == "a")
    lab.ok(tenant["icmp"] == N, f"tenant a has {N} ICMP mappings", tenant)
    listed = lab.ctl("mappings", "a")
    lab.ok(len({m["outside"] for m in listed}) == N, f"cgnatctl lists {N}, each with an outside "
           "address and identifier of its own", f"{len(listed)} listed")
    wait_for(lambda: len(answers.seen) >= N, 5)
    lab.ok(len(answers.seen) == N, "every echo request was answered to its subscriber",
           f"{len(answers.seen)} answers; {lab.fates()}")
    gone = wait_for(lambda: sampler.samples[-1][1] == 0, TIMEOUT_S + 10)
    lab.ok(gone, "all of them are gone after their timeout", lab.ctl("info"))
    wait_for(lambda: taken() == before, REST_S + 5)
    sampler.running = answers.running = False
    early, late = punctual(sampler)
    lab.ok(early <= 0, f"none goes more than {TOLERANCE_S} s before {TIMEOUT_S} s are over",
           f"{early} too early")
    lab.ok(late <= 0, f"none goes more than {TOLERANCE_S} s after", f"{late} too late")
    after = taken()
    for what, was in before.items():
        lab.ok(after[what] == was, f"{what} are as before: {was}", f"{after[what]} now")
    info = lab.ctl("info")
    lab.ok(info["difference"] == 0 and info["held"] == 0, "received = fates, nothing held", info)
    lab.ok(info["made"] == info["expired"], "every mapping that was made has expired", info)


main()
lab.finish()
