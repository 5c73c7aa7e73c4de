#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does to a daemon what systemd does with Type=notify, WatchdogSec= and Restart=on-failure: listens on
NOTIFY_SOCKET, kills when the watchdog is not fed, starts again. _supervisor.py EVENTS SECONDS LOG
COMMAND...: a line in EVENTS for each thing said or done, "TIME PID WHAT". SIGTERM stops both.
"""
import os
import select
import signal
import socket
import sys
import time

RESTART_S = 0.1  # systemd's RestartSec=
ABORT_S = 1      # TimeoutAbortSec=: then SIGKILL


def main():
    path, watchdog, log, command = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4:]
    events = open(path, "a", buffering=1)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(path + ".sock")
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))

    def event(pid, what):
        events.write(f"{time.monotonic():.3f} {pid} {what}\n")

    def start():
        pid = os.fork()
        if pid != 0:
            return pid
        env = dict(os.environ, NOTIFY_SOCKET=path + ".sock", WATCHDOG_PID=str(os.getpid()),
                   WATCHDOG_USEC=str(int(watchdog * 1e6)))
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.execvpe(command[0], command, env)

    def kill(pid):
        event(pid, "watchdog kills")
        os.kill(pid, signal.SIGABRT)
        until = time.monotonic() + ABORT_S
        while time.monotonic() < until:
            if os.waitpid(pid, os.WNOHANG)[0] == pid:
                return
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def serve(pid):
        """Until it has ended; True: start it again."""
        fed = None
        while True:
            if select.select([listener], [], [], 0.02)[0]:
                for line in listener.recv(4096).decode().split("\n"):
                    event(pid, line)
                    if line == "STOPPING=1":
                        fed = None
                    elif line == "WATCHDOG=1" or (line == "READY=1" and fed is None):
                        fed = time.monotonic()
                continue
            if fed is not None and time.monotonic() - fed > watchdog:
                kill(pid)
                return True
            if stop == [True]:
                stop.append(True)
                os.kill(pid, signal.SIGTERM)
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended == pid:
                event(pid, f"ended {os.waitstatus_to_exitcode(status)}")
                return status != 0 and not stop

    while True:
        pid = start()
        event(pid, "started")
        if not serve(pid):
            break
        time.sleep(RESTART_S)


main()
