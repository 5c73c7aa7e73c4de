/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/journal against loss of power at every system call that changes the disk. A child
 * appends and flushes; at the chosen call it dies, and what it had not synced is cut off, zeroed or
 * garbled, a rename perhaps undone. Another child may die while it recovers. Then the journal must
 * open, and hold what it held at some moment between the last sync that succeeded and the end.
 * Random numbers print their seed.
 */
#include "journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "journal_file.h"
#include "journal_rig.h"
#include "rand.h"

enum { N_RECORDS = 2000, FLUSH_EVERY = 25, MAX_FDS = 32, EXIT_CRASH = 42 };

static struct cgn_journal_record script[N_RECORDS];

/* Seen by parent and child. */
static struct {
	uint32_t n_appended, n_synced;
} * progress;

/* The child's disk. */
static struct {
	uint32_t calls_left;
	struct cgn_rand rand;
	off_t dirty_from[MAX_FDS]; /* -1: all is synced */
	int dir_fd;                /* of a rename that is not synced; -1: none */
	char name[32];
} disk;

static void
start(void)
{
	rig_start();
	progress = mmap(
		NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(progress, MAP_FAILED);
}

static void
finish(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/before", rig.dir);
	unlink(path);
	rig_finish();
}

TestSuite(journal_crash, .init = start, .fini = finish, .timeout = 110);

static void
lose_unsynced(int fd)
{
	uint8_t bytes[64];
	struct stat st;
	off_t from = disk.dirty_from[fd];

	if (from < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || from >= st.st_size)
		return;
	from += cgn_rand_below(&disk.rand, (uint32_t)(st.st_size - from) + 1);
	switch (cgn_rand_below(&disk.rand, 4)) {
	case 0:
		if (ftruncate(fd, from) < 0)
			_exit(1);
		break;
	case 1:
		/* The length reached the disk, the bytes did not. */
		if (ftruncate(fd, from) < 0 || ftruncate(fd, st.st_size) < 0)
			_exit(1);
		break;
	case 2:
		for (uint32_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)cgn_rand_u64(&disk.rand);
		if (pwrite(fd, bytes, sizeof(bytes), from) < 0)
			_exit(1);
		break;
	default:
		break; /* all of it got there */
	}
}

static void
crash(void)
{
	for (int fd = 0; fd < MAX_FDS; fd++)
		lose_unsynced(fd);
	if (disk.dir_fd >= 0 && cgn_rand_below(&disk.rand, 2) == 0 &&
		renameat(disk.dir_fd, "before", disk.dir_fd, disk.name) < 0)
		_exit(1);
	_exit(EXIT_CRASH);
}

static bool
is_last_call(void)
{
	return disk.calls_left-- == 0;
}

static ssize_t
disk_pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	bool is_last = is_last_call();
	ssize_t n = pwrite(
		fd, buf, is_last ? cgn_rand_below(&disk.rand, (uint32_t)len) : len, offset);

	if (fd >= MAX_FDS || n < 0)
		_exit(1);
	if (disk.dirty_from[fd] < 0 || offset < disk.dirty_from[fd])
		disk.dirty_from[fd] = offset;
	if (is_last)
		crash();
	return n;
}

static int
disk_sync(int fd)
{
	if (is_last_call())
		crash();
	if (fd == disk.dir_fd) {
		unlinkat(fd, "before", 0);
		disk.dir_fd = -1;
	}
	disk.dirty_from[fd] = -1;
	return 0;
}

static int
disk_ftruncate(int fd, off_t size)
{
	if (is_last_call())
		crash();
	return ftruncate(fd, size);
}

static int
disk_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	bool is_last = is_last_call();

	if (is_last && cgn_rand_below(&disk.rand, 2) == 0)
		crash();
	unlinkat(to_dir, "before", 0);
	if (linkat(to_dir, to, to_dir, "before", 0) < 0 || renameat(from_dir, from, to_dir, to) < 0)
		_exit(1);
	disk.dir_fd = to_dir;
	strcpy(disk.name, to);
	if (is_last)
		crash();
	return 0;
}

static uint64_t
disk_now_utc_s(void)
{
	return RIG_NOW_UTC_S;
}

static const struct cgn_journal_sys crash_sys = {
	.pread = pread,
	.pwrite = disk_pwrite,
	.fsync = disk_sync,
	.fdatasync = disk_sync,
	.ftruncate = disk_ftruncate,
	.renameat = disk_renameat,
	.now_utc_s = disk_now_utc_s,
};

static void
ignore_replay(void *ctx, const struct cgn_journal_record *r)
{
	(void)ctx;
	(void)r;
}

