#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Forged sources from inside and from outside: nothing passes, a fate counts each frame."""
from scapy.all import Ether, IP, ICMP, TCP, UDP, Raw

import _frames as lab

MARK = b"spoofed-source-probe"
FROM_INSIDE = ("10.9.9.9", "8.8.8.8", "100.65.0.1", "100.63.255.255", "192.0.2.1", "203.0.113.17",
               "203.0.113.33", "198.51.100.2", lab.SERVICE, "127.0.0.1", "0.0.0.0", "224.0.0.1",
               "240.0.0.1", "255.255.255.255")
INSIDE_FATES = ("spoofed_unassigned", "spoofed_attachment", "martian_source")
FROM_OUTSIDE = (lab.INSIDE, "100.64.0.11", lab.SERVICE, "100.127.255.254", "203.0.113.17",
                "203.0.113.33", lab.BOX_WAN, "127.0.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1",
                "255.255.255.255")
OUTSIDE_FATES = ("outside_inside_source", "outside_own_source", "martian_source")

wan = lab.Port("cgn-wan", "eth0")
a1 = lab.Port("cgn-a1", "eth0")
b1 = lab.Port("cgn-b1", "eth0")
a1_gateway = lab.box_mac("cgn-a1", lab.SERVICE)
b1_gateway = lab.box_mac("cgn-b1", lab.SERVICE)
box_wan = lab.box_mac("cgn-wan", lab.BOX_WAN)


def marked(frames):
    return [f for f in frames if MARK in f]


def inside_probes(port, gateway, source):
    ip = Ether(src=port.mac, dst=gateway) / IP(src=source, dst="192.0.2.3")
    return [bytes(ip / UDP(sport=42000, dport=9) / Raw(MARK)),
            bytes(ip / TCP(sport=42000, dport=9, flags="S") / Raw(MARK)),
            bytes(ip / ICMP(id=420) / Raw(MARK))]


def mapped_port():
    """Opens a UDP mapping of a1 and returns its outside address and port."""
    wan.received()
    a1.send(bytes(Ether(src=a1.mac, dst=a1_gateway) / IP(src=lab.INSIDE, dst="192.0.2.3") /
                  UDP(sport=42424, dport=9) / Raw(MARK)))
    seen = marked(wan.received(2.0, until=lambda f: MARK in f))
    if not seen:
        return None
    packet = Ether(seen[0])
    return packet[IP].src, packet[UDP].sport


for port, gateway in ((a1, a1_gateway), (b1, b1_gateway)):
    wan.received()
    before = lab.fates()
    probes = [f for source in FROM_INSIDE for f in inside_probes(port, gateway, source)]
    port.send_all(probes)
    passed = marked(wan.received(1.0))
    lab.ok(not passed, f"{len(probes)} packets with forged sources from {port.name}: none leaves",
           "\n".join(Ether(f).summary() for f in passed))
    risen = lab.rise(before, INSIDE_FATES, len(probes))
    lab.ok(risen >= len(probes), f"every forged packet from {port.name} is counted",
           f"{risen} of {len(probes)}")

mapping = mapped_port()
lab.ok(mapping is not None, "a1 opens a mapping to aim at")
if mapping:
    outside, number = mapping

    def from_wan(source):
        return bytes(Ether(src=wan.mac, dst=box_wan) / IP(src=source, dst=outside) /
                     UDP(sport=9, dport=number) / Raw(MARK))

    a1.received()
    wan.send(from_wan("192.0.2.3"))
    lab.ok(marked(a1.received(2.0, until=lambda f: MARK in f)),
           "an honest packet to the mapping arrives at a1")
    before = lab.fates()
    wan.send_all(from_wan(source) for source in FROM_OUTSIDE)
    # The host's own "port unreachable" for what mapped_port has sent may come late: no forged packet.
    arrived = [f for f in marked(a1.received(1.0)) if ICMP not in Ether(f)]
    lab.ok(not arrived, "packets with forged sources from the WAN do not arrive at a1",
           "\n".join(Ether(f).summary() for f in arrived))
    risen = lab.rise(before, OUTSIDE_FATES, len(FROM_OUTSIDE))
    lab.ok(risen >= len(FROM_OUTSIDE), "every forged packet from the WAN is counted",
           f"{risen} of {len(FROM_OUTSIDE)}")
lab.finish()
