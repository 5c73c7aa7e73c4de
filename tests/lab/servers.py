#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The hosts of the lab's Internet: HTTP on 192.0.2.1 (80 and 8080), echo on 192.0.2.3:7.

GET /            a page that says which address and port the request came from
GET /ip          that address alone
GET /file50      50 MiB, the same bytes at every start
GET /file50.sha256
GET /bytes/N     N bytes of the same file
PUT or POST /*   answers with the SHA-256 and the length of what it got

Prints "servers: ready" when every port listens. Run by scripts/lab in cgn-wan.
"""
import hashlib
import http.server
import random
import socket
import socketserver
import sys
import threading

FILE = random.Random(2014).randbytes(50 << 20)
FILE_SHA256 = hashlib.sha256(FILE).hexdigest()
HTTP_PORTS = (80, 8080)
BACKLOG = 1024


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "lab"

    def answer(self, body, kind="text/plain", status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        host, port = self.client_address
        if self.path == "/":
            page = f"<html><body><p>Hello {host} port {port}, this is 192.0.2.1.</p></body></html>\n"
            self.answer(page.encode(), "text/html")
        elif self.path == "/ip":
            self.answer(f"{host}\n".encode())
        elif self.path == "/file50":
            self.answer(memoryview(FILE), "application/octet-stream")
        elif self.path == "/file50.sha256":
            self.answer(f"{FILE_SHA256}\n".encode())
        elif self.path.startswith("/bytes/") and self.path[7:].isdigit():
            self.answer(memoryview(FILE)[:int(self.path[7:])], "application/octet-stream")
        else:
            self.answer(b"not here\n", status=404)

    def do_PUT(self):
        left = length = int(self.headers.get("Content-Length", 0))
        digest = hashlib.sha256()
        while left > 0:
            piece = self.rfile.read(min(left, 1 << 16))
            if not piece:
                break
            digest.update(piece)
            left -= len(piece)
        self.answer(f"{digest.hexdigest()} {length - left}\n".encode())

    do_POST = do_PUT

    def log_message(self, *_):
        pass


class HttpServer(http.server.ThreadingHTTPServer):
    request_queue_size = BACKLOG
    allow_reuse_address = True
    daemon_threads = True


class TcpEcho(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(1 << 16):
            self.request.sendall(data)


class TcpEchoServer(socketserver.ThreadingTCPServer):
    request_queue_size = BACKLOG
    allow_reuse_address = True
    daemon_threads = True


def udp_echo(sock):
    while True:
        data, peer = sock.recvfrom(1 << 16)
        sock.sendto(data, peer)


def main():
    servers = [HttpServer(("192.0.2.1", port), Handler) for port in HTTP_PORTS]
    servers.append(TcpEchoServer(("192.0.2.3", 7), TcpEcho))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("192.0.2.3", 7))
    threads = [threading.Thread(target=server.serve_forever, daemon=True) for server in servers]
    threads.append(threading.Thread(target=udp_echo, args=(sock,), daemon=True))
    for thread in threads:
        thread.start()
    print("servers: ready", flush=True)
    threads[0].join()


if __name__ == "__main__":
    sys.exit(main())