/* The child: works through the script from where an earlier child stopped. */
static void
work(uint32_t n_calls, uint64_t seed)
{
	struct cgn_journal_report report;
	struct cgn_errmsg err;
	struct cgn_journal *j;

	cgn_journal_sys = &crash_sys;
	cgn_rand_init(&disk.rand, seed);
	disk.calls_left = n_calls;
	disk.dir_fd = -1;
	for (int fd = 0; fd < MAX_FDS; fd++)
		disk.dirty_from[fd] = -1;
	/* The least bound: the script compacts several times. */
	j = cgn_journal_open(rig.path, CGN_JOURNAL_MIN_BYTES, ignore_replay, NULL, &report, &err);
	if (j == NULL) {
		fprintf(stderr, "%s\n", err.text);
		_exit(1);
	}
	while (progress->n_appended < N_RECORDS) {
		bool sync = cgn_rand_below(&disk.rand, 2) == 0;

		if (cgn_journal_append(j, &script[progress->n_appended++]) < 0)
			_exit(1);
		if (progress->n_appended % FLUSH_EVERY != 0)
			continue;
		if (cgn_journal_flush(j, sync) < 0)
			_exit(1);
		if (sync)
			progress->n_synced = progress->n_appended;
	}
	cgn_journal_close(j);
	progress->n_synced = progress->n_appended;
	_exit(0);
}

/* Returns whether the child crashed, and not finished. */
static bool
run(uint32_t n_calls, uint64_t seed)
{
	pid_t pid = fork();
	int status;

	cr_assert_geq(pid, 0);
	if (pid == 0)
		work(n_calls, seed);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) &&
			(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == EXIT_CRASH),
		"calls %u, seed %llu: status %#x", n_calls, (unsigned long long)seed, status);
	return WEXITSTATUS(status) == EXIT_CRASH;
}

/* Opens as the next start would. Returns how many records of the script the journal holds. */
static uint32_t
expect_usable(uint32_t n_calls, uint64_t seed)
{
	struct model want;
	uint32_t n = 0;

	rig_open(CGN_JOURNAL_MIN_BYTES);
	model_init(&want);
	while (n < progress->n_synced)
		model_apply(&want, &script[n++], RIG_NOW_UTC_S);
	while (!model_is_same(&want, &rig.replayed)) {
		cr_assert_lt(n, progress->n_appended,
			"calls %u, seed %llu: %u records, unlike any moment between %u and %u",
			n_calls, (unsigned long long)seed, rig.replayed.n, progress->n_synced,
			progress->n_appended);
		model_apply(&want, &script[n++], RIG_NOW_UTC_S);
	}
	model_fini(&want);
	rig_close();
	return n;
}

static void
start_over(struct cgn_rand *rand)
{
	unlink(rig.path);
	progress->n_appended = progress->n_synced = 0;
	for (uint32_t i = 0; i < N_RECORDS; i++)
		script[i] = model_random(rand, RIG_NOW_UTC_S);
}

static uint64_t
seed_rand(struct cgn_rand *rand)
{
	uint64_t seed = (uint64_t)time(NULL);

	printf("seed %llu\n", (unsigned long long)seed);
	cgn_rand_init(rand, seed);
	return seed;
}

Test(journal_crash, loss_of_power_at_any_call_leaves_a_usable_file)
{
	struct cgn_rand rand;
	uint64_t seed = seed_rand(&rand);
	uint32_t n_calls = 0;

	for (;; n_calls++) {
		start_over(&rand);
		if (!run(n_calls, seed + n_calls))
			break;
		expect_usable(n_calls, seed + n_calls);
	}
	printf("%u calls\n", n_calls);
	cr_expect_eq(expect_usable(n_calls, seed + n_calls), N_RECORDS);
	cr_expect_gt(n_calls, 100);
}

Test(journal_crash, loss_of_power_again_and_again_leaves_a_usable_file)
{
	struct cgn_rand rand;
	uint64_t seed = seed_rand(&rand);

	for (uint32_t round = 0; round < 20; round++) {
		uint32_t n_crashes = 0;

		start_over(&rand);
		/* Few calls each time: many crashes are in the recovery from the one before. */
		while (run(cgn_rand_below(&rand, 12), seed++)) {
			n_crashes++;
			/* What is synced counts for the next child as what it begins with. */
			progress->n_appended = progress->n_synced = expect_usable(round, seed - 1);
		}
		cr_expect_gt(n_crashes, 10);
		cr_expect_eq(expect_usable(round, seed), N_RECORDS);
	}
}
