/* SPDX-License-Identifier: BSD-3-Clause */
/* A signal to each thread, one after the other; see all_threads.h. Called by confine.c. */
#include "all_threads.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	MAX_THREADS = 1024,
	WAIT_US = 100,
	WAITS = 50000 /* 5 s: a thread that only the scheduler keeps waiting comes before */
};

static int (*chosen_act)(void);
static atomic_int answered; /* by the thread of this number */
static atomic_int failure;

static void
on_signal(int sig)
{
	int saved = errno, rc = chosen_act();

	(void)sig;
	if (rc != 0)
		atomic_store(&failure, rc);
	atomic_store(&answered, (int)syscall(SYS_gettid));
	errno = saved;
}

/* One thread; a thread that is gone has done all it had to. */
static int
run_in(pid_t tid)
{
	atomic_store(&answered, 0);
	if (syscall(SYS_tgkill, getpid(), tid, SIGRTMIN) < 0)
		return errno == ESRCH ? 0 : -errno;
	for (int i = 0; i < WAITS; i++) {
		if (atomic_load(&answered) == tid)
			return -atomic_load(&failure);
		if (syscall(SYS_tgkill, getpid(), tid, 0) < 0 && errno == ESRCH)
			return 0;
		usleep(WAIT_US);
	}
	return -ETIMEDOUT;
}

static bool
is_known(const pid_t *tids, int n, pid_t tid)
{
	while (n-- > 0)
		if (tids[n] == tid)
			return true;
	return false;
}

/* One pass over the threads there are; *n grows by those that are new. */
static int
pass(pid_t *tids, int *n)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	int rc = 0;

	if (dir == NULL)
		return -errno;
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid <= 0 || is_known(tids, *n, tid))
			continue;
		if (*n == MAX_THREADS)
			rc = -E2BIG;
		else
			rc = run_in(tid);
		if (rc == 0)
			tids[(*n)++] = tid;
	}
	closedir(dir);
	return rc;
}

int
cgn_all_threads(int (*act)(void))
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, before;
	pid_t tids[MAX_THREADS];
	int n = 0, known, rc;

	chosen_act = act;
	atomic_store(&failure, 0);
	sigemptyset(&sa.sa_mask);
	sigaction(SIGRTMIN, &sa, &before);
	tids[n++] = (pid_t)syscall(SYS_gettid);
	do {
		known = n;
		rc = pass(tids, &n);
	} while (rc == 0 &&
		n > known); /* who is new may have been made by one who was not yet done */
	sigaction(SIGRTMIN, &before, NULL);
	return rc;
}
