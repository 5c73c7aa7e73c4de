/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random datagrams in random fragments, in random order, some twice, among others that never get
 * whole, in every direction and over links that need them cut again: what an independent reassembly
 * (tests/fakes/datagram.c) makes of what comes out is the datagram, translated (UDP-15, ADV-20).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "datagram.h"
#include "way.h"

enum { N_ROUNDS = 2500, MAX_PIECES = 512, MAX_PAYLOAD = 20000, MTU = 1480 };

static struct cgn_sim *sim;
static struct cgn_rand prng;
static struct datagram sent, noise, got;

static void
must(bool ok, const char *what, uint32_t round)
{
	if (ok)
		return;
	fprintf(stderr, "prop_fragments: round %u: %s\n", round, what);
	cgn_sim_dump(sim, stderr);
	exit(1);
}

static uint32_t
below(uint32_t n)
{
	return cgn_rand_below(&prng, n);
}

static struct way
random_way(void)
{
	static const uint8_t protos[] = {6, 17, 1};
	struct way w = way_random(sim, &prng, protos[below(3)]);

	w.spec.frag = 0;
	w.spec.id = (uint16_t)below(65536);
	return w;
}

struct piece {
	uint32_t off, len;
};

/* Cuts it at random; the first piece has the transport header. */
static uint32_t
random_pieces(const struct datagram *d, struct piece *pieces)
{
	uint32_t n = 0, all = datagram_payload(d), most = 1 + below(MTU / 8);

	if (most < all / 8 / (MAX_PIECES / 4) + 8)
		most = all / 8 / (MAX_PIECES / 4) + 8;
	for (uint32_t off = 0; off < all; n++) {
		uint32_t len = 8 * (1 + below(most > MTU / 8 ? MTU / 8 : most));

		if (off == 0 && len < 24)
			len = 24;
		must(n < MAX_PIECES, "too many pieces", 0);
		pieces[n] = (struct piece){off, len};
		off += len;
	}
	for (uint32_t i = n; i > 1; i--) {
		uint32_t k = below(i);
		struct piece swap = pieces[i - 1];

		pieces[i - 1] = pieces[k];
		pieces[k] = swap;
	}
	return n;
}

static void
round_of(uint32_t round)
{
	static struct piece pieces[MAX_PIECES], others[MAX_PIECES];
	struct way w = random_way(), o = random_way();
	uint32_t n, n_others, k = 0;

	datagram_make(&sent, sim, w.in, &w.spec, 24 + below(MAX_PAYLOAD));
	o.spec.id = (uint16_t)(w.spec.id + 1);
	datagram_make(&noise, sim, o.in, &o.spec, 24 + below(MAX_PAYLOAD));
	n = random_pieces(&sent, pieces);
	n_others = random_pieces(&noise, others) - 1; /* one is missing */
	for (uint32_t i = 0; i < n; i++) {
		datagram_send(sim, w.in, &sent, pieces[i].off, pieces[i].len);
		if (i + 1 < n && below(8) == 0)
			datagram_send(sim, w.in, &sent, pieces[i].off, pieces[i].len);
		if (k < n_others && below(2) == 0) {
			datagram_send(sim, o.in, &noise, others[k].off, others[k].len);
			k++;
		}
		if (below(4) == 0)
			cgn_sim_run(sim);
	}
	cgn_sim_run(sim);
	must(datagram_collect(sim, w.out, &got, NULL) == 1, "not one whole datagram", round);
	must(datagram_is_translated(&got, &sent), "another datagram", round);
	must(datagram_largest() <= (w.out == SIM_WAN ? 1000 : 600), "beyond the MTU", round);
	cgn_sim_jump_s(sim, 2);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(sim, p);
	must(sim->box->workers[0].fragments.n == 0, "something is left", round);
	must(cgn_sim_is_sound(sim), "the law is broken", round);
}

int
main(void)
{
	uint64_t seed = audit_seed("prop_fragments");

	cgn_rand_init(&prng, seed | 1);
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.seed = seed | 1,
		.box = "ports: [{name: access, device: r0, role: inside, mtu: 600}, "
		       "{name: trunk, device: r1, role: inside}, "
		       "{name: wan, device: r2, role: outside, mtu: 1000}]\n"
		       "fragments: {hold: 4096, address: 2048}\n",
		.a = "quota: {subscriber: {fragments: 2048}}\nnat: {tcp_loose: true}\n"});
	for (uint32_t i = 0; i < N_ROUNDS; i++)
		round_of(i);
	cgn_sim_dump(sim, stdout);
	must(cgn_sim_fate(sim, "fragment_duplicate") > 100 &&
			cgn_sim_fate(sim, "fragment_timeout") > 100 &&
			cgn_sim_fate(sim, "hairpin") > 100,
		"the test is too tame", N_ROUNDS);
	cgn_sim_destroy(sim);
	return 0;
}
