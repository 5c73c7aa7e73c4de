# SPDX-License-Identifier: BSD-3-Clause
"""_ten_flows.py serve: prints "TENANT PORT ADDRESS:PORT" of each of ten flows as an outside server sees it.
_ten_flows.py send TENANT PORT...: opens flows from those ports: UDP from odd, TCP from even ones."""
import selectors
import socket
import sys

SERVER = ("192.0.2.1", 7008)


def serve():
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    tcp = socket.socket()
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    ready = selectors.DefaultSelector()
    for s in (udp, tcp):
        s.bind(SERVER)
        ready.register(s, selectors.EVENT_READ)
    tcp.listen()
    print("ready", flush=True)
    for _ in range(10):
        s = ready.select()[0][0].fileobj
        if s is udp:
            text, peer = udp.recvfrom(64)
        else:
            connection, peer = tcp.accept()
            text = connection.recv(64)
        print("%s %s:%u" % (text.decode(), *peer), flush=True)


def send(tenant, ports):
    for port in ports:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if port % 2 else socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("", port))
        s.connect(SERVER)
        s.send(b"%s %u" % (tenant.encode(), port))


if sys.argv[1] == "serve":
    serve()
else:
    send(sys.argv[2], [int(port) for port in sys.argv[3:]])
