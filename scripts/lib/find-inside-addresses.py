#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Reads a capture from the WAN and names every frame that shows an address of 100.64.0.0/10.

Looks at ARP, at IPv4 headers and options, and at the packet that an ICMP error quotes.
Prints "none" if there is no such frame.
"""
import ipaddress
import sys

from scapy.all import ARP, ICMP, IP, PcapReader

SHARED = ipaddress.ip_network("100.64.0.0/10")
ICMP_ERRORS = (3, 4, 5, 11, 12)


def addresses_of(frame):
    if ARP in frame:
        yield from (frame[ARP].psrc, frame[ARP].pdst)
    if IP not in frame:
        return
    header = frame[IP]
    yield from (header.src, header.dst)
    for option in header.options:
        yield from getattr(option, "routers", None) or ()
    if ICMP in frame and frame[ICMP].type in ICMP_ERRORS:
        quote = bytes(frame[ICMP].payload)
        if len(quote) >= 20:
            yield from (str(ipaddress.ip_address(quote[i:i + 4])) for i in (12, 16))


def main(path):
    clean = True
    with PcapReader(path) as frames:
        for frame in frames:
            if any(ipaddress.ip_address(a) in SHARED for a in addresses_of(frame)):
                print(frame.summary())
                clean = False
    if clean:
        print("none")


if __name__ == "__main__":
    main(sys.argv[1])
