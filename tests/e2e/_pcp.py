#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A PCP client for the end-to-end tests (RFC 6887); prints the answer in one line.

_pcp.py GATEWAY announce
_pcp.py GATEWAY map tcp|udp PORT LIFETIME [--suggest PORT] [--nonce N] [--filter ADDRESS/LENGTH]…
    [--listen SECONDS]    for what the gateway then says by itself, a line each
"""
import argparse
import socket
import struct
import sys
import time

PROTOCOLS = {"tcp": 6, "udp": 17}
TRIES_S = (0.5, 1, 2)


def v4mapped(address):
    return bytes(10) + b"\xff\xff" + socket.inet_aton(address)


def filter_option(text):
    address, _, length = text.partition("/")
    return struct.pack("!BxH", 3, 20) + struct.pack("!xBH", 96 + int(length or 32), 0) + \
        v4mapped(address)


def exchange(sock, request):
    sock.send(request)
    for seconds in TRIES_S:
        sock.settimeout(seconds)
        try:
            return sock.recv(1100)
        except TimeoutError:
            sock.send(request)
    sys.exit("no answer")


def request_of(args, own):
    lifetime = args.lifetime if args.opcode == "map" else 0
    head = struct.pack("!BBHI", 2, 1 if args.opcode == "map" else 0, 0, lifetime) + v4mapped(own)
    if args.opcode == "announce":
        return head
    body = args.nonce.to_bytes(12, "big") + struct.pack(
        "!B3xHH", PROTOCOLS[args.protocol], args.port, args.suggest) + v4mapped("0.0.0.0")
    return head + body + b"".join(map(filter_option, args.filter))


def line_of(answer):
    _, opcode, _, result, lifetime, epoch = struct.unpack("!BBBBII", answer[:12])
    line = f"result {result} life {lifetime} epoch {epoch}"
    if opcode == 0x81:
        port, = struct.unpack("!H", answer[42:44])
        line += f" address {socket.inet_ntoa(answer[56:60])} port {port}"
    return line


def listen(sock, seconds):
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            print("said", line_of(sock.recv(1100)), flush=True)
        except TimeoutError:
            break


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gateway")
    verbs = parser.add_subparsers(dest="opcode", required=True)
    verbs.add_parser("announce")
    verb = verbs.add_parser("map")
    verb.add_argument("protocol", choices=PROTOCOLS)
    verb.add_argument("port", type=int)
    verb.add_argument("lifetime", type=int)
    verb.add_argument("--suggest", type=int, default=0)
    verb.add_argument("--nonce", type=int, default=1)
    verb.add_argument("--filter", action="append", default=[])
    verb.add_argument("--listen", type=float, default=0)
    args = parser.parse_args()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((args.gateway, 5351))
        request = request_of(args, sock.getsockname()[0])
        answer = exchange(sock, request)
        version, opcode, _, result = struct.unpack("!BBBB", answer[:4])
        if version != 2 or opcode != request[1] | 0x80:
            sys.exit(f"the gateway answers version {version}, opcode {opcode}")
        print(line_of(answer), flush=True)
        if args.opcode == "map":
            listen(sock, args.listen)
    return result


if __name__ == "__main__":
    sys.exit(main())
