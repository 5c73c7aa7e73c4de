# SPDX-License-Identifier: BSD-3-Clause
"""One end of UDP hole punching (RFC 5128 section 3.3): _punch.py STUN-ADDRESS PORT OWN-FILE PEER-FILE

Asks a STUN server for its outside address and port, writes it to OWN-FILE, reads the other end's from
PEER-FILE, and sends there from the same socket until it has heard the other end say that it was heard.
"""
import os
import socket
import struct
import sys
import time

MAGIC = 0x2112A442  # RFC 8489 section 5


def outside_of(sock, server):
    """XOR-MAPPED-ADDRESS of a Binding response (RFC 8489 section 14.2)."""
    ident = os.urandom(12)
    for _ in range(5):
        sock.sendto(struct.pack("!HHI", 1, 0, MAGIC) + ident, server)
        try:
            data, _peer = sock.recvfrom(2048)
        except socket.timeout:
            continue
        at = 20
        while data[8:20] == ident and at + 4 <= len(data):
            kind, size = struct.unpack_from("!HH", data, at)
            if kind == 0x20:
                port, addr = struct.unpack_from("!HI", data, at + 6)
                return socket.inet_ntoa(struct.pack("!I", addr ^ MAGIC)), port ^ (MAGIC >> 16)
            at += 4 + (size + 3) // 4 * 4
    sys.exit("the STUN server does not answer")


def peer_from(name, until):
    while time.monotonic() < until:
        if os.path.exists(name):
            with open(name, encoding="ascii") as file:
                addr, port = file.read().split()
            return addr, int(port)
        time.sleep(0.05)
    sys.exit("the other end has no address")


def main():
    server, own, other = (sys.argv[1], int(sys.argv[2])), sys.argv[3], sys.argv[4]
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("", 0))
    sock.settimeout(0.3)
    until = time.monotonic() + 10
    addr, port = outside_of(sock, server)
    with open(own + ".new", "w", encoding="ascii") as file:
        file.write(f"{addr} {port}")
    os.rename(own + ".new", own)
    peer = peer_from(other, until)
    heard = was_heard = False
    while time.monotonic() < until and not (heard and was_heard):
        sock.sendto(b"heard" if heard else b"hello", peer)
        try:
            data, sender = sock.recvfrom(64)
        except socket.timeout:
            continue
        if sender == peer:
            heard = True
            was_heard |= data == b"heard"
    if not (heard and was_heard):
        sys.exit(f"nothing from {peer}")
    for _ in range(3):  # the other end may still wait for it
        sock.sendto(b"heard", peer)
    print(f"{addr}:{port} and {peer[0]}:{peer[1]} have heard each other")


main()
