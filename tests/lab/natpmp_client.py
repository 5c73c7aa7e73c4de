#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The demonstration's customer: opens a UDP port with NAT-PMP and answers one datagram on it.

natpmp_client.py GATEWAY PORT: prints "address A", "port N", then who sent the datagram.
"""
import socket
import struct
import sys

LIFETIME_S = 600
ANSWER_S = 5
NATPMP = 5351


def ask(gateway, request, form):
    """The fields of the answer behind its version; ends if there is none or it says no."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(ANSWER_S)
        sock.connect((gateway, NATPMP))
        sock.send(request)
        _, op, result, _, *rest = struct.unpack("!BBHI" + form, sock.recv(64))
    if op != request[1] + 128 or result != 0:
        sys.exit(f"the gateway answers opcode {op}, result {result}")
    return rest


def main(gateway, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("", port))
        server.settimeout(ANSWER_S)
        address, = ask(gateway, b"\0\0", "4s")
        print("address", socket.inet_ntoa(address), flush=True)
        _, outside, _ = ask(gateway, struct.pack("!BBHHHI", 0, 1, 0, port, port, LIFETIME_S), "HHI")
        print("port", outside, flush=True)
        data, peer = server.recvfrom(2048)
        server.sendto(data, peer)
        print("visitor", peer[0], flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
