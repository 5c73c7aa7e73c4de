/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random TCP connections between one inside port and its peers, over a whole appliance, with lost
 * and repeated segments, simultaneous and repeated openings, half-closes and resets; and between
 * them segments of a forger who knows addresses and ports, but no numbers. tcp_model.c says how
 * long the mapping has to live.
 *
 * With one peer it lives exactly that long. With several it lives as long as one of them needs, and
 * not beyond the established time. Every segment is forwarded while the mapping lives, forged or
 * not (UPD-03), and the forged ones change nothing (TCP-09).
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rand.h"
#include "sim.h"
#include "tcp_model.h"

enum { N_ROUNDS = 400, STEPS = 150, MAX_PEERS = 3, PORT = 5000, WEB = 443, MTU = 1400 };
enum { IN_FLIGHT = 20000, FORGED_MIN = 1 << 20 };

/* One end of a connection, as TCP has it. */
struct end {
	bool is_up, has_heard; /* has sent SYN, has got the other's */
	bool has_ended;        /* sent FIN */
	bool is_asked;         /* closed, and must answer a segment with RST */
	uint32_t isn, next, expected, answer;
};

struct connection {
	struct end ends[2];
	struct model_connection model;
	/* What the inside has said last: what the forger does not know. */
	uint32_t told_next, told_ack;
	bool told_has_ack;
};

static struct cgn_rand rand_;
static struct cgn_sim *sim;
static struct connection connections[MAX_PEERS];
static uint32_t n_peers, outside_addr, last_s;
static uint16_t outside_port;
static uint64_t n_true, n_forged, n_checks[2]; /* [alive] */

static const struct model_times times = {.opening = 30, .established = 7440, .closing = 100};

static uint32_t
below(uint32_t n)
{
	return cgn_rand_below(&rand_, n);
}

static bool
chance(uint32_t one_of)
{
	return below(one_of) == 0;
}

static uint32_t
now_s(void)
{
	return cgn_ns_to_s(sim->now);
}

static bool
is_mapped(void)
{
	return cgn_sim_mapping(sim, "a", IPPROTO_TCP, SIM_A1, PORT) != NULL;
}

/* The latest segments, for whoever has to find out what went wrong. */
static struct {
	struct model_segment s;
	uint32_t peer, at_s;
	bool is_forged;
} latest[20];
static uint32_t n_given;

static void
show_latest(void)
{
	const uint32_t n = sizeof(latest) / sizeof(latest[0]);

	for (uint32_t k = n_given > n ? n_given - n : 0; k < n_given; k++)
		fprintf(stderr, "  %u s %s%s peer %u flags %#x seq %u ack %u end %u\n",
			latest[k % n].at_s, latest[k % n].is_forged ? "forged " : "",
			latest[k % n].s.by == M_INSIDE ? "from inside" : "from outside",
			latest[k % n].peer, latest[k % n].s.flags, latest[k % n].s.seq,
			latest[k % n].s.ack, latest[k % n].s.end);
}

static void
fail(const char *what)
{
	const struct cgn_mapping *m = cgn_sim_mapping(sim, "a", IPPROTO_TCP, SIM_A1, PORT);

	fprintf(stderr, "prop_tcp: %s at %u s, last use %u s, word %#x\n", what, now_s(), last_s,
		m != NULL ? atomic_load(&m->tcp) : 0);
	for (uint32_t p = 0; p < n_peers; p++)
		fprintf(stderr, "  peer %u: model's state %d, before RST %d, last %u s\n", p,
			connections[p].model.state, connections[p].model.before_rst,
			connections[p].model.last_s);
	show_latest();
	exit(1);
}

