/* SPDX-License-Identifier: BSD-3-Clause */
/* See terminal.h. Called by watch.c and top.c. */
#include "terminal.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t caught; /* written by the signal handler */

bool
cgn_terminal_is(FILE *out)
{
	const int fd = fileno(out);

	return fd >= 0 && isatty(fd);
}

void
cgn_terminal_size(FILE *out, int *rows, int *columns)
{
	struct winsize size = {0};

	*rows = 24;
	*columns = 80;
	if (fileno(out) < 0 || ioctl(fileno(out), TIOCGWINSZ, &size) < 0)
		return;
	if (size.ws_row > 0)
		*rows = size.ws_row;
	if (size.ws_col > 0)
		*columns = size.ws_col;
}

static void
remember(int number)
{
	caught = number;
}

void
cgn_terminal_catch(void)
{
	const struct sigaction action = {.sa_handler = remember}; /* no SA_RESTART: waits end */

	caught = 0;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool
cgn_terminal_caught(void)
{
	return caught != 0;
}

uint64_t
cgn_terminal_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

bool
cgn_terminal_wait(uint64_t ms)
{
	struct timespec left = {
		.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};

	while (!cgn_terminal_caught() && nanosleep(&left, &left) < 0 && errno == EINTR)
		;
	return !cgn_terminal_caught();
}
