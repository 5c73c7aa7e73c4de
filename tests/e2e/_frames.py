#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Raw frames for the end-to-end tests: send and see them on any interface of the lab, read fates.

As a program: `_frames.py fate NAME` prints how many packets came to that end.
"""
import contextlib
import ctypes
import json
import os
import re
import select
import socket
import struct
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLONE_NEWNET = 0x40000000
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_IGNORE_OUTGOING = 23
TP_STATUS_VLAN_VALID = 1 << 4
ETH_P_ALL = 3

BOX_WAN = "198.51.100.2"
SERVICE = "100.64.0.1"
INSIDE = "100.64.0.10"
FORWARDED = ("in2out", "out2in")

failures = 0


def ok(condition, sentence, detail=""):
    """One line of the test's result."""
    global failures
    print(f"{'ok' if condition else 'not ok'} - {sentence}", flush=True)
    if not condition:
        failures += 1
        for line in str(detail).splitlines()[:12]:
            print(f"# {line}", flush=True)


@contextlib.contextmanager
def netns(name):
    """Inside the with, sockets are made in this namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as home, open(f"/run/netns/{name}") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {name}")
        try:
            yield
        finally:
            libc.setns(home.fileno(), CLONE_NEWNET)


class Port:
    """An interface in a namespace; receives what comes in on it, not what is sent."""

    def __init__(self, ns, interface):
        self.name = f"{ns}/{interface}"
        with netns(ns):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            self.sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
            self.sock.bind((interface, ETH_P_ALL))
            self.mac = ":".join(f"{b:02x}" for b in self.sock.getsockname()[4])

    def send(self, frame):
        self.sock.send(bytes(frame))

    def send_all(self, frames):
        """Not faster than a TAP queue takes them."""
        for i, frame in enumerate(frames):
            self.send(frame)
            if i % 64 == 63:
                time.sleep(0.01)

    def received(self, seconds=0.0, until=None):
        """The frames that came in, tags as on the wire; ends early at one that until() accepts."""
        frames = []
        deadline = time.monotonic() + seconds
        while True:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self.sock], [], [], left)[0]:
                return frames
            data, control, _, _ = self.sock.recvmsg(10000, 256)
            for level, kind, aux in control:
                if level == SOL_PACKET and kind == PACKET_AUXDATA:
                    status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", aux[:20])
                    if status & TP_STATUS_VLAN_VALID:
                        data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
            frames.append(data)
            if until and until(data):
                return frames


def is_arp(frame):
    return frame[12:14] == b"\x08\x06" or frame[12:14] == b"\x81\x00" and frame[16:18] == b"\x08\x06"


def is_announcement(frame):
    """The box's own NAT-PMP and PCP services tell subscribers of a start (RFC 6886 section 3.2.1)."""
    return frame[26:34] == socket.inet_aton(SERVICE) + socket.inet_aton("224.0.0.1") and \
        frame[34:38] == struct.pack("!HH", 5351, 5350)


def box_mac(ns, address):
    """The daemon's MAC address as a host of the lab has learned it."""
    exec_in = ["ip", "netns", "exec", ns]
    subprocess.run(exec_in + ["ping", "-n", "-q", "-c", "1", "-W", "2", address],
                   stdout=subprocess.DEVNULL, check=False)
    text = subprocess.run(exec_in + ["ip", "neigh", "show", address],
                          capture_output=True, text=True, check=True).stdout
    found = re.search(r"lladdr (\S+)", text)
    if not found:
        sys.exit(f"{ns} has not learned the MAC address of {address}")
    return found.group(1)


def ctl(*words):
    """What cgnatctl answers: an object, or a list of objects."""
    answer = subprocess.run([f"{TOP}/scripts/lab", "ctl", "--json", *words],
                            capture_output=True, text=True, check=True).stdout
    return json.loads(answer)


def fates():
    """All fates that happened, over all tenants: name → packets so far."""
    return {row["fate"]: row["packets"] for row in ctl("fates")}


def rise(before, names, at_least, seconds=3.0):
    """Waits until the fates named have risen by at_least in all; returns their rise."""
    deadline = time.monotonic() + seconds
    while True:
        now = fates()
        risen = sum(now.get(name, 0) - before.get(name, 0) for name in names)
        if risen >= at_least or time.monotonic() > deadline:
            return risen
        time.sleep(0.1)


def finish():
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "fate":
        sys.exit("usage: _frames.py fate NAME")
    print(fates().get(sys.argv[2], 0))
