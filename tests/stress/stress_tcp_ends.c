/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both directions of a connection on two workers, and on a third one a forger who knows the peer
 * but not the numbers: what they note at the same moment must not undo each other, and the forger
 * must not end what is open, nor keep open what ends. Many connections are closed from both sides
 * at once: first the FINs of both, then what acknowledges them.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "rand.h"
#include "tcp_tell.h"

enum { N_ROUNDS = 2000, N_MAPPINGS = 64, FIN = 0x01, SYN = 0x02, RST = 0x04, ACK = 0x10 };
enum { PEER = 0xc0000201, INSIDE = 1000, OUTSIDE = 5000, FAR = 1 << 20 };

static struct cgn_mapping mappings[N_MAPPINGS];
static struct cgn_mapping_side sides[N_MAPPINGS];
static struct cgn_table table = {.entries = mappings, .sides = sides};
static _Atomic uint32_t round_at, step_at, n_done;
static _Atomic bool over;

static void
wait_for(const _Atomic uint32_t *counter, uint32_t value)
{
	for (uint32_t spins = 1; atomic_load(counter) < value; spins++)
		if (spins % 1000 == 0)
			sched_yield();
}

/* seq and ack: as if the round were the first; each one has numbers of its own. */
static void
tell(uint32_t i, enum cgn_dir dir, uint8_t flags, uint32_t seq, uint32_t ack)
{
	const uint32_t base = atomic_load_explicit(&round_at, memory_order_relaxed) * 16;

	seq += base;
	ack += base;
	tcp_tell(&table, &mappings[i], dir, PEER,
		(struct cgn_tcp_segment){.seq = seq,
			.ack = ack,
			.end = seq + !!(flags & SYN) + !!(flags & FIN),
			.flags = flags});
}

/* Both threads go through the connections in the same order, at the same time. */
static void
close_side(enum cgn_dir dir, bool is_last)
{
	uint32_t seq = dir == CGN_IN2OUT ? INSIDE : OUTSIDE;
	uint32_t ack = dir == CGN_IN2OUT ? OUTSIDE : INSIDE;

	for (uint32_t i = 0; i < N_MAPPINGS; i++)
		if (is_last)
			tell(i, dir, ACK, seq + 2, ack + 2);
		else
			tell(i, dir, FIN | ACK, seq + 1, ack + 1);
}

static void *
outside(void *arg)
{
	(void)arg;
	for (uint32_t r = 1; r <= 2 * N_ROUNDS; r++) {
		wait_for(&step_at, r);
		close_side(CGN_OUT2IN, r % 2 == 0);
		atomic_store(&n_done, r);
	}
	return NULL;
}

static void *
forger(void *arg)
{
	static const uint8_t flags[] = {RST, RST | ACK, FIN | ACK, SYN, SYN | ACK, ACK};
	struct cgn_rand rand;

	cgn_rand_init(&rand, (uint64_t)(uintptr_t)arg);
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		uint32_t off = FAR + cgn_rand_below(&rand, UINT32_MAX - 2 * FAR);

		tell(cgn_rand_below(&rand, N_MAPPINGS), CGN_OUT2IN,
			flags[cgn_rand_below(&rand, sizeof(flags))], OUTSIDE + off, INSIDE + off);
	}
	return NULL;
}

static void
open_all(void)
{
	for (uint32_t i = 0; i < N_MAPPINGS; i++) {
		atomic_store(&mappings[i].tcp, 0);
		tell(i, CGN_IN2OUT, SYN, INSIDE, 0);
		tell(i, CGN_OUT2IN, SYN | ACK, OUTSIDE, INSIDE + 1);
		tell(i, CGN_IN2OUT, ACK, INSIDE + 1, OUTSIDE + 1);
	}
}

static uint32_t
n_not(enum cgn_tcp_state state)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < N_MAPPINGS; i++)
		n += (atomic_load(&mappings[i].tcp) & CGN_TCP_STATE_MASK) != state;
	return n;
}

int
main(void)
{
	pthread_t threads[2];
	uint32_t n_lost = 0, n_early = 0;

	pthread_create(&threads[0], NULL, outside, NULL);
	pthread_create(&threads[1], NULL, forger, (void *)7);
	for (uint32_t r = 1; r <= 2 * N_ROUNDS; r += 2) {
		atomic_store(&round_at, r);
		open_all();
		atomic_store(&step_at, r);
		close_side(CGN_IN2OUT, false);
		wait_for(&n_done, r);
		n_early += n_not(CGN_TCP_ESTABLISHED);
		atomic_store(&step_at, r + 1);
		close_side(CGN_IN2OUT, true);
		wait_for(&n_done, r + 1);
		n_lost += n_not(CGN_TCP_CLOSING);
	}
	atomic_store(&over, true);
	for (int t = 0; t < 2; t++)
		pthread_join(threads[t], NULL);
	printf("of %u ends %u were lost, %u came early\n", N_ROUNDS * N_MAPPINGS, n_lost, n_early);
	return n_lost == 0 && n_early == 0 ? 0 : 1;
}
