#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""cgnatctl top on a terminal of its own: what a person sees, key by key.

usage: _top_screen.py LAB   (scripts/lab)
"""
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time

import pyte

LAB = sys.argv[1]
FAILED = False
WAIT_S = 20


class Top:
    """A running top and the screen that it draws on."""

    def __init__(self, rows=24, columns=80, env=None):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        pid, self.fd = pty.fork()
        if pid == 0:
            os.environ["TERM"] = "linux"  # all of it is in pyte; REP and SU of xterm are not
            os.environ.pop("NO_COLOR", None)
            os.environ.update(env or {})
            os.execv(LAB, [LAB, "ctl", "top", "--interval", "0.3"])
        self.pid = pid
        self.resize(rows, columns)

    def resize(self, rows, columns):
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def text(self):
        return "\n".join(self.screen.display)

    def feed(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the other end is gone
            return False
        self.raw += data
        self.stream.feed(data)
        return True

    def wait(self, sentence, found):
        """Until what is seen is so."""
        end = time.monotonic() + WAIT_S
        while not found(self.text()) and time.monotonic() < end and self.feed(0.1):
            pass
        check(sentence, found(self.text()), self.text())

    def key(self, key):
        os.write(self.fd, key.encode())

    def end(self, sentence):
        """Status of the program, which has been told to end."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            self.feed(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                check(sentence, status == 0, f"wait status {status}")
                os.close(self.fd)
                return
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        check(sentence, False, "it goes on")


def check(sentence, is_so, why):
    global FAILED
    print(f"{'ok' if is_so else 'not ok'} - {sentence}")
    if not is_so:
        FAILED = True
        print("\n".join("# " + line for line in str(why).splitlines()))


def lab(*words):
    subprocess.run([LAB, *words], check=True, capture_output=True)


def colours(raw):
    """Foreground colours that were set (SGR 30 to 37, 90 to 97, 38)."""
    found = set()
    for part in raw.split(b"\x1b[")[1:]:
        number, m, _ = part.partition(b"m")
        if m and all(c in b"0123456789;" for c in number):
            found |= {n for n in number.split(b";") if n in (b"30", b"31", b"32", b"33", b"38")}
    return found


def drive():
    top = Top()
    top.wait("top shows the tenants with their rates",
             lambda t: "NEW/S" in t and any(line.startswith("a ") and " - " not in line[:40]
                                            for line in t.splitlines()))
    check("its header has traffic, mappings, cores and alarms",
          all(word in top.text() for word in ("received", "pkt/s", "mappings", "cores", "alarms")),
          top.text())
    check("the last line tells the keys", "q quit" in top.text().splitlines()[-1], top.text())
    check("a terminal has colours", colours(top.raw), top.raw[-200:])
    top.key("s")
    top.wait("s shows subscribers by address", lambda t: "100.64.0.10" in t and "ADDRESS" in t)
    top.key("f")
    top.wait("f shows fates", lambda t: "in2out" in t and "PKT/S" in t)
    top.key("p")
    top.wait("p shows pools", lambda t: "POOL%" in t and "203.0.113." in t)
    top.key("/")
    top.wait("/ asks for a tenant", lambda t: "tenant (empty: all)" in t)
    top.key("b\n")
    top.wait("only that tenant is shown",
             lambda t: "of tenant b" in t and "203.0.113.3" in t and "203.0.113.1" not in t)
    top.key("/nobody\n")
    top.wait("a tenant that is none is told", lambda t: "nobody" in t and "tenant:" in t)
    top.key("/\n")
    top.key("t")
    top.key(" ")
    top.wait("the space bar pauses", lambda t: "PAUSED" in t)
    top.key("  ")
    top.resize(30, 120)
    top.wait("a wider terminal has more columns", lambda t: "OUT PKT/S" in t)
    top.resize(10, 40)
    top.wait("a small one has fewer", lambda t: "NEW/S" in t and "OUT BIT/S" not in t)
    top.resize(24, 80)
    top.key(" ")
    lab("stop")
    top.wait("a daemon that is gone is told", lambda t: "NO ANSWER" in t)
    check("what was there stays", "NEW/S" in top.text() and "mappings" in top.text(), top.text())
    lab("start")
    top.wait("and when it is back, it is shown again", lambda t: "NO ANSWER" not in t)
    top.key("h")
    top.wait("h tells the keys", lambda t: "pause, and go on" in t)
    top.key("x")
    top.key("q")
    top.end("q ends it with status 0")

    plain = Top(env={"NO_COLOR": "1"})
    plain.wait("it starts with NO_COLOR", lambda t: "NEW/S" in t)
    check("without colours", not colours(plain.raw), plain.raw[-200:])
    plain.key("\x03")
    plain.end("^C ends it with status 0")


drive()
sys.exit(FAILED)
