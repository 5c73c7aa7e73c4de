#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""vectors.py: prints vectors.h for test_radius_packet.c, made with Python's hashlib and hmac, which
share nothing with the code under test. The two packets of radclient are what FreeRADIUS 3.2.1 sent
(radclient ADDRESS acct testing123), so that its signatures are judged, and the makers here by them.
"""
import hashlib
import hmac
import struct

SECRET = b"testing123"
RADCLIENT_START = bytes.fromhex(
    "0481005da8ba33d41db4c9e2eee65e73121d01da2806000000012c08532d303030310113616c69636540657861"
    "6d706c652e6e657408066440000a0406c00002412006626e67311906676f6c6421056f6e6537066553f1002105"
    "74776f")
RADCLIENT_STOP = bytes.fromhex(
    "049d0059f798a16c1e71dad7d19e98ae94bd30782806000000022c08532d303030310113616c69636540657861"
    "6d706c652e6e657408066440000a0406c00002412906000000075012ff176781034e616417e7d55118698fe6")


def attribute(kind, value):
    return bytes([kind, 2 + len(value)]) + value


MESSAGE_AUTHENTICATOR = attribute(80, bytes(16))


def request(identifier, attributes, sign_message=False):
    """With sign_message attributes hold MESSAGE_AUTHENTICATOR, which gets its value."""
    head = struct.pack("!BBH", 4, identifier, 20 + len(attributes))
    if sign_message:
        mac = hmac.new(SECRET, head + bytes(16) + attributes, hashlib.md5).digest()
        attributes = attributes.replace(MESSAGE_AUTHENTICATOR, attribute(80, mac))
    return head + hashlib.md5(head + bytes(16) + attributes + SECRET).digest() + attributes


def response(asked, attributes=b""):
    head = struct.pack("!BBH", 5, asked[1], 20 + len(attributes))
    return head + hashlib.md5(head + asked[4:20] + attributes + SECRET).digest() + attributes


def c_array(name, data):
    print(f"static const uint8_t {name}[] = {{{', '.join(str(b) for b in data)}}};")


def main():
    start = attribute(40, struct.pack("!I", 1)) + attribute(44, b"7") + \
        attribute(4, bytes([192, 0, 2, 1]))
    assert request(RADCLIENT_START[1], RADCLIENT_START[20:]) == RADCLIENT_START
    assert RADCLIENT_STOP == request(
        RADCLIENT_STOP[1], RADCLIENT_STOP[20:-18] + MESSAGE_AUTHENTICATOR, True)
    print("/* Made by vectors.py. */\n#include <stdint.h>")
    print(f'#define VECTOR_SECRET "{SECRET.decode()}"')
    c_array("radclient_start", RADCLIENT_START)
    c_array("radclient_start_answer",
            response(RADCLIENT_START, attribute(33, b"one") + attribute(33, b"two")))
    c_array("radclient_stop", RADCLIENT_STOP)
    c_array("radclient_stop_answer", response(RADCLIENT_STOP))
    c_array("message_first", request(4, MESSAGE_AUTHENTICATOR + start, True))
    c_array("message_wrong", request(4, MESSAGE_AUTHENTICATOR + start))
    most = b"".join(attribute(33, bytes([n]) * 253) for n in range(15)) + attribute(33, b"z" * 233)
    longest = request(5, start + most)
    assert len(longest) == 4095
    c_array("longest", longest)
    c_array("longest_answer", response(longest, most))


if __name__ == "__main__":
    main()
