#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""UDP 5350 and 5351 from the WAN in every shape: not one frame comes back, every one is counted.

The whole is run with captures at the WAN and at the subscribers; _wan_probes.py imports the shapes.
"""
import socket
import struct

from scapy.all import Dot1AD, Dot1Q, Ether, IP, IPOption, IPOption_LSRR, IPOption_Router_Alert, \
    IPOption_SSRR, Raw, UDP, fragment

import _frames as lab

FORWARDED_OR_ANSWERED = ("in2out", "out2in", "answered_echo")
OWN = "wan_natpmp"
CUT = (OWN, "bad_l4", "bad_ip", "bad_ip_len", "bad_ip_csum", "bad_eth")
# What waits for a first fragment is counted two seconds later.
FRAGMENTS = ("fragment_timeout", "fragment_tiny", "fragment_bad", "fragment_overlap",
             "fragment_duplicate")
TARGETS = (lab.BOX_WAN, "203.0.113.17", "203.0.113.31", "203.0.113.33", "203.0.113.65", lab.SERVICE,
           lab.INSIDE)
SOURCES = ("198.51.100.1", "192.0.2.1", "198.51.100.77", lab.INSIDE, "100.64.0.11", lab.SERVICE,
           "203.0.113.17", "203.0.113.33", lab.BOX_WAN, "0.0.0.0", "127.0.0.1", "224.0.0.1",
           "255.255.255.255", "240.0.0.1", "198.51.100.0", "198.51.100.255")

wan = lab.Port("cgn-wan", "eth0")
insides = [lab.Port(f"cgn-{host}", "eth0") for host in ("a1", "a2", "b1")]
box = lab.box_mac("cgn-wan", lab.BOX_WAN)


def v4mapped(address):
    return bytes(10) + b"\xff\xff" + socket.inet_aton(address)


def pcp(opcode, address, body=b"", version=2):
    return struct.pack("!BBHI", version, opcode, 0, 3600) + v4mapped(address) + body


def pcp_map(address):
    return bytes(range(12)) + struct.pack("!B3xHH", 17, 53, 53) + v4mapped(address)


PMP_MAP = {op: struct.pack("!BBHHHI", 0, op, 0, 53, 53, 3600) for op in (1, 2)}
THIRD_PARTY = struct.pack("!BBH", 1, 0, 16) + v4mapped(lab.INSIDE)
PAYLOADS = [b"\0\0", PMP_MAP[1], PMP_MAP[2], struct.pack("!BBHHHI", 0, 1, 0, 0, 0, 0),
            b"\0\x80" + bytes(10), pcp(0, lab.INSIDE), pcp(1, lab.INSIDE, pcp_map("0.0.0.0")),
            pcp(1, "198.51.100.1", pcp_map("0.0.0.0") + THIRD_PARTY),
            pcp(2, lab.INSIDE, pcp_map("0.0.0.0") + struct.pack("!H2x", 80) + v4mapped("192.0.2.1")),
            pcp(0x81, lab.INSIDE, pcp_map("0.0.0.0")), b"", b"\0", b"\2", b"\xff" * 1100]


def ether(destination=None):
    return Ether(src=wan.mac, dst=destination or box)


def udp(payload=PMP_MAP[1], source="198.51.100.1", target=lab.BOX_WAN, sport=40000, dport=5351,
        options=None, **fields):
    return IP(src=source, dst=target, options=options or []) / \
        UDP(sport=sport, dport=dport, **fields) / Raw(payload)


def shapes_payloads():
    return [ether() / udp(payload, target=target, dport=port)
            for payload in PAYLOADS for target in TARGETS for port in (5350, 5351)]


def shapes_opcodes():
    return [ether() / udp(bytes([version, opcode]) + bytes(58))
            for version in (0, 1, 2, 3, 255) for opcode in range(256)]


def shapes_sources():
    return [ether() / udp(payload, source=source, target=target, sport=sport)
            for payload in (b"\0\0", PMP_MAP[2], pcp(1, lab.INSIDE, pcp_map("0.0.0.0")))
            for source in SOURCES for target in (lab.BOX_WAN, "203.0.113.17", lab.SERVICE)
            for sport in (0, 5350, 5351, 53)]


def shapes_groups():
    out = []
    for target in ("224.0.0.1", "224.0.0.2", "239.255.255.250", "255.255.255.255",
                   "198.51.100.255", "198.51.100.0", "203.0.113.31", "0.0.0.0"):
        for mac in ("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", box):
            out += [ether(mac) / udp(target=target, dport=port) for port in (5350, 5351)]
    return out


def shapes_options():
    lists = ([IPOption(b"\x01")] * 4, [IPOption_Router_Alert()],
             [IPOption_LSRR(routers=[lab.SERVICE])], [IPOption_SSRR(routers=[lab.INSIDE])],
             [IPOption(b"\x01")] * 40)
    return [ether() / udp(source=source, options=options)
            for options in lists for source in ("198.51.100.1", lab.INSIDE)]


def shapes_tags():
    stacks = ([Dot1Q(vlan=0)], [Dot1Q(vlan=102)], [Dot1Q(vlan=103)], [Dot1AD(vlan=102)],
              [Dot1Q(vlan=102), Dot1Q(vlan=102)], [Dot1AD(vlan=1), Dot1Q(vlan=102)],
              [Dot1Q(vlan=0), Dot1Q(vlan=0)], [Dot1Q(vlan=1)] * 3, [Dot1Q(vlan=1)] * 8)
    out = []
    for stack in stacks:
        for source in ("198.51.100.1", lab.INSIDE):
            frame = ether()
            for tag in stack:
                frame = frame / tag
            out.append(frame / udp(source=source, target=lab.SERVICE))
    return out


def shapes_first_fragments():
    """Whole UDP header in the first fragment: the ports can be seen."""
    whole = pcp(1, lab.INSIDE, pcp_map("0.0.0.0"))
    out = []
    for source in ("198.51.100.1", lab.INSIDE):
        for target in (lab.BOX_WAN, "203.0.113.17", lab.SERVICE):
            out += [ether() / fragment(udp(whole, source=source, target=target), fragsize=size)[0]
                    for size in (8, 16, 24, 40)]
    return out


def shapes_later_fragments():
    """Ports in no fragment or in a later one, alone, overlapping, last first."""
    whole = pcp(1, lab.INSIDE, pcp_map("0.0.0.0"))
    out = []
    for source in ("198.51.100.1", lab.INSIDE):
        for target in (lab.BOX_WAN, "203.0.113.17", lab.SERVICE):
            pieces = fragment(udp(whole, source=source, target=target), fragsize=16)
            out += [ether() / piece for piece in reversed(pieces[1:])]
            base = IP(src=source, dst=target, proto=17, id=7)
            udp_bytes = bytes(udp(whole, source=source, target=target)[UDP])
            out += [ether() / base.copy() / Raw(udp_bytes[:8])]
            out[-1][IP].flags, out[-1][IP].frag = "MF", 1
            out += [ether() / IP(src=source, dst=target, proto=17, id=8, flags="MF", frag=0) /
                    Raw(udp_bytes[:4])]
            out += [ether() / IP(src=source, dst=target, proto=17, id=9, frag=8189) / Raw(whole)]
    return out


def shapes_cut():
    """Lengths that lie: UDP below 8, beyond IP; IP beyond the frame; padding that looks like data."""
    out = [ether() / udp(len=length) for length in (0, 1, 7, 21, 500, 65535)]
    for total in (20, 24, 27, 41, 1500, 65535, 0, 19):
        frame = ether() / udp()
        frame[IP].len = total
        out.append(frame)
    whole = bytes(ether() / udp())
    out += [whole[:cut] for cut in (14 + 20, 14 + 24, 14 + 27, 14 + 28, 14 + 30)]
    out += [bytes(ether() / udp(b"\0\1\0")) + b"\0\x35\0\x35" + bytes(30)]
    for ihl in (4, 6, 15):
        frame = ether() / udp()
        frame[IP].ihl = ihl
        out.append(frame)
    frame = ether() / udp()
    frame[IP].chksum = 1
    return out + [frame]


def shapes_checksums():
    return [ether() / udp(source=source, chksum=value)
            for source in ("198.51.100.1", lab.INSIDE) for value in (0, 1, 0xffff)]


def run(what, frames, allowed, exact):
    """Sends all of it; exact: the fate of its own counts every frame and nothing else does."""
    frames = [bytes(frame) for frame in frames]
    for port in [wan] + insides:
        port.received()
    before = lab.fates()
    wan.send_all(frames)
    risen = lab.rise(before, allowed, len(frames), 8.0)
    back = [f for f in wan.received(0.5) if not lab.is_arp(f)]
    let_in = [f for port in insides for f in port.received()
              if not lab.is_arp(f) and not lab.is_announcement(f)]
    lab.ok(not back, f"{what}: {len(frames)} frames, no answer",
           "\n".join(Ether(f).summary() for f in back))
    lab.ok(not let_in, f"{what}: nothing reaches a subscriber",
           "\n".join(Ether(f).summary() for f in let_in))
    good = risen == len(frames) if exact else risen >= len(frames)
    after = lab.fates()
    changes = {k: after[k] - before.get(k, 0) for k in after if after[k] != before.get(k, 0)}
    lab.ok(good, f"{what}: every frame is counted as {' or '.join(allowed)}",
           f"{risen} of {len(frames)}; all changes: {changes}")
    passed = sum(changes.get(name, 0) for name in FORWARDED_OR_ANSWERED)
    lab.ok(passed == 0, f"{what}: nothing is forwarded or answered", changes)


# What is sent, how, the fates that may count it; exact: the first of them alone counts all of it.
SHAPES = (
    ("requests of all kinds to all addresses", shapes_payloads, (OWN,), True),
    ("all versions and opcodes", shapes_opcodes, (OWN,), True),
    ("forged sources", shapes_sources, (OWN,), True),
    ("UDP checksums absent and wrong", shapes_checksums, (OWN,), True),
    ("broadcast and multicast", shapes_groups, (OWN, "not_our_mac"), False),
    ("IP options", shapes_options, (OWN, "source_route"), False),
    ("tags", shapes_tags, (OWN, "unknown_tags", "bad_tags"), False),
    ("first fragments", shapes_first_fragments, (OWN,), True),
    ("later, tiny and overlapping fragments", shapes_later_fragments,
     CUT + FRAGMENTS + ("outside_inside_source", "outside_not_ours", "outside_service"), False),
    ("cut, padded and lying lengths", shapes_cut, CUT, False),
)

if __name__ == "__main__":
    for name, make, fates, is_exact in SHAPES:
        run(name, make(), fates, is_exact)
    lab.finish()
