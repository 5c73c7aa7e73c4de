#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""NAT-PMP and PCP in every shape from the WAN, all the time, whatever happens to the daemon.

In each phase: no frame comes back, none reaches a subscriber, no mapping is made; and when it is over
each probe of a whole round is counted, and subscribers are served.
"""
import socket
import struct
import subprocess
import sys
import threading
import time

import _frames as lab
import _wan_natpmp as probes

RATE = 2000  # probes per second
BURST = 20
STEADY_S = 3
DRAIN_S = 0.3  # for what is on its way, when no more is sent
PORT = 7077    # a1 has it mapped from beginning to end
LAB = f"{lab.TOP}/scripts/lab"


class Prober(threading.Thread):
    """Round after round until the end of the test, but while it is held."""

    def __init__(self, frames):
        super().__init__(daemon=True)
        self.frames = frames
        self.sent = 0
        self.may_send = threading.Event()
        self.lock = threading.Lock()  # held while a burst is on its way out

    def run(self):
        while True:
            self.may_send.wait()
            began = time.monotonic()
            with self.lock:
                for _ in range(BURST):
                    probes.wan.send(self.frames[self.sent % len(self.frames)])
                    self.sent += 1
            time.sleep(max(0.0, began + BURST / RATE - time.monotonic()))

    def hold(self):
        """Returns how many were sent, when all of them have arrived."""
        self.may_send.clear()
        with self.lock:
            sent = self.sent
        time.sleep(DRAIN_S)
        return sent

    def one_round(self):
        """Sends each probe at least once; returns how many that were."""
        before = self.sent
        self.may_send.set()
        while self.sent < before + len(self.frames):
            time.sleep(0.02)
        return self.hold() - before


class Capture:
    """tcpdump of all that the box sends to the WAN, but ARP."""

    def __init__(self, file):
        self.file = file
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", "cgn-wan", "tcpdump", "-n", "-U", "-Q", "in", "-i", "eth0", "-w",
             file, "not arp"], stderr=subprocess.PIPE, text=True)
        while "listening on" not in (line := self.process.stderr.readline()):
            if not line:
                sys.exit("tcpdump does not start")

    def frames(self):
        return subprocess.run(["tcpdump", "-n", "-r", self.file], capture_output=True, text=True,
                              check=False).stdout

    def end(self):
        self.process.terminate()
        self.process.wait()


def script(*words):
    subprocess.run([LAB, *words], stdout=subprocess.DEVNULL, check=True)


def crash():
    status = subprocess.run([LAB, "status"], capture_output=True, text=True, check=False).stdout
    pid = status.split("cgnatd: running, pid ")[1].split()[0]
    subprocess.run(["kill", "-KILL", pid], check=True)
    time.sleep(0.5)


TENANT_A = "tenants/a.yaml"
RENUMBER = "renumbering"  # leaves a1's mapping on another address; the last phase


def tenant_a(**changed):
    """Tenant a's file as the lab has it, but for some lines: key → value."""
    with open(f"{lab.TOP}/config/lab/{TENANT_A}", encoding="ascii") as original:
        lines = [line for line in original if line.split(":")[0] not in changed]
    lines += [f"{key}: {value}\n" for key, value in changed.items()]
    with open(f"{CONFIG}/{TENANT_A}", "w", encoding="ascii") as file:
        file.writelines(lines)


def steadily():
    """Turns of a loop, as many as there is time for."""
    end = time.monotonic() + STEADY_S
    turn = 0
    while turn == 0 or time.monotonic() < end:
        yield turn
        turn += 1


def reload():
    """Again and again, all the time between two configurations; at the end it is the lab's."""
    for n in steadily():
        tenant_a(quota=f"{{subscriber: {{udp: {1000 + n}}}}}")
        script("ctl", "reload")
        tenant_a()
        script("ctl", "reload")


def change_pool():
    """A pool comes and goes, and so does PCP; a1's mapping is NAT-PMP's."""
    for _ in steadily():
        tenant_a(pool="[203.0.113.16/28, 203.0.113.64/28]")
        script("ctl", "reload")
        tenant_a(portctl="{pcp: false}")
        script("ctl", "reload")
        tenant_a()
        script("ctl", "reload")


def renumber():
    """The pool is exchanged under a1's mapping, and back."""
    for _ in steadily():
        tenant_a(pool="[203.0.113.64/28]")
        script("ctl", "reload")
        tenant_a()
        script("ctl", "reload")


