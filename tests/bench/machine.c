/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL, CPUs and clock of a bench; see machine.h. Main thread. */
#include "machine.h"

#include "log.h"

#include <cpuid.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>

static bool hugepages;
static cpu_set_t allowed; /* before EAL has pinned anything */

void
machine_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("bench: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

/* MiB in free pages of 2 MiB. */
static uint64_t
free_hugepages_mib(void)
{
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	char text[32] = "0";

	if (f == NULL)
		return 0;
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '0';
	fclose(f);
	return 2 * (uint64_t)strtoul(text, NULL, 10);
}

/* CPUID 80000007h EDX bit 8 (AMD APM 3 appendix E.4.6, Intel SDM 2A table 3-8). */
static void
want_invariant_tsc(void)
{
	unsigned int a, b, c, d;

	if (__get_cpuid(0x80000007, &a, &b, &c, &d) == 0 || (d & 1u << 8) == 0)
		machine_die("this CPU has no invariant TSC: spans cannot be measured with it");
}

/* EAL leaves its directory behind, empty. */
static void
stop_eal(void)
{
	const char *dir = rte_eal_get_runtime_dir();
	char path[256];

	snprintf(path, sizeof(path), "%s", dir);
	rte_eal_cleanup();
	rmdir(path);
}

static int
nth_cpu(uint32_t nth)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && nth-- == 0)
			return cpu;
	machine_die("there are only %d CPUs", CPU_COUNT(&allowed));
}

void
machine_start(uint32_t mib, bool want_hugepages, bool pin)
{
	static char texts[][64] = {
		"bench", "--no-pci", "--no-telemetry", "--log-level=lib.eal:4", "", "", "", "", ""};
	enum { N = sizeof(texts) / sizeof(texts[0]), LCORES = 4, PREFIX, MEMORY };
	char *args[N + 1] = {NULL};
	int n = N - 1;

	want_invariant_tsc();
	cgn_log_set_level(CGN_LOG_ERROR); /* a full table is what benches want */
	sched_getaffinity(0, sizeof(allowed), &allowed);
	hugepages = want_hugepages && free_hugepages_mib() >= mib;
	if (pin)
		snprintf(texts[LCORES], sizeof(texts[0]), "--lcores=0@%d",
			nth_cpu(machine_n_cpus() - 1));
	else
		snprintf(texts[LCORES], sizeof(texts[0]), "--lcores=0@(%d-%d)", nth_cpu(0),
			nth_cpu(machine_n_cpus() - 1));
	snprintf(texts[PREFIX], sizeof(texts[0]), "--file-prefix=bench%d", (int)getpid());
	if (hugepages) {
		snprintf(texts[MEMORY], sizeof(texts[0]), "--in-memory");
		n = MEMORY + 1;
	} else {
		snprintf(texts[MEMORY], sizeof(texts[0]), "--no-huge");
		snprintf(texts[MEMORY + 1], sizeof(texts[0]), "--no-shconf");
		snprintf(texts[MEMORY + 2], sizeof(texts[0]), "-m%u", mib);
		n = MEMORY + 3;
	}
	for (int i = 0; i < n; i++)
		args[i] = texts[i];
	if (rte_eal_init(n, args) < 0)
		machine_die("EAL does not start with %u MiB", mib);
	atexit(stop_eal);
}

const char *
machine_memory(void)
{
	return hugepages ? "hugepages 2 MiB" : "pages 4 KiB";
}

bool
machine_has_hugepages(void)
{
	return hugepages;
}

uint32_t
machine_n_cpus(void)
{
	return (uint32_t)CPU_COUNT(&allowed);
}

void
machine_pin(uint32_t nth)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(nth_cpu(nth), &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		machine_die("cannot stay on a CPU");
}

uint64_t
machine_preemptions(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return (uint64_t)usage.ru_nivcsw;
}

uint64_t
machine_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The least that a pair of calls takes. */
static uint64_t
pair_ns(void)
{
	enum { TRIES = 1000 };
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t ns = machine_cpu_ns();

		ns = machine_cpu_ns() - ns;
		least = ns < least ? ns : least;
	}
	return least;
}

uint64_t
machine_cpu_span(uint64_t began_ns)
{
	uint64_t ns = machine_cpu_ns() - began_ns;
	static uint64_t pair = UINT64_MAX;

	if (pair == UINT64_MAX)
		pair = pair_ns();
	return ns > pair ? ns - pair : 0;
}

bool
machine_is_optimised(void)
{
#ifdef __OPTIMIZE__
	return true;
#else
	return false;
#endif
}

double
machine_load(void)
{
	double load = 0;

	return getloadavg(&load, 1) == 1 ? load : 0;
}
