/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log_store DIRECTORY [DAYS [SUBSCRIBERS]]: puts the log of a made-up box (log_profile.h) into a
 * local store in an empty folder, and prints what appending a record costs, in CPU time of the
 * thread that does it, what sorting costs the other one, the size on disk, and how long traces of
 * random ports and times take: with the files in memory, and with them forgotten by the kernel.
 * DAYS 0: only traces, in what an earlier run of 90 days has left.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log_profile.h"
#include "logstore.h"
#include "logtrace.h"
#include "rand.h"
#include "segment.h"

enum { N_COLD = 100, N_WARM = 2000, TURN = 1024, DAY_MS = 86400000 };

static const char *dir;
static struct cgn_log_profile_params params;
static uint64_t end_ms;

static uint64_t
ns_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void
die(const char *what)
{
	fprintf(stderr, "log_store: %s\n", what);
	exit(1);
}

static struct cgn_logstore *
open_store(void)
{
	const struct cgn_logstore_limits limits = {.max_bytes = UINT64_C(1) << 40,
		.max_age_s = UINT64_C(400) * 86400,
		.segment_bytes = 32 << 20,
		.segment_s = 86400};
	struct cgn_errmsg err;
	struct cgn_logstore *store = cgn_logstore_open(dir, &limits, params.utc_ms, &err);

	if (store == NULL)
		die(err.text);
	return store;
}

/* Both threads' work on this one, each with its own sum. The profile's own cost is measured by
 * running it once without a store. */
static uint64_t
fill(struct cgn_logstore *store, uint64_t *put_ns, uint64_t *house_ns)
{
	struct cgn_natlog_record start = {
		.id = CGN_NATLOG_START, .number = 1, .utc_ms = params.utc_ms};
	struct cgn_log_profile *p = cgn_log_profile_create(&params);
	struct cgn_natlog_record batch[TURN];
	uint64_t n = 0, last_house = 0, t0;

	if (p == NULL)
		die("no memory");
	cgn_logstore_put(store, &start, NULL);
	do {
		for (int i = 0; i < TURN; i++)
			cgn_log_profile_next(p, &batch[i]);
		t0 = ns_of(CLOCK_THREAD_CPUTIME_ID);
		for (int i = 0; i < TURN; i++)
			cgn_logstore_put(store, &batch[i], NULL);
		cgn_logstore_turn(store, n, batch[TURN - 1].utc_ms);
		*put_ns += ns_of(CLOCK_THREAD_CPUTIME_ID) - t0;
		n += TURN;
		if (n - last_house > 500000) {
			last_house = n;
			t0 = ns_of(CLOCK_THREAD_CPUTIME_ID);
			cgn_logstore_house(store, batch[TURN - 1].utc_ms);
			*house_ns += ns_of(CLOCK_THREAD_CPUTIME_ID) - t0;
		}
	} while (batch[TURN - 1].utc_ms < end_ms);
	end_ms = batch[TURN - 1].utc_ms;
	cgn_log_profile_destroy(p);
	return n;
}

/* Bytes of all files; forget: their pages leave memory. */
static uint64_t
look_at_files(bool forget, int *n_files)
{
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	struct cgn_segment *list;
	int n = cgn_segment_list(dir_fd, &list);
	uint64_t size = 0;

	for (int i = 0; i < n; i++) {
		char name[CGN_SEGMENT_NAME_LEN];
		int fd;

		cgn_segment_name(&list[i], name);
		fd = openat(dir_fd, name, O_RDONLY);
		size += list[i].size;
		if (forget && fd >= 0) {
			fdatasync(fd);
			posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		}
		if (fd >= 0)
			close(fd);
	}
	free(list);
	close(dir_fd);
	*n_files = n;
	return size;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void
trace(const char *name, bool cold, int n)
{
	uint64_t *took = calloc((size_t)n, sizeof(*took)), n_found = 0, n_looked = 0;
	struct cgn_logtrace_answer answer;
	struct cgn_rand prng;
	int n_files;

	if (took == NULL)
		die("no memory");
	cgn_rand_init(&prng, cold ? 7 : 8);
	for (int i = 0; i < n; i++) {
		const uint32_t n_addrs = params.n_subscribers / params.ratio;
		const struct cgn_logtrace_question q = {
			.outside = 0xcb007100 + cgn_rand_below(&prng, n_addrs),
			.port = (uint16_t)(1024 + cgn_rand_below(&prng, 64000)),
			.proto = IPPROTO_TCP,
			.utc_ms = params.utc_ms +
				(uint64_t)cgn_rand_below(&prng, 1u << 30) *
					(end_ms - params.utc_ms) / (1u << 30),
			.span_ms = 1000};
		uint64_t t0;

		if (cold)
			look_at_files(true, &n_files);
		t0 = ns_of(CLOCK_MONOTONIC);
		if (cgn_logtrace(dir, &q, &answer) < 0)
			die("the log cannot be read");
		took[i] = ns_of(CLOCK_MONOTONIC) - t0;
		n_found += answer.n_holders > 0;
		n_looked += answer.n_files;
	}
	qsort(took, (size_t)n, sizeof(*took), compare);
	printf("{\"bench\":\"log_store_trace\",\"files\":\"%s\",\"n\":%d,\"found\":%llu,"
	       "\"files_looked_into\":%.1f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f}\n",
		name, n, (unsigned long long)n_found, (double)n_looked / n,
		(double)took[n / 2] / 1e6, (double)took[n * 99 / 100] / 1e6,
		(double)took[n - 1] / 1e6);
	fflush(stdout);
	free(took);
}

int
main(int argc, char **argv)
{
	uint64_t put_ns = 0, house_ns = 0, n, size;
	struct cgn_logstore *store;
	int n_files;

	if (argc < 2 || argc > 4)
		die("usage: log_store DIRECTORY [DAYS [SUBSCRIBERS]]");
	dir = argv[1];
	params = cgn_log_profile_defaults();
	if (argc > 3)
		params.n_subscribers = (uint32_t)atoi(argv[3]);
	end_ms = params.utc_ms +
		(uint64_t)(argc > 2 && atoi(argv[2]) > 0 ? atoi(argv[2]) : 90) * DAY_MS;
	if (argc > 2 && strcmp(argv[2], "0") == 0) {
		trace("warm", false, N_WARM);
		trace("cold", true, N_COLD);
		return 0;
	}
	store = open_store();
	n = fill(store, &put_ns, &house_ns);
	size = look_at_files(false, &n_files);
	printf("{\"bench\":\"log_store\",\"subscribers\":%u,\"records\":%llu,\"lost\":%llu,"
	       "\"append_ns\":%.0f,\"sort_ns\":%.0f,\"files\":%d,\"mib\":%.0f,"
	       "\"bytes_a_record\":%.1f}\n",
		params.n_subscribers, (unsigned long long)n,
		(unsigned long long)cgn_logstore_stats(store).lost, (double)put_ns / (double)n,
		(double)house_ns / (double)n, n_files, (double)size / (1 << 20),
		(double)size / (double)n);
	fflush(stdout);
	trace("warm", false, N_WARM);
	trace("cold", true, N_COLD);
	cgn_logstore_close(store);
	return 0;
}
