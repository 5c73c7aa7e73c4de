/* SPDX-License-Identifier: BSD-3-Clause */
/* The system calls that the running daemon may make. */
#pragma once

/*
 * From now on, in all threads and for good: what is in the lists of syscalls.def is done or ends
 * the process, all else fails with ENOSYS and a line in the kernel's log. Needs no_new_privs. 0 or
 * negative errno.
 */
int cgn_syscalls_filter(void);
