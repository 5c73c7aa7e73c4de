#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""1000 subscribers of tenant a ask for 100 ports each, by turns with PCP and NAT-PMP, UDP and TCP.

_hundred_thousand_explicit.py make STATE       all are answered and listed; STATE remembers them
_hundred_thousand_explicit.py compare STATE    after a restart: listed and answered as before
_hundred_thousand_explicit.py first            asks all the time until the daemon answers; prints
                                               when that was, in seconds since the machine started
"""
import json
import socket
import struct
import sys
import time

import _frames as lab

SUBSCRIBERS = 1000
PORTS_EACH = 100
N = SUBSCRIBERS * PORTS_EACH
FIRST = struct.unpack("!I", socket.inet_aton("100.64.4.0"))[0]
FIRST_PORT = 9000
LIFETIME_S = 3600
WINDOW = 256   # requests without an answer at one time
RETRY_S = 0.5  # RFC 6886 section 3.1 and RFC 6887 section 8.1.1 wait longer each time
TRIES = 8
UDP, TCP = 17, 6
PROTOCOLS = {UDP: "udp", TCP: "tcp"}


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff


class Request:
    """One port of one subscriber, and the answer to it."""

    def __init__(self, subscriber, n):
        self.address = struct.pack("!I", FIRST + subscriber)
        self.port = FIRST_PORT + n
        self.pcp = n % 2 == 0
        self.protocol = UDP if n % 4 < 2 else TCP
        self.nonce = struct.pack("!IQ", subscriber, n)
        self.key = self.address + struct.pack("!H", self.port)
        self.answer = None

    def payload(self):
        if not self.pcp:
            return struct.pack("!BBHHHI", 0, 1 if self.protocol == UDP else 2, 0, self.port,
                               self.port, LIFETIME_S)
        mapped = bytes(10) + b"\xff\xff"
        return struct.pack("!BBHI", 2, 1, 0, LIFETIME_S) + mapped + self.address + self.nonce + \
            struct.pack("!B3xHH", self.protocol, self.port, 0) + mapped + bytes(4)

    def frame(self, ethernet):
        """From the port that it asks for, so that the answer tells which it is."""
        payload = self.payload()
        length = 8 + len(payload)
        ends = self.address + socket.inet_aton(lab.SERVICE)
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, self.port, 0, 64, UDP, 0) + ends
        udp = struct.pack("!HHHH", self.port, 5351, length, 0) + payload
        total = checksum(ends + struct.pack("!HH", UDP, length) + udp) or 0xffff
        return ethernet + ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + udp[:6] + \
            struct.pack("!H", total) + payload

    def granted(self):
        """(outside address or None, outside port) if the answer grants what was asked for."""
        a = self.answer or b""
        if self.pcp and len(a) == 60:
            head, rest = struct.unpack("!BBxBI", a[:8]), struct.unpack("!12sB3xHH12s4s", a[24:])
            if head == (2, 0x81, 0, LIFETIME_S) and rest[:3] == (self.nonce, self.protocol, self.port):
                return socket.inet_ntoa(rest[5]), rest[3]
        if not self.pcp and len(a) == 16:
            version, op, result, _, port, outside, lifetime = struct.unpack("!BBHIHHI", a)
            if (version, op, result, port, lifetime) == \
                    (0, 129 if self.protocol == UDP else 130, 0, self.port, LIFETIME_S):
                return None, outside
        return None

    def row(self):
        """What cgnatctl calls it: protocol and inside end."""
        return PROTOCOLS[self.protocol], f"{socket.inet_ntoa(self.address)}:{self.port}"


class Asker:
    """Sends requests, WINDOW of them at a time, and again what is not answered."""

    def __init__(self, port):
        gateway = lab.box_mac("cgn-a1", lab.SERVICE)
        self.port = port
        self.ethernet = bytes.fromhex((gateway + port.mac).replace(":", "")) + b"\x08\x00"
        self.retries = 0

    def receive(self, waiting):
        """Takes what has come; True if there was anything."""
        some = False
        while True:
            try:
                frame = self.port.sock.recv(2048, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return some
            if frame[23] == UDP and frame[34:36] == b"\x14\xe7":
                request = waiting.pop(frame[30:34] + frame[36:38], (None,))[0]
                if request:
                    some = True
                    request.answer = frame[42:14 + struct.unpack("!H", frame[16:18])[0]]

    def again(self, waiting):
        """Sends what has waited too long once more; what has been sent TRIES times is given up."""
        late = [(key, *entry) for key, entry in waiting.items()
                if time.monotonic() - entry[2] > RETRY_S]
        for key, request, frame, _, tries in late:
            del waiting[key]
            if tries < TRIES:
                waiting[key] = (request, frame, time.monotonic(), tries + 1)
                self.port.send(frame)
                self.retries += 1

    def ask(self, requests):
        """Returns the seconds that it took until all were answered or given up."""
        frames = [request.frame(self.ethernet) for request in requests]
        waiting = {}
        began = checked = time.monotonic()
        for request, frame in zip(requests, frames):
            while len(waiting) >= WINDOW:
                checked = self.wait(waiting, checked)
            waiting[request.key] = (request, frame, time.monotonic(), 1)
            self.port.send(frame)
        while waiting:
            checked = self.wait(waiting, checked)
        return time.monotonic() - began

    def wait(self, waiting, checked):
        if not self.receive(waiting):
            time.sleep(0.0002)
            if time.monotonic() - checked > RETRY_S / 5:
                self.again(waiting)
                return time.monotonic()
        return checked


def all_requests():
    """By turns of the subscribers, not one after the other."""
    return [Request(s, n) for n in range(PORTS_EACH) for s in range(SUBSCRIBERS)]


def listed():
    """(protocol, inside) → (outside, origin), and how long the list took."""
    began = time.monotonic()
    rows = lab.ctl("explicit", "a")
    seconds = time.monotonic() - began
    return {(r["proto"], r["inside"]): (r["outside"], r["origin"]) for r in rows}, seconds


def as_answered(request, rows):
    """The list says the same as the answer."""
    address, port = request.granted() or (None, 0)
    outside, origin = rows.get(request.row(), (":", ""))
    return outside.split(":") == [address or outside.split(":")[0], str(port)] and \
        origin == ("pcp_map" if request.pcp else "natpmp")


def answered(requests):
    return sum(request.granted() is not None for request in requests)


def make(state):
    asker = Asker(lab.Port("cgn-a1", "eth0"))
    requests = all_requests()
    asker.ask(requests[:SUBSCRIBERS])  # the box asks for each one's MAC address by ARP
    asker.retries = 0
    seconds = asker.ask(requests[SUBSCRIBERS:])
    rest = N - SUBSCRIBERS
    print(f"# {rest} explicit mappings in {seconds:.1f} s, {rest / seconds:.0f} a second with at "
          f"most {WINDOW} requests open, {asker.retries} sent again")
    lab.ok(answered(requests) == N, f"all {N} requests are granted, PCP and NAT-PMP, with the lifetime "
           "that was asked for", f"{answered(requests)} granted; {lab.fates()}")
    rows, seconds = listed()
    print(f"# cgnatctl explicit: {len(rows)} rows in {seconds:.1f} s")
    lab.ok(len(rows) == N, f"cgnatctl lists {N} explicit mappings", f"{len(rows)} listed")
    ends = {(proto, outside) for (proto, _), (outside, _) in rows.items()}
    lab.ok(len(ends) == N, "each has an outside address and port of its own", f"{len(ends)} different")
    wrong = [r.row() for r in requests if not as_answered(r, rows)]
    lab.ok(not wrong, "and what the subscriber was told is listed", f"{len(wrong)}: {wrong[:5]}")
    with open(state, "w", encoding="ascii") as out:
        json.dump([[*key, *value] for key, value in rows.items()], out)


def compare(state):
    with open(state, encoding="ascii") as saved:
        before = {(proto, inside): (outside, origin) for proto, inside, outside, origin in
                  json.load(saved)}
    rows, _ = listed()
    differ = [(key, before[key], rows.get(key)) for key in before if rows.get(key) != before[key]]
    lab.ok(rows == before, f"all {N} explicit mappings are there again, at the same outside ports",
           f"{len(rows)} listed, {len(differ)} differ: {differ[:5]}")
    asker = Asker(lab.Port("cgn-a1", "eth0"))
    requests = [request for request in all_requests() if request.key[3] % 10 == 0][:5000]
    seconds = asker.ask(requests)
    print(f"# {len(requests)} renewed in {seconds:.1f} s")
    wrong = [r.row() for r in requests if not r.granted() or not as_answered(r, before)]
    lab.ok(not wrong, f"{len(requests)} are renewed, at the same outside ports",
           f"{len(wrong)}: {wrong[:5]}")
    info = lab.ctl("info")
    lab.ok(info["difference"] == 0, "received = fates + held", info)


def first():
    """From another subscriber, which has asked for nothing."""
    with lab.netns("cgn-a2"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(0.005)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            sock.sendto(b"\0\0", (lab.SERVICE, 5351))
            if sock.recv(64)[:4] == b"\0\x80\0\0":
                print(f"{time.clock_gettime(time.CLOCK_BOOTTIME):.3f}")
                return
        except OSError:
            time.sleep(0.005)
    sys.exit("no answer")


verbs = {("make", 3): make, ("compare", 3): compare, ("first", 2): first}
verb = verbs.get((sys.argv[1] if len(sys.argv) > 1 else "", len(sys.argv)))
if not verb:
    sys.exit(__doc__)
verb(*sys.argv[2:])
lab.finish()