/* Gives the segment to the box, which has to forward it if there is a mapping or it makes one. */
static void
give(uint32_t peer, const struct model_segment *s, bool is_forged)
{
	const uint16_t to = s->by == M_INSIDE ? SIM_WAN : SIM_ACCESS;
	struct packet_spec spec = s->by == M_INSIDE
		? packet_tcp(SIM_A1, PORT, SIM_PEER + peer, WEB, s->flags)
		: packet_tcp(SIM_PEER + peer, WEB, outside_addr, outside_port, s->flags);
	bool opens = s->by == M_INSIDE && s->flags == M_SYN, was_mapped = is_mapped();
	const struct cgn_mapping *m;

	spec.tcp_seq = s->seq;
	spec.tcp_ack = s->ack;
	spec.payload_len =
		(uint16_t)(s->end - s->seq - !!(s->flags & M_SYN) - !!(s->flags & M_FIN));
	if (!was_mapped && s->by == M_OUTSIDE)
		return;
	latest[n_given % 20].s = *s;
	latest[n_given % 20].peer = peer;
	latest[n_given % 20].at_s = now_s();
	latest[n_given++ % 20].is_forged = is_forged;
	if (!cgn_sim_send_spec(sim, s->by == M_INSIDE ? SIM_ACCESS : SIM_WAN, &spec))
		fail("cannot be sent");
	cgn_sim_run(sim);
	if (cgn_sim_n_waiting(sim, to) != (was_mapped || opens))
		fail("segment is not forwarded");
	cgn_sim_flush(sim, to);
	m = cgn_sim_mapping(sim, "a", IPPROTO_TCP, SIM_A1, PORT);
	if (m == NULL)
		return;
	outside_addr = rte_be_to_cpu_32(m->outside_addr);
	outside_port = rte_be_to_cpu_16(m->outside_port);
	if (s->by == M_INSIDE && !(s->flags & M_RST))
		last_s = now_s();
}

static void
hear_syn(struct end *e, const struct model_segment *s)
{
	if (e->is_up && e->has_heard && e->expected != s->end) /* the other one begins anew */
		*e = (struct end){0};
	e->has_heard = true;
	e->expected = s->end;
	e->is_asked = false;
}

/* The receiver of a segment that is not lost. */
static void
hear(struct end *e, const struct model_segment *s)
{
	if (s->flags & M_RST)
		*e = (struct end){0};
	else if (s->flags & M_SYN)
		hear_syn(e, s);
	else if (!e->is_up) {
		e->is_asked = true;
		e->answer = s->ack;
	} else if (e->has_heard && s->seq == e->expected)
		e->expected = s->end;
}

/* A true segment; must_arrive: what follows would not be TCP if it were lost. */
static void
pass(uint32_t peer, struct model_segment s, bool must_arrive)
{
	struct connection *c = &connections[peer];

	give(peer, &s, false);
	n_true++;
	if (!is_mapped())
		return;
	model_pass(&c->model, &s, now_s());
	if (s.by == M_INSIDE && !(s.flags & M_RST)) {
		c->told_next = s.end;
		c->told_ack = s.ack;
		c->told_has_ack = (s.flags & M_ACK) != 0;
	}
	if (must_arrive || !chance(8))
		hear(&c->ends[!s.by], &s);
}

static struct model_segment
segment(int by, const struct end *e, uint8_t flags, uint32_t len)
{
	return (struct model_segment){.by = by,
		.seq = e->next,
		.ack = flags & M_ACK ? e->expected : 0,
		.end = e->next + len + !!(flags & M_SYN) + !!(flags & M_FIN),
		.flags = flags};
}

/* SYN, or its answer, or either once more. */
static void
open_end(uint32_t peer, int by)
{
	struct connection *c = &connections[peer];
	struct end *e = &c->ends[by], *o = &c->ends[!by];
	bool again = e->is_up;
	struct model_segment s;

	if (!again && !e->has_heard) {
		if (by == M_OUTSIDE && o->is_up && o->has_heard)
			return; /* would be a new one on one that the inside has open */
		c->ends[0].is_asked = c->ends[1].is_asked = false;
	}
	if (!again)
		e->isn = (uint32_t)cgn_rand_u64(&rand_);
	e->next = e->isn;
	s = segment(by, e, e->has_heard ? M_SYN | M_ACK : M_SYN, 0);
	e->is_up = true;
	e->next = s.end;
	pass(peer, s, by == M_INSIDE && o->is_up && (!o->has_heard || o->expected != s.end));
}

