#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""TCP connections in odd but legal sequences, and a forger between them, in frames made by hand. Both
ends are addresses that no kernel has, so that nothing answers by itself."""
from scapy.all import ARP, Ether, IP, TCP

import _frames as lab

HOST, PEER = "100.64.0.77", "192.0.2.77"
PORT, WEB = 5000, 443
FAR = 1 << 24

a1, wan = lab.Port("cgn-a1", "eth0"), lab.Port("cgn-wan", "eth0")
to_inside, to_outside = lab.box_mac("cgn-a1", "100.64.0.1"), lab.box_mac("cgn-wan", lab.BOX_WAN)
outside = None


def answer_arp(frame):
    packet = Ether(frame)
    if ARP in packet and packet[ARP].op == 1 and packet[ARP].pdst == HOST:
        a1.send(Ether(src=a1.mac, dst=packet.src) / ARP(op=2, hwsrc=a1.mac, psrc=HOST,
                                                       hwdst=packet.src, pdst=packet[ARP].psrc))


def wanted(frame, flags, seq):
    answer_arp(frame)
    packet = Ether(frame)
    return TCP in packet and packet[TCP].flags == flags and packet[TCP].seq == seq


def inside(flags, seq, ack=0, data=b""):
    """From the host; what comes out, or None."""
    a1.send(Ether(src=a1.mac, dst=to_inside) / IP(src=HOST, dst=PEER) /
            TCP(sport=PORT, dport=WEB, flags=flags, seq=seq, ack=ack) / data)
    return arrived(wan, flags, seq)


def peer(flags, seq, ack=0, data=b""):
    wan.send(Ether(src=wan.mac, dst=to_outside) / IP(src=PEER, dst=outside[0]) /
             TCP(sport=WEB, dport=outside[1], flags=flags, seq=seq, ack=ack) / data)
    return arrived(a1, flags, seq)


def arrived(port, flags, seq):
    for frame in port.received(3, lambda f: wanted(f, flags, seq)):
        if wanted(frame, flags, seq):
            return Ether(frame)
    return None


def state():
    rows = lab.ctl("mappings", "tenant=a", f"subscriber={HOST}")
    return [row["state"] for row in rows if row["proto"] == "tcp"]


def simultaneous_open():
    global outside
    first = inside("S", 100)
    if first is None:
        return False
    outside = first[IP].src, first[TCP].sport
    return all([peer("S", 900), state() == ["opening"], inside("SA", 100, 901),
                peer("SA", 900, 101), state() == ["established"], inside("A", 101, 901)])


def forged():
    """All of it gets there (RFC 7857 section 2.2), and changes nothing."""
    return all([peer("R", 901 + FAR), peer("RA", 901 + FAR, 101 + FAR), peer("S", 901 + FAR),
                peer("FA", 901 + FAR, 101 + FAR), inside("A", 101, 901),
                state() == ["established"]])


def half_close():
    return all([inside("FA", 101, 901), peer("A", 901, 102), peer("A", 901, 102, b"x" * 1000),
                inside("A", 102, 1901), state() == ["established"]])


def close():
    return all([peer("FA", 1901, 102), inside("A", 102, 1902), state() == ["closing"]])


def reopen():
    return all([inside("S", 50000), peer("SA", 70000, 50001), inside("A", 50001, 70001),
                state() == ["established"], peer("R", 70001), state() == ["closing"]])


lab.ok(simultaneous_open(), "a simultaneous open establishes", state())
lab.ok(forged(), "forged segments get there and end nothing", state())
lab.ok(half_close(), "a half-closed connection carries data the other way", state())
lab.ok(close(), "the second FIN closes it when it is acknowledged", state())
lab.ok(reopen(), "a new SYN opens it again, and a true RST ends it", state())
lab.finish()
