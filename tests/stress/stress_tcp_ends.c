/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both directions of a connection on two workers: what they note at the same moment must not undo
 * each other. Many connections are closed from both sides at once.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "tcp_track.h"

enum { N_ROUNDS = 2000, N_MAPPINGS = 64, FIN = 0x01, SYN = 0x02, ACK = 0x10 };

static struct cgn_mapping mappings[N_MAPPINGS];
static _Atomic uint32_t round_at, n_done;

static const rte_be32_t peer = RTE_BE32(0xc0000201);

static void
wait_for(const _Atomic uint32_t *counter, uint32_t value)
{
	for (uint32_t spins = 1; atomic_load(counter) < value; spins++)
		if (spins % 10000 == 0)
			sched_yield();
}

/* Both threads go through the connections in the same order, at the same time. */
static void
close_side(enum cgn_dir dir)
{
	for (uint32_t i = 0; i < N_MAPPINGS; i++)
		cgn_tcp_track_slow(&mappings[i], FIN | ACK, dir, peer, 443);
}

static void *
outside(void *arg)
{
	(void)arg;
	for (uint32_t r = 1; r <= N_ROUNDS; r++) {
		wait_for(&round_at, r);
		close_side(CGN_OUT2IN);
		atomic_store(&n_done, r);
	}
	return NULL;
}

static void
open_all(void)
{
	for (uint32_t i = 0; i < N_MAPPINGS; i++) {
		atomic_store(&mappings[i].tcp, 0);
		cgn_tcp_track_slow(&mappings[i], SYN, CGN_IN2OUT, peer, 443);
		cgn_tcp_track_slow(&mappings[i], SYN | ACK, CGN_OUT2IN, peer, 443);
	}
}

int
main(void)
{
	pthread_t thread;
	uint32_t n_lost = 0;

	pthread_create(&thread, NULL, outside, NULL);
	for (uint32_t r = 1; r <= N_ROUNDS; r++) {
		open_all();
		atomic_store(&round_at, r);
		close_side(CGN_IN2OUT);
		wait_for(&n_done, r);
		for (uint32_t i = 0; i < N_MAPPINGS; i++)
			n_lost += (atomic_load(&mappings[i].tcp) & CGN_TCP_STATE_MASK) !=
				CGN_TCP_CLOSING;
	}
	pthread_join(thread, NULL);
	printf("%u of %u ends were lost\n", n_lost, N_ROUNDS * N_MAPPINGS);
	return n_lost == 0 ? 0 : 1;
}