static void
reset(uint32_t peer, int by)
{
	struct connection *c = &connections[peer];
	struct model_segment s = segment(by, &c->ends[by], M_RST | M_ACK, 0);

	/* Bare, it proves itself by its number alone: the inside must have named that. */
	if (c->ends[by].is_up && chance(2) &&
		(by == M_INSIDE || (c->told_has_ack && s.seq - c->told_ack <= 2 * IN_FLIGHT))) {
		s.flags = M_RST;
		s.ack = 0;
	}
	c->ends[by] = (struct end){0};
	pass(peer, s, n_peers > 1);
}

/* What the other end has not got. */
static void
repeat(uint32_t peer, int by)
{
	struct end *e = &connections[peer].ends[by], *o = &connections[peer].ends[!by];
	uint32_t missing = e->next - o->expected, len = missing - e->has_ended;
	uint8_t flags = M_ACK;

	if (len > MTU)
		len = MTU;
	else if (e->has_ended)
		flags |= M_FIN;
	if (missing == 0 || missing > 2 * IN_FLIGHT || !o->has_heard)
		return;
	pass(peer,
		(struct model_segment){.by = by,
			.seq = o->expected,
			.ack = e->expected,
			.end = o->expected + len + !!(flags & M_FIN),
			.flags = flags},
		false);
}

static void
talk(uint32_t peer, int by)
{
	struct end *e = &connections[peer].ends[by], *o = &connections[peer].ends[!by];
	uint32_t what = below(16);
	struct model_segment s;

	if (what == 0) {
		reset(peer, by);
	} else if (what < 5) {
		repeat(peer, by);
	} else {
		bool may_send = !e->has_ended && (!o->is_up || e->next - o->expected < IN_FLIGHT);
		uint8_t flags = what == 5 && may_send ? M_FIN | M_ACK : M_ACK;

		s = segment(by, e, flags, may_send && what < 12 ? below(MTU) : 0);
		e->next = s.end;
		e->has_ended |= (flags & M_FIN) != 0;
		pass(peer, s, false);
	}
}

/* Both have sent FIN and heard the other's: they may begin anew. */
static void
forget(struct connection *c)
{
	const struct end *i = &c->ends[M_INSIDE], *o = &c->ends[M_OUTSIDE];

	if (c->model.state == M_CLOSED && i->has_ended && o->has_ended && chance(2))
		memset(c->ends, 0, sizeof(c->ends));
}

static void
true_step(uint32_t peer)
{
	struct connection *c = &connections[peer];
	int by = (int)below(2);
	struct end *e = &c->ends[by], *o = &c->ends[!by];

	forget(c);
	if (!e->is_up && e->is_asked && !e->has_heard) {
		struct model_segment s = {
			.by = by, .seq = e->answer, .end = e->answer, .flags = M_RST};

		*e = (struct end){0};
		pass(peer, s, n_peers > 1);
	} else if (!e->is_up && e->has_heard && by == M_OUTSIDE && chance(4)) {
		reset(peer, by); /* refuses */
	} else if (!e->is_up || !e->has_heard || (!o->has_heard && e->next == e->isn + 1)) {
		open_end(peer, by);
	} else {
		talk(peer, by);
	}
}

/* Numbers that are far from the connection's, or a stranger's of any kind. */
static void
forge(void)
{
	static const uint8_t flags[] = {
		M_RST, M_RST | M_ACK, M_FIN | M_ACK, M_SYN | M_ACK, M_SYN, M_ACK};
	uint32_t peer = below(n_peers), off = FORGED_MIN + below(UINT32_MAX - 2 * FORGED_MIN);
	const struct connection *c = &connections[peer];
	struct model_segment s = {.by = chance(4) ? M_INSIDE : M_OUTSIDE};

	if (!is_mapped())
		return;
	s.flags = flags[below(s.by == M_INSIDE ? 3 : sizeof(flags))];
	s.seq = (s.by == M_INSIDE ? c->told_next : c->told_ack) + off;
	if (s.flags & M_ACK)
		s.ack = (s.by == M_INSIDE ? c->told_ack : c->told_next) + off;
	s.end = s.seq + !!(s.flags & M_SYN) + !!(s.flags & M_FIN);
	if (s.by == M_OUTSIDE && chance(4))
		peer = 100;
	give(peer, &s, true);
	n_forged++;
}

