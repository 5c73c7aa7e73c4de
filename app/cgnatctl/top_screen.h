/* SPDX-License-Identifier: BSD-3-Clause */
/* cgnatctl top on the screen, with ncurses: draws, waits for keys and for the time to look again.
 */
#pragma once

#include "top_model.h"

/* Until q or a signal. CGN_EXIT_USAGE with the reason printed when the terminal is not known. */
enum cgn_exit cgn_top_screen_run(
	struct cgn_top_model *m, struct cgn_client *client, const struct cgn_client_where *where);
