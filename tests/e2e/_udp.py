#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""UDP for the end-to-end tests, one datagram a flow and never a second try.

_udp.py serve ADDRESS PORT     answers every datagram with itself; says "ready"
_udp.py ask ADDRESS PORT N     N flows, each from a socket of its own; prints how many were answered
_udp.py first ADDRESS PORT S   one flow, a datagram every 5 ms until one is answered or S seconds
                               are over; prints when that was, in seconds since the machine started
_udp.py steady ADDRESS PORT S  one flow, a datagram every 5 ms for S seconds, never two at once; prints
                               how many were sent and how many answered
_udp.py long ADDRESS PORT N    a datagram of N octets that may be cut: says "answered" if it comes back
_udp.py told ADDRESS PORT N    one that may not: prints the MTU that its sender has been told
"""
import select
import socket
import sys
import time

ANSWER_S = 2.0
EVERY_S = 0.005
IP_MTU_DISCOVER, IP_MTU, PMTUDISC_DONT, PMTUDISC_DO = 10, 14, 0, 2 # linux/in.h; socket has no names


def serve(address, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, port))
    print("ready", flush=True)
    while True:
        data, peer = sock.recvfrom(65535)
        sock.sendto(data, peer)


def ask(address, port, n):
    sockets = {}
    for i in range(n):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect((address, port))
        sock.send(b"flow %d" % i)
        sockets[sock] = b"flow %d" % i
    deadline = time.monotonic() + ANSWER_S
    answered = 0
    while sockets and time.monotonic() < deadline:
        for sock in select.select(list(sockets), [], [], deadline - time.monotonic())[0]:
            answered += sock.recv(2048) == sockets.pop(sock)
    print(answered)
    return 0 if answered == n else 1


def long(address, port, size):
    data = bytes(i % 251 for i in range(size))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DONT)
    sock.settimeout(ANSWER_S)
    sock.connect((address, port))
    sock.send(data)
    if sock.recv(65535) != data:
        print("something else came back")
        return 1
    print("answered")
    return 0


def told(address, port, size):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DO)
    sock.connect((address, port))
    sock.send(bytes(size))
    select.select([sock], [], [], ANSWER_S) # the error wakes it
    print(sock.getsockopt(socket.IPPROTO_IP, IP_MTU))
    return 0


def first(address, port, seconds):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect((address, port))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            sock.send(b"first")
            if select.select([sock], [], [], EVERY_S)[0]:
                sock.recv(2048)
                print(f"{time.clock_gettime(time.CLOCK_BOOTTIME):.3f}")
                return 0
        except OSError:
            time.sleep(EVERY_S)
    return 1


def steady(address, port, seconds):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect((address, port))
    began = time.monotonic()
    sent, answered = 0, set()
    while time.monotonic() - began < seconds + ANSWER_S and (
            len(answered) < sent or time.monotonic() - began < seconds):
        if time.monotonic() - began < seconds:
            sock.send(b"%d" % sent)
            sent += 1
        due = time.monotonic() + EVERY_S
        while select.select([sock], [], [], max(0, due - time.monotonic()))[0]:
            answered.add(sock.recv(2048))
    print(f"{sent} sent, {len(answered)} answered")
    return 0 if len(answered) == sent else 1


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    verbs = {"ask": ask, "first": first, "steady": steady, "long": long, "told": told}
    if len(sys.argv) != 5 or sys.argv[1] not in verbs:
        sys.exit(__doc__)
    sys.exit(verbs[sys.argv[1]](sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