def bad_reload():
    """What is refused opens nothing either."""
    tenant_a(pool="[100.64.0.0/28]")
    refused = subprocess.run([LAB, "ctl", "reload"], capture_output=True, check=False)
    lab.ok(refused.returncode == 1, "a pool inside a subscriber prefix is refused",
           refused.stderr.decode())
    tenant_a()


# A further phase is one line: what happens, and what makes it happen.
PHASES = (
    ("steady state", lambda: time.sleep(STEADY_S)),
    ("SIGTERM and start", lambda: (script("stop"), time.sleep(0.5), script("start"))),
    ("kill -9 and start", lambda: (crash(), script("start"))),
    ("reload", reload),
    ("reload with another pool", change_pool),
    ("reload that is refused", bad_reload),
    (RENUMBER, renumber),
)


def ask():
    """a1 asks for its port with NAT-PMP; the outside port, or what went wrong."""
    with lab.netns("cgn-a1"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(1)
    for _ in range(4):
        try:
            sock.sendto(struct.pack("!BBHHHI", 0, 1, 0, PORT, PORT, 600), (lab.SERVICE, 5351))
            _, op, result, _, port, outside, _ = struct.unpack("!BBHIHHI", sock.recv(64))
            return outside if (op, result, port) == (129, 0, PORT) else f"{op}, result {result}"
        except OSError:
            pass
    return "no answer"


def mappings():
    return {(m["tenant"], m["proto"], m["inside"], m["outside"]) for m in lab.ctl("mappings")}


def explicits():
    return {(m["tenant"], m["proto"], m["inside"], m["outside"]) for m in lab.ctl("explicit")}


def without_address(found):
    return {(*mapping[:3], mapping[3].split(":")[1]) for mapping in found}


def let_in():
    return [f for port in probes.insides for f in port.received()
            if not lab.is_arp(f) and not lab.is_announcement(f)]


def counted(prober, what):
    """With nothing else going on, a round of all probes is in the counters, to the last one."""
    allowed = {fate for _, _, fates, _ in probes.SHAPES for fate in fates}
    exact = sum(len(make()) for _, make, _, is_exact in probes.SHAPES if is_exact)
    prober.hold()
    before = lab.fates()
    sent = prober.one_round()
    risen = lab.rise(before, allowed, sent)
    lab.ok(risen == sent, f"{what}: each of {sent} probes is counted", f"{risen}; {lab.fates()}")
    own = lab.rise(before, (probes.OWN,), exact)
    lab.ok(own >= exact, f"{what}: {own} of them as {probes.OWN}", f"{exact} expected")
    info = lab.ctl("info")
    lab.ok(info["difference"] == 0, f"{what}: received = fates + held", info)


def phase(prober, capture, what, happens, known):
    """known: (mappings, explicit mappings, outside port of a1) before the first probe."""
    port = known[2]
    sent = prober.sent
    prober.may_send.set()
    happens()
    time.sleep(DRAIN_S)
    print(f"# {what}: {prober.hold() - sent} probes meanwhile")
    counted(prober, what)
    back, inside = capture.frames(), let_in()
    lab.ok(not back, f"{what}: no frame comes back", back)
    lab.ok(not inside, f"{what}: nothing reaches a subscriber", "\n".join(f.hex() for f in inside))
    now = mappings(), explicits()
    if what == RENUMBER:
        known, now = [list(map(without_address, sets[:2])) for sets in (known, now)]
    lab.ok(now[0] <= known[0], f"{what}: no mapping is made", now[0] - known[0])
    lab.ok(now[1] == known[1], f"{what}: explicit mappings are as before", now[1])
    again = ask()
    let_in()  # the answer
    lab.ok(again == port, f"{what}: a1 is served, its outside port is {port}", again)


def main(file):
    frames = [bytes(frame) for _, make, _, _ in probes.SHAPES for frame in make()]
    port = ask()
    lab.ok(isinstance(port, int), "a1 has a port mapped", port)
    let_in()
    known = mappings(), explicits(), port
    capture = Capture(file)
    prober = Prober(frames)
    prober.start()
    try:
        for what, happens in PHASES:
            phase(prober, capture, what, happens, known)
    finally:
        capture.end()
    lab.ok(not capture.frames(), f"the box never answered any of {prober.sent} probes",
           capture.frames())


if __name__ == "__main__":
    CONFIG = sys.argv[2]  # the directory that the daemon reads
    main(sys.argv[1])
    lab.finish()
