#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""_radius.py SECRET SESSION USER ADDRESS: sends the same Start twice from one socket to 127.0.0.1:1813
and prints both answers in hex; fails when one is missing or its Response Authenticator is wrong.
"""
import hashlib
import socket
import struct
import sys


def attribute(kind, value):
    return bytes([kind, 2 + len(value)]) + value


def main():
    secret, session, user = (a.encode() for a in sys.argv[1:4])
    attributes = b"".join([
        attribute(40, struct.pack("!I", 1)), attribute(44, session), attribute(1, user),
        attribute(8, socket.inet_aton(sys.argv[4])), attribute(4, socket.inet_aton("192.0.2.65")),
        attribute(33, b"first"), attribute(33, b"second")])
    head = struct.pack("!BBH", 4, 77, 20 + len(attributes))
    packet = head + hashlib.md5(head + bytes(16) + attributes + secret).digest() + attributes
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(10)
    s.connect(("127.0.0.1", 1813))
    for _ in range(2):
        s.send(packet)
        answer = s.recv(4096)
        signed = hashlib.md5(answer[:4] + packet[4:20] + answer[20:] + secret).digest()
        assert answer[4:20] == signed, "the Response Authenticator is wrong"
        print(answer.hex())


main()
