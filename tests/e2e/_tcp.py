#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""One end of a TCP connection that idles until something ends it, and how it ended.

_tcp.py serve ADDRESS PORT     says "ready", takes one connection
_tcp.py connect ADDRESS PORT   opens one
_tcp.py stream ADDRESS PORT    opens one and sends all the time

Both say "open" once a byte has come from the other, then "reset", "closed", or "idle" after 30 s.
"""
import socket
import sys

IDLE_S = 30


def idle(sock, streams):
    sock.settimeout(IDLE_S)
    sock.sendall(b"x")
    try:
        if sock.recv(1) != b"x":
            return "closed"
        print("open", flush=True)
        while streams:
            sock.sendall(bytes(65536))
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "idle"
    return "closed"


def main(how, address, port):
    if how == "serve":
        with socket.create_server((address, port)) as server:
            print("ready", flush=True)
            sock = server.accept()[0]
    else:
        sock = socket.create_connection((address, port), IDLE_S)
    with sock:
        print(idle(sock, how == "stream"), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
