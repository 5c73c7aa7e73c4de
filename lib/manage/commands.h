/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operator's hand on the running box: the commands of commands.def on the DPDK telemetry
 * socket. Handlers run on telemetry's own threads, up to ten at a time; they read published state
 * and ask control for what control writes (lib/control/request.h), never more than a bounded slice
 * at once.
 */
#pragma once

struct cgn_box;

/* Makes the commands known and lets them answer about this box. Main thread. 0 or -errno. */
int cgn_manage_register(struct cgn_box *box);

/*
 * Waits for handlers that run, then lets commands answer only that the daemon stops: the library
 * cannot take them back. Main thread, while control still serves requests; before the box goes.
 */
void cgn_manage_detach(void);
