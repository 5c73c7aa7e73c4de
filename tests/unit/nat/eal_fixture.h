/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL for a test that needs rte_hash or rings: no hugepages, devices or files. Once per process. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>

static inline void
eal_fixture_start(void)
{
	char line[256], *args[24], *save = NULL;
	int n = 0;

	snprintf(line, sizeof(line),
		"test --no-huge -m 128 --no-pci --no-telemetry --no-shconf --log-level=lib.eal:4 "
		"-l 0 "
		"--file-prefix=ut%d",
		(int)getpid());
	for (char *word = strtok_r(line, " ", &save); word != NULL;
		word = strtok_r(NULL, " ", &save))
		args[n++] = word;
	args[n] = NULL;
	if (rte_eal_init(n, args) < 0)
		abort();
}
