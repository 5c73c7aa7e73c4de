#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Datagrams of 20 000 octets there and back in fragments, in order, last first and shuffled, and of
two subscribers at once with the same identifier: real hosts put together what the box has
translated. The reorderer is ours: raw sockets."""
import random
import socket
import struct

import _frames as lab

UNIT = 1480
SIZE = 20000
PEER = ("192.0.2.1", 7777)


def csum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp(source, target, payload):
    """Source and target: address and port."""
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(target[0])
    length = 8 + len(payload)
    head = struct.pack("!HHH", source[1], target[1], length)
    pseudo = addresses + struct.pack("!BBH", 0, 17, length)
    return head + struct.pack("!H", csum(pseudo + head + b"\0\0" + payload) or 0xffff) + payload


def pieces(source, target, payload, ident):
    data = udp(source, target, payload)
    for off in range(0, len(data), UNIT):
        part = data[off:off + UNIT]
        more = 0x2000 if off + UNIT < len(data) else 0
        yield struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(part), ident, more | off // 8, 64, 17,
                          0, socket.inet_aton(source[0]), socket.inet_aton(target[0])) + part


class Host:
    def __init__(self, ns, address):
        self.address = address
        with lab.netns(ns):
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.udp.bind(address)
        self.udp.settimeout(5)

    def send(self, target, payload, order, ident):
        parts = list(pieces(self.address, target, payload, ident))
        order(parts)
        for part in parts:
            self.raw.sendto(part, (target[0], 0))

    def fragments(self, target, payload, ident):
        """(who sends it, where to, the fragment) for each."""
        return [(self, target, part) for part in pieces(self.address, target, payload, ident)]

    def receive(self):
        try:
            return self.udp.recvfrom(65536)
        except TimeoutError:
            return b"", ("", 0)


def interleaved(rng, sends):
    """Sends of (host, target, payload) with one identifier, but where one host sends to one address
    (RFC 791 3.2), their fragments mixed."""
    ident = rng.randrange(1, 60000)
    mixed, pairs = [], []
    for host, target, data in sends:
        pairs.append((host, target[0]))
        mixed += host.fragments(target, data, ident + pairs.count(pairs[-1]))
    rng.shuffle(mixed)
    for host, target, part in mixed:
        host.raw.sendto(part, (target[0], 0))


def equal_identifiers(rng, seed, hosts, wan):
    """Both subscribers to one host and port, and that one to both."""
    data = {host: rng.randbytes(SIZE) for host in hosts}
    interleaved(rng, [(host, PEER, data[host]) for host in hosts])
    outside = {}
    for _ in hosts:
        got, source = wan.receive()
        outside.update({source: host for host in hosts if data[host] == got})
    lab.ok(len(outside) == len(hosts),
           "datagrams of two subscribers with one identifier arrive, each whole", f"seed {seed}")
    interleaved(rng, [(wan, source, data[host]) for source, host in outside.items()])
    lab.ok(all(host.receive() == (data[host], PEER) for host in outside.values()),
           "and so do answers with one identifier", f"seed {seed}")


def main():
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    a1, a2 = Host("cgn-a1", ("100.64.0.10", 40000)), Host("cgn-a2", ("100.64.0.11", 40000))
    wan = Host("cgn-wan", PEER)
    outside = None
    for name, order in (("in order", lambda parts: None), ("last first", list.reverse),
                        ("shuffled", rng.shuffle), ("shuffled again", rng.shuffle)):
        data = rng.randbytes(SIZE)
        ident = rng.randrange(1, 65536)
        a1.send(PEER, data, order, ident)
        got, outside = wan.receive()
        lab.ok(got == data, f"{name}: a datagram in fragments reaches the Internet", f"seed {seed}")
        if got != data:
            continue
        wan.send(outside, data, order, ident)
        got, source = a1.receive()
        lab.ok(got == data and source == PEER, f"{name}: and comes back", f"seed {seed}")
        a2.send(outside, data, order, ident)
        got, source = a1.receive()
        lab.ok(got == data and source[0].startswith("203.0.113."),
               f"{name}: and another subscriber's by the outside address", f"seed {seed}")
    for _ in range(3):
        equal_identifiers(rng, seed, (a1, a2), wan)
    lab.finish()


if __name__ == "__main__":
    main()
