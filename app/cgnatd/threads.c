/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loops of workers and control on their lcores, and how they rest when there is nothing to do
 * (cores.idle: sleep). A worker that sleeps is offline for RCU, so that control waits for nobody.
 */
#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <rte_launch.h>
#include <rte_lcore.h>

#include "daemon.h"
#include "log.h"

enum {
	IDLE_TURNS = 32,  /* empty turns before the first sleep */
	SLEEP_MIN_US = 5, /* doubles with each further empty turn */
	SLEEP_MAX_US = 250,
	TIMER_SLACK_NS = 1000 /* the default, 50 µs, would be most of a sleep */
};

/* Empty turns so far → how long to sleep before the next, 0: not yet. */
static unsigned int
sleep_us(uint32_t idle_turns)
{
	uint32_t n = idle_turns - IDLE_TURNS;

	if (idle_turns < IDLE_TURNS)
		return 0;
	if (n > 6 || SLEEP_MIN_US << n > SLEEP_MAX_US)
		return SLEEP_MAX_US;
	return SLEEP_MIN_US << n;
}

static void
account(struct cgn_counters *c, uint32_t work, cgn_ns_t spent)
{
	cgn_counter_add(&c->loops, 1);
	if (work == 0)
		return;
	cgn_counter_add(&c->busy_loops, 1);
	cgn_counter_add(&c->busy_ns, spent);
}

static void
worker_rest(struct cgn_worker *w, unsigned int us)
{
	rte_rcu_qsbr_thread_offline(w->dp->rcu, w->id);
	usleep(us);
	rte_rcu_qsbr_thread_online(w->dp->rcu, w->id);
	cgn_counter_add(&w->counters.sleep_ns, us * CGN_NS_PER_US);
}

static int
worker_main(void *arg)
{
	struct cgn_daemon *d = arg;
	struct cgn_worker *w = &d->box->workers[rte_lcore_id() - 1];
	bool may_sleep = d->conf->cores.idle == CGN_IDLE_SLEEP;
	uint32_t idle = 0;

	prctl(PR_SET_TIMERSLACK, (unsigned long)TIMER_SLACK_NS);
	cgn_worker_online(w);
	atomic_fetch_add(&d->n_online, 1);
	for (cgn_ns_t now = cgn_clock_now();
		!atomic_load_explicit(&d->stop, memory_order_relaxed);) {
		uint32_t n = cgn_worker_poll(w, now);
		cgn_ns_t after = cgn_clock_now();

		account(&w->counters, n, after - now);
		idle = n > 0 ? 0 : idle + (idle < UINT32_MAX);
		if (may_sleep && sleep_us(idle) > 0) {
			worker_rest(w, sleep_us(idle));
			after = cgn_clock_now();
		}
		now = after;
	}
	cgn_worker_offline(w);
	return 0;
}

static int
control_main(void *arg)
{
	struct cgn_daemon *d = arg;
	struct cgn_control *c = d->box->control;
	bool may_sleep = d->conf->cores.idle == CGN_IDLE_SLEEP;
	uint32_t idle = 0;

	prctl(PR_SET_TIMERSLACK, (unsigned long)TIMER_SLACK_NS);
	cgn_control_start(c, cgn_clock_now());
	cgn_exporter_restore(d);
	atomic_fetch_add(&d->n_online, 1);
	for (cgn_ns_t now = cgn_clock_now();
		!atomic_load_explicit(&d->stop, memory_order_relaxed);) {
		uint32_t n = cgn_control_poll(c, now);
		cgn_ns_t after = cgn_clock_now();

		account(&c->counters, n, after - now);
		idle = n > 0 ? 0 : idle + (idle < UINT32_MAX);
		if (may_sleep && sleep_us(idle) > 0) {
			usleep(sleep_us(idle));
			cgn_counter_add(&c->counters.sleep_ns, sleep_us(idle) * CGN_NS_PER_US);
			after = cgn_clock_now();
		}
		now = after;
	}
	return 0;
}

int
cgn_threads_start(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	unsigned int n = d->conf->cores.n_workers + 1u;

	for (unsigned int lcore = 1; lcore <= n; lcore++) {
		int rc = rte_eal_remote_launch(lcore == n ? control_main : worker_main, d, lcore);

		if (rc < 0) {
			cgn_errmsg_set(err, "the loop on lcore %u could not be launched", lcore);
			cgn_threads_stop(d);
			return rc;
		}
	}
	while (atomic_load(&d->n_online) < n)
		usleep(100); /* "ready" means that packets are taken */
	return 0;
}

void
cgn_threads_stop(struct cgn_daemon *d)
{
	atomic_store(&d->stop, true);
	rte_eal_mp_wait_lcore();
}
