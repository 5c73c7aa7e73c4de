/* SPDX-License-Identifier: BSD-3-Clause */
/* What the terminal is like, and ^C. Main thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

bool cgn_terminal_is(FILE *out);

/* Rows and columns; 24 and 80 when they cannot be known. */
void cgn_terminal_size(FILE *out, int *rows, int *columns);

/* From now on SIGINT and SIGTERM only end waits, and are remembered. */
void cgn_terminal_catch(void);
bool cgn_terminal_caught(void);

/* Waits; false when it was interrupted for good. */
bool cgn_terminal_wait(uint64_t ms);

/* Monotonic. */
uint64_t cgn_terminal_now_ns(void);
