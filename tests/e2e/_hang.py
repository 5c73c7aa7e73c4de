#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""_hang.py PID NAME: stops the one thread of the process that is called NAME, as a debugger would, until
the process is gone. Signals stop whole processes only. Says "hung".
"""
import ctypes
import os
import sys

PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 0x4206, 0x4207, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, tid):
    if libc.ptrace(request, tid, None, None) < 0:
        sys.exit(f"ptrace: {os.strerror(ctypes.get_errno())}")


def main():
    task = f"/proc/{sys.argv[1]}/task"
    tids = [int(t) for t in os.listdir(task) if open(f"{task}/{t}/comm").read().strip() == sys.argv[2]]
    if len(tids) != 1:
        sys.exit(f"{len(tids)} threads are called {sys.argv[2]}")
    ptrace(PTRACE_SEIZE, tids[0])
    ptrace(PTRACE_INTERRUPT, tids[0])
    status = os.waitpid(tids[0], WALL)[1]
    print("hung", flush=True)
    while os.WIFSTOPPED(status):
        status = os.waitpid(tids[0], WALL)[1]


main()
