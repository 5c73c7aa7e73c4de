# SPDX-License-Identifier: BSD-3-Clause
"""FTP and GRE for protocols.sh. ftp-serve DIRECTORY and gre-echo run on the Internet's side, ftp-get
PORT|EPRT|PASV and gre-ask [PROTOCOL] on a subscriber's."""
import ftplib
import socket
import sys

SERVER = "192.0.2.1"
TEXT = b"\0\0\x08\0" + b"hello"  # GRE without options, of IPv4


def ftp_serve(directory):
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

    FTPHandler.authorizer = DummyAuthorizer()
    FTPHandler.authorizer.add_anonymous(directory)
    server = FTPServer((SERVER, 21), FTPHandler)
    print("ready", flush=True)
    server.serve_forever()


class Active(ftplib.FTP):
    """PORT or EPRT as wanted; ftplib would choose."""
    command = "PORT"

    def makeport(self):
        listener = socket.create_server((self.sock.getsockname()[0], 0), backlog=1)
        host, port = listener.getsockname()[:2]
        if self.command == "PORT":
            self.voidcmd("PORT " + ",".join(host.split(".") + [str(port >> 8), str(port & 255)]))
        else:
            self.voidcmd(f"EPRT |1|{host}|{port}|")
        listener.settimeout(self.timeout)
        return listener


def ftp_get(how):
    client = Active(SERVER, timeout=6)
    client.login()
    client.command = how
    client.set_pasv(how == "PASV")
    for _ in range(2):  # the second transfer's numbers stand on the first edit's
        parts = []
        client.retrbinary("RETR file", parts.append)
    sys.stdout.buffer.write(b"".join(parts))
    client.quit()


def gre_echo():
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, 47) as s:
        s.bind((SERVER, 0))
        print("ready", flush=True)
        while True:
            packet, (source, _) = s.recvfrom(2048)
            print("from", source, flush=True)
            s.sendto(packet[20:] + b" yourself", (source, 0))


def gre_ask(protocol="47"):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, int(protocol)) as s:
        s.settimeout(1)
        s.sendto(TEXT, (SERVER, 0))
        packet, (source, _) = s.recvfrom(2048)
    if source != SERVER or packet[20:] != TEXT + b" yourself":
        sys.exit(f"{source}: {packet[20:]!r}")


try:
    {"ftp-serve": ftp_serve, "ftp-get": ftp_get, "gre-echo": gre_echo, "gre-ask": gre_ask}[
        sys.argv[1]](*sys.argv[2:])
except (OSError, ftplib.Error) as e:
    sys.exit(str(e))
