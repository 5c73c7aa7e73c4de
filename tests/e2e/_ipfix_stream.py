# SPDX-License-Identifier: BSD-3-Clause
"""_ipfix_stream.py STREAM PCAP: IPFIX messages as a TCP or TLS collector got them, one datagram each, for
programs that read captures (RFC 7011 3.1: bytes 2 and 3 are the length)."""
import struct
import sys


def datagrams(data):
    while len(data) >= 16:
        version, length = struct.unpack(">HH", data[:4])
        if version != 10 or length < 16:
            sys.exit("no message of IPFIX begins here: %s" % data[:4].hex())
        if length > len(data):
            return
        yield data[:length]
        data = data[length:]


def main():
    with open(sys.argv[1], "rb") as stream, open(sys.argv[2], "wb") as pcap:
        pcap.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))  # 101: raw IP
        for payload in datagrams(stream.read()):
            udp = struct.pack(">HHHH", 40000, 4739, 8 + len(payload), 0) + payload
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\2")
            pcap.write(struct.pack("<IIII", 0, 0, len(ip + udp), len(ip + udp)) + ip + udp)


main()
