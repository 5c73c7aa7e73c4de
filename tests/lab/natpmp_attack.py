#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The demonstration's attacker in cgn-wan: NAT-PMP and PCP requests at the box, own and forged.

Says what it sends and what came back, and fails if anything did or if an attempt is not counted.
"""
import os
import socket
import struct
import sys

from scapy.all import Ether, IP, UDP, Raw

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import _frames as lab  # noqa: E402

REQUESTS = {
    "NAT-PMP: which public address do you have?": b"\0\0",
    "NAT-PMP: send me what comes to UDP port 53": struct.pack("!BBHHHI", 0, 1, 0, 53, 53, 3600),
    "NAT-PMP: send me what comes to TCP port 80": struct.pack("!BBHHHI", 0, 2, 0, 80, 80, 3600),
    "PCP: send me what comes to UDP port 53": struct.pack("!BBHI", 2, 1, 0, 3600) + bytes(10) + b"\xff\xff" +
                                  socket.inet_aton(lab.INSIDE) + bytes(12) +
                                  struct.pack("!B3xHH", 17, 53, 53) + bytes(16),
}
TARGETS = ("203.0.113.17", lab.BOX_WAN)
SOURCES = ("198.51.100.1", lab.INSIDE)


def main():
    wan = lab.Port("cgn-wan", "eth0")
    box = lab.box_mac("cgn-wan", lab.BOX_WAN)
    wan.received()
    before = lab.fates()
    sent = 0
    for what, payload in REQUESTS.items():
        print(f"  \"{what}\"")
        for source in SOURCES:
            print(f"      from {source:12} to {' and '.join(TARGETS)}, UDP port 5351")
            for target in TARGETS:
                wan.send(bytes(Ether(src=wan.mac, dst=box) / IP(src=source, dst=target) /
                               UDP(sport=40000, dport=5351) / Raw(payload)))
                sent += 1
    counted = lab.rise(before, ("wan_natpmp",), sent)
    back = [f for f in wan.received(1.0) if not lab.is_arp(f)]
    print(f"\n{sent} requests sent, {len(back)} answers captured; "
          f"the counter wan_natpmp rose by {counted}")
    for frame in back:
        print(Ether(frame).summary())
    return 0 if not back and counted == sent else 1


if __name__ == "__main__":
    sys.exit(main())
