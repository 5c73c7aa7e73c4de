#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a program learns from ICMP errors: connects a socket, sends, and says what the kernel says.

_refused.py udp|tcp ADDRESS PORT
prints "refused", "unreachable", "answered", another error's name, or "nothing" after 4 s. UDP is sent
twice a second, since hosts limit how many errors they send to one address.
"""
import errno
import socket
import sys
import time

WAIT_S = 4.0
AGAIN_S = 0.5
SAYS = {errno.ECONNREFUSED: "refused", errno.EHOSTUNREACH: "unreachable"}


def talk(sock):
    deadline = time.monotonic() + WAIT_S
    sock.settimeout(AGAIN_S)
    while True:
        try:
            sock.send(b"anybody there?")
            return sock.recv(2048)
        except TimeoutError:
            if time.monotonic() >= deadline:
                raise


def main(kind, address, port):
    sock = socket.socket(
        socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    sock.settimeout(WAIT_S)
    sock.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR: soft errors at once, too
    try:
        sock.connect((address, int(port)))
        if kind == "udp":
            talk(sock)
        return "answered"
    except TimeoutError:
        return "nothing"
    except OSError as error:
        return SAYS.get(error.errno, errno.errorcode.get(error.errno, str(error)))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    print(main(*sys.argv[1:]))
