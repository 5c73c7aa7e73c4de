#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Frames with other tags than an attachment's own: nothing leaves on the WAN, a fate counts each."""
from scapy.all import Dot1AD, Dot1Q, Ether, IP, UDP, Raw

import _frames as lab

MARK = b"wrong-vlan-probe"
N = 5
COUNTED = ("unknown_tags", "bad_tags", "bad_eth", "not_ip4")

wan = lab.Port("cgn-wan", "eth0")
trunk = lab.Port("cgn-box", "cgn-trunk")
a1 = lab.Port("cgn-a1", "eth0")
b1_mac = lab.Port("cgn-b1", "eth0").mac
trunk_mac = lab.box_mac("cgn-b1", lab.SERVICE)
a_mac = lab.box_mac("cgn-a1", lab.SERVICE)


def frames(source, destination, tags, ether_type=None):
    """N copies of a UDP datagram to an unused port of the Internet, behind these tags."""
    out = []
    for i in range(N):
        frame = Ether(src=source, dst=destination)
        for tag in tags:
            frame = frame / tag
        frame = frame / IP(src=lab.INSIDE, dst="192.0.2.3") / UDP(sport=41000 + i, dport=9) / Raw(MARK)
        out.append(bytes(frame))
    return out


def reach_wan(port, sent):
    wan.received()
    port.send_all(sent)
    return [f for f in wan.received(0.7) if MARK in f]


def must_not_pass(what, port, sent):
    before = lab.fates()
    passed = reach_wan(port, sent)
    lab.ok(not passed, f"{what}: nothing leaves on the WAN", f"{len(passed)} frames left")
    risen = lab.rise(before, COUNTED, len(sent))
    lab.ok(risen >= len(sent), f"{what}: every frame is counted", f"{risen} of {len(sent)}")


control = reach_wan(trunk, frames(b1_mac, trunk_mac, [Dot1Q(vlan=102)]))
lab.ok(len(control) == N, "VID 102 on the trunk: the same frames pass", f"{len(control)} of {N}")
control = reach_wan(a1, frames(a1.mac, a_mac, []))
lab.ok(len(control) == N, "untagged from a1: the same frames pass", f"{len(control)} of {N}")

for name, tags in {
    "VID 103 on the trunk": [Dot1Q(vlan=103)],
    "untagged on the trunk": [],
    "priority tag (VID 0) on the trunk": [Dot1Q(vlan=0, prio=5)],
    "VID 4095 on the trunk": [Dot1Q(vlan=4095)],
    "QinQ 102 over 102 on the trunk": [Dot1Q(vlan=102), Dot1Q(vlan=102)],
    "QinQ 103 over 102 on the trunk": [Dot1Q(vlan=103), Dot1Q(vlan=102)],
    "QinQ 102 over 103 on the trunk": [Dot1Q(vlan=102), Dot1Q(vlan=103)],
    "priority tag under 102 on the trunk": [Dot1Q(vlan=102), Dot1Q(vlan=0)],
    "802.1ad 102 over 102 on the trunk": [Dot1AD(vlan=102), Dot1Q(vlan=102)],
    "three tags on the trunk": [Dot1Q(vlan=102), Dot1Q(vlan=102), Dot1Q(vlan=102)],
}.items():
    must_not_pass(name, trunk, frames(b1_mac, trunk_mac, tags))
for name, tags in {
    "VID 102 on the port of tenant a": [Dot1Q(vlan=102)],
    "priority tag on the port of tenant a": [Dot1Q(vlan=0)],
}.items():
    must_not_pass(name, a1, frames(a1.mac, a_mac, tags))
lab.finish()
