/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine under a bench: EAL with hugepages if there are any, a CPU of its own, the clock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_cycles.h>

/*
 * Starts EAL for about so many MiB of tables and buffers. Hugepages are taken when so many are
 * free and the caller wants them, else pages of 4 KiB. pin: the calling thread stays on the last
 * CPU that it may use. Ends the process with a message when that fails. Once, main thread.
 */
void machine_start(uint32_t mib, bool want_hugepages, bool pin);

/* "hugepages 2 MiB" or "pages 4 KiB". */
const char *machine_memory(void);
bool machine_has_hugepages(void);

/* CPUs that this process may use, and the nth of them. */
uint32_t machine_n_cpus(void);
void machine_pin(uint32_t nth);

/* The thread has lost its CPU to another so many times since it began. */
uint64_t machine_preemptions(void);

/*
 * ns of CPU that the thread has had: work of others on the machine does not count, but what it does
 * to the caches. A system call: for spans from a microsecond up. The cost of a pair of calls is
 * subtracted from a span by machine_cpu_span.
 */
uint64_t machine_cpu_ns(void);
uint64_t machine_cpu_span(uint64_t began_ns);

/* Was the bench, and with it all of the project, compiled to be fast? */
bool machine_is_optimised(void);

/* Threads of the machine that want a CPU, on average over the last minute. */
double machine_load(void);

/* Ends the process. */
void machine_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/*
 * Time stamps for short spans. machine_start has made sure that the TSC is invariant: it counts at
 * one rate whatever the CPU does. The precise one waits for what came before it.
 */
static inline uint64_t
machine_tsc(void)
{
	return rte_rdtsc_precise();
}

static inline double
machine_ns(uint64_t ticks)
{
	return (double)ticks * 1e9 / (double)rte_get_tsc_hz();
}
