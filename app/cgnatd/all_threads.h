/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The same act in every thread of the process, also those that libraries have made: what the kernel
 * keeps for each thread (capabilities) can only be given up there. libpsx of Debian 12 knows
 * threads only that the program itself has made, so not EAL's.
 */
#pragma once

/*
 * Runs act, which must be safe in a signal handler and return 0 or a positive errno, in all threads
 * but the calling one, by a signal, and waits for each. Threads that begin meanwhile are found too.
 * 0; negative errno: of act; -ETIMEDOUT when a thread blocks the signal. One caller at a time.
 */
int cgn_all_threads(int (*act)(void));