/* How long the mapping has to live from its last use on. */
static uint32_t
needs_s(void)
{
	uint32_t end_s = last_s;

	for (uint32_t p = 0; p < n_peers; p++) {
		const struct model_connection *m = &connections[p].model;
		uint32_t need = model_needs_s(m, &times);
		uint32_t from = n_peers == 1 ? last_s : m->last_s;

		/* Of several, one that ended and goes on has what the others leave it, and several
		 * that open share their time: a refusal of one does not begin it anew. */
		if (m->ended_s > from &&
			(n_peers == 1 || m->state == M_CLOSED ||
				(m->state == M_TRANS && m->before_rst != M_INIT)))
			from = m->ended_s;
		if (need > 0 && from + need > end_s)
			end_s = from + need;
	}
	if (n_peers > 1 && end_s > last_s + times.established)
		end_s = last_s + times.established; /* the end of one does not renew the others' */
	return end_s - last_s;
}

static void
check(void)
{
	uint32_t idle = now_s() - last_s, needs = needs_s();
	uint32_t most = n_peers == 1 ? needs : times.established + times.closing;

	if (last_s == 0)
		return;
	if (idle < needs && !is_mapped())
		fail("mapping has ended early");
	if (idle > most && is_mapped())
		fail("mapping lives on");
	n_checks[is_mapped()]++;
	if (is_mapped())
		return;
	memset(connections, 0, sizeof(connections));
	last_s = 0;
}

static void
wait_some(void)
{
	uint32_t what = below(100), needs = last_s != 0 ? needs_s() : 0;

	if (what < 60)
		return;
	if (what < 90)
		cgn_sim_elapse_s(sim, 1 + below(3));
	else if (what < 98 && needs > 5)
		cgn_sim_jump_s(sim, 1 + below(needs - 2));
	else if (needs > 5) {
		cgn_sim_jump_s(
			sim, needs - 1 > now_s() - last_s ? needs - 1 - (now_s() - last_s) : 1);
		check();
		cgn_sim_elapse_s(sim, 3);
	}
	cgn_sim_run(sim);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(sim, p);
}

static void
play_round(void)
{
	memset(connections, 0, sizeof(connections));
	last_s = 0;
	for (uint32_t k = 0; k < STEPS; k++) {
		if (chance(3))
			forge();
		else
			true_step(below(n_peers));
		check();
		wait_some();
		check();
	}
	cgn_sim_jump_s(sim, times.established + 10);
	cgn_sim_elapse_s(sim, 2);
	check();
}

int
main(void)
{
	const char *text = getenv("CGN_SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);

	printf("prop_tcp: CGN_SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	cgn_rand_init(&rand_, seed);
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){
		.a = "timeouts: {tcp_opening_s: 30, tcp_closing_s: 100}\n", .seed = seed | 1});
	cgn_sim_run(sim);
	for (uint32_t r = 0; r < N_ROUNDS; r++) {
		n_peers = r % 2 == 0 ? 1 : MAX_PEERS;
		play_round();
	}
	printf("%llu true and %llu forged segments, %llu checks with a mapping, %llu without\n",
		(unsigned long long)n_true, (unsigned long long)n_forged,
		(unsigned long long)n_checks[true], (unsigned long long)n_checks[false]);
	if (n_forged == 0 || n_checks[true] == 0 || n_checks[false] == 0 || !cgn_sim_is_sound(sim))
		fail("nothing was tried, or the box is unsound");
	cgn_sim_destroy(sim);
	return 0;
}
