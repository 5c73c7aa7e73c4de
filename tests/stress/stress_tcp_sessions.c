/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sessions of one mapping on three workers at once, two with segments from inside and one with
 * those from outside, of more peers than there are slots, so that slots change hands all the time;
 * control looks on. The numbers of each peer begin with its own byte: a number that went to
 * another's session shows.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_tcp.h>

#include "rand.h"
#include "tcp_session.h"

enum { N_PEERS = 40, N_STEPS = 2000000, ACK = 0x10, FIRST_S = 1000, STEPS_PER_S = 100 };

static struct cgn_tcp_session slots[16];
static struct cgn_tcp_sessions record = {.at = slots, .n = 16};
static _Atomic uint32_t sent[N_PEERS + 1]; /* by the inside, to each peer */
static _Atomic uint32_t step;
static _Atomic uint32_t n_running;        /* of the inside */
static uint32_t n_seen, n_mixed, n_wrong; /* of main */

static uint32_t
number(uint32_t peer, uint32_t count)
{
	return peer << 24 | count;
}

static void
note(enum cgn_dir dir, uint32_t peer, uint32_t count)
{
	uint8_t frame[34 + sizeof(struct rte_tcp_hdr)] = {0};
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(frame + 34);
	struct cgn_pkt pkt = {.l3_off = 14, .l4_off = 34, .ip_len = 40, .tcp_flags = ACK};

	*(dir == CGN_IN2OUT ? &pkt.dst : &pkt.src) = rte_cpu_to_be_32(peer);
	*(dir == CGN_IN2OUT ? &pkt.dport : &pkt.sport) = RTE_BE16(443);
	tcp->sent_seq = tcp->recv_ack = rte_cpu_to_be_32(number(peer, count));
	tcp->data_off = 0x50;
	cgn_tcp_sessions_note_slow(&record, &pkt, frame, dir,
		FIRST_S + atomic_load_explicit(&step, memory_order_relaxed) / STEPS_PER_S);
}

/* Most are of a few that change with time, so that slots become idle and are taken over. */
static uint32_t
some_peer(struct cgn_rand *rand)
{
	enum { ACTIVE = 12, PHASE_STEPS = 5000, STRAY_IN = 32 };
	uint32_t r = (uint32_t)cgn_rand_u64(rand), phase = atomic_load(&step) / PHASE_STEPS;

	return 1 + (r % STRAY_IN == 0 ? r >> 8 : phase * ACTIVE + (r >> 8) % ACTIVE) % N_PEERS;
}

static void *
inside(void *arg)
{
	struct cgn_rand rand;

	cgn_rand_init(&rand, (uint64_t)(uintptr_t)arg);
	for (uint32_t k = 0; k < N_STEPS; k++) {
		uint32_t peer = some_peer(&rand);

		note(CGN_IN2OUT, peer, atomic_fetch_add(&sent[peer], 1) + 1);
		atomic_fetch_add_explicit(&step, 1, memory_order_relaxed);
	}
	atomic_fetch_sub(&n_running, 1);
	return NULL;
}

static void *
outside(void *arg)
{
	struct cgn_rand rand;

	cgn_rand_init(&rand, (uint64_t)(uintptr_t)arg);
	while (atomic_load(&n_running) > 0) {
		uint32_t peer = some_peer(&rand);

		note(CGN_OUT2IN, peer, atomic_load(&sent[peer]));
	}
	return NULL;
}

/* Every number of a live session is its peer's. */
static void
look(void)
{
	for (uint32_t k = 0; k < record.n; k++) {
		struct cgn_tcp_live live;
		uint32_t peer;

		if (!cgn_tcp_session_is_live(&record.at[k], &live))
			continue;
		peer = rte_be_to_cpu_32(live.peer);
		n_seen++;
		n_mixed += live.ack[0] >> 24 != peer || live.ack[1] >> 24 != peer ||
			live.next[0] >> 24 != peer || live.next[1] >> 24 != peer;
	}
}

/* Quiet again, and long after: whatever the slots hold, the next segments of a few peers put it
 * right. */
static void
settle(void)
{
	enum { N_LAST = 10 };

	atomic_fetch_add(&step, CGN_TCP_SESSION_YIELD_S * STEPS_PER_S);
	n_wrong = N_LAST;
	for (uint32_t peer = 1; peer <= N_LAST; peer++) {
		uint32_t last = atomic_fetch_add(&sent[peer], 1) + 1;

		note(CGN_IN2OUT, peer, last);
		note(CGN_OUT2IN, peer, last);
		for (uint32_t k = 0; k < record.n; k++) {
			struct cgn_tcp_live live;

			if (cgn_tcp_session_is_live(&record.at[k], &live) &&
				live.peer == rte_cpu_to_be_32(peer) &&
				live.ack[0] == number(peer, last) &&
				live.ack[1] == number(peer, last)) {
				n_wrong--;
				break;
			}
		}
	}
}

int
main(void)
{
	pthread_t threads[3];

	atomic_store(&n_running, 2);
	pthread_create(&threads[0], NULL, inside, (void *)1);
	pthread_create(&threads[1], NULL, inside, (void *)2);
	pthread_create(&threads[2], NULL, outside, (void *)3);
	while (atomic_load(&n_running) > 0)
		look();
	for (int t = 0; t < 3; t++)
		pthread_join(threads[t], NULL);
	settle();
	printf("%u looks at live sessions, %u mixed up; %u wrong when it was quiet\n", n_seen,
		n_mixed, n_wrong);
	return n_seen > 0 && n_mixed == 0 && n_wrong == 0 ? 0 : 1;
}
