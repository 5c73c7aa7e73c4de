/* SPDX-License-Identifier: BSD-3-Clause */
/* Where tests keep files of their own: below TMPDIR, which test runs set and empty, or below /tmp.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SCRATCH_LEN = 96 }; /* leaves room for a socket's name in sockaddr_un */

/* Writes "DIRECTORY/NAME-XXXXXX" for mkdtemp or mkstemp, and returns it; ends the process when
 * TMPDIR is too long. Whoever makes the file removes it. */
static inline char *
scratch_template(char template[SCRATCH_LEN], const char *name)
{
	const char *dir = getenv("TMPDIR");
	int n = snprintf(template, SCRATCH_LEN, "%s/%s-XXXXXX", dir != NULL ? dir : "/tmp", name);

	if (n < 0 || n >= SCRATCH_LEN) {
		fprintf(stderr, "TMPDIR is too long: %s\n", dir);
		abort();
	}
	return template;
}

/* As scratch_template, but in memory where there is a folder for that: for tests that write a file
 * for each of many inputs. */
static inline char *
scratch_template_in_memory(char template[SCRATCH_LEN], const char *name)
{
	if (access("/dev/shm", W_OK) != 0)
		return scratch_template(template, name);
	snprintf(template, SCRATCH_LEN, "/dev/shm/%s-XXXXXX", name);
	return template;
}
