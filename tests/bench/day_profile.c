/* SPDX-License-Identifier: BSD-3-Clause */
/* A day of subscribers; see day_profile.h. */
#include "day_profile.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>

enum {
	SLOT_S = 1800,
	PAGE_EVERY_S = 20,     /* of one who sits there */
	PAGE_CONNECTIONS = 25, /* on average; 1 to twice as many */
	DNS_PORT = 53,
	HTTPS_PORT = 443,
	PUSH_PORT = 5228,
	FIRST_PORT = 32768, /* that hosts choose by themselves (Linux: 32768 to 60999) */
	N_PORTS = 28232,
};

/* Of all connections; peers: of all subscribers', though one in ten makes them. */
static const double background_share = 0.25, peer_share = 0.15;
/* Of people's connections, 60 %, by hour; the sum is 100. */
static const double hours[24] = {3.4, 2.2, 1.4, 1.0, 0.9, 1.1, 1.9, 3.0, 3.8, 4.2, 4.4, 4.5, 4.7,
	4.6, 4.6, 4.8, 5.2, 5.7, 6.1, 6.6, 7.1, 7.2, 6.4, 5.2};

static double
uniform(struct day_profile *p)
{
	return (double)(cgn_rand_u64(&p->rand) >> 11) / 9007199254740992.0;
}

static uint32_t
exponential(struct day_profile *p, double mean)
{
	return (uint32_t)(-mean * log(1 - uniform(p)) + 0.5);
}

/* none: the probability of 0, which is e to the power of minus the mean (Knuth's; means are small)
 */
static uint32_t
poisson(struct day_profile *p, double none)
{
	double product = uniform(p);
	uint32_t n = 0;

	for (; product > none; n++)
		product *= uniform(p);
	return n;
}

/* Each stands for a tenth of all: two are away, three light, four average, one heavy. */
static struct day_subscriber
make_subscriber(struct day_profile *p, uint32_t i)
{
	static const double of_ten[10] = {0, 1, 5.25, 0.25, 1, 0, 0.25, 1, 0.25, 1};
	double all = of_ten[i % 10] * DAY_CONNECTIONS;
	double background = of_ten[i % 10] >= 1 ? background_share * all : 0;
	double peers = of_ten[i % 10] > 1 ? peer_share * 10 * DAY_CONNECTIONS : 0;

	return (struct day_subscriber){.people = all - background - peers,
		.no_background = exp(-background / DAY_S),
		.no_peer = exp(-peers / DAY_S),
		.peer_port = (uint16_t)(FIRST_PORT + cgn_rand_below(&p->rand, N_PORTS))};
}

int
day_profile_init(struct day_profile *p, uint64_t seed, uint32_t n_subscribers)
{
	*p = (struct day_profile){.n_subscribers = n_subscribers};
	cgn_rand_init(&p->rand, seed);
	p->subscribers = calloc(n_subscribers, sizeof(*p->subscribers));
	if (p->subscribers == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_subscribers; i++)
		p->subscribers[i] = make_subscriber(p, i);
	return 0;
}

void
day_profile_fini(struct day_profile *p)
{
	free(p->subscribers);
}

/* --- Connections --- */

static struct day_flow
make_flow(struct day_profile *p, uint32_t subscriber, uint8_t proto, uint16_t peer_port)
{
	return (struct day_flow){.subscriber = subscriber,
		.proto = proto,
		/* 11.0.0.0/8 and 12.0.0.0/8: none of the appliance's */
		.peer = 0x0b000000 + cgn_rand_below(&p->rand, 1 << 25),
		.port = (uint16_t)(FIRST_PORT + cgn_rand_below(&p->rand, N_PORTS)),
		.peer_port = peer_port};
}

static struct day_flow
make_dns(struct day_profile *p, uint32_t subscriber)
{
	struct day_flow flow = make_flow(p, subscriber, IPPROTO_UDP, DNS_PORT);

	flow.peer = 0x0b000035;
	return flow;
}

/* A third asks for names, a sixth is QUIC, half is TCP. */
static struct day_flow
make_web(struct day_profile *p, uint32_t subscriber)
{
	uint32_t kind = cgn_rand_below(&p->rand, 6);
	struct day_flow flow;

	if (kind < 2)
		return make_dns(p, subscriber);
	flow = make_flow(p, subscriber, kind == 2 ? IPPROTO_UDP : IPPROTO_TCP, HTTPS_PORT);
	flow.duration_s = exponential(p, kind == 2 ? 40 : 30);
	flow.every_s = 100;
	return flow;
}

static struct day_flow
make_background(struct day_profile *p, uint32_t subscriber)
{
	uint32_t kind = cgn_rand_below(&p->rand, 100);
	struct day_flow flow;

	if (kind < 45)
		return make_dns(p, subscriber);
	flow = make_flow(p, subscriber, IPPROTO_TCP, kind < 98 ? HTTPS_PORT : PUSH_PORT);
	flow.duration_s = exponential(p, kind < 98 ? 10 : 4 * 3600);
	flow.every_s = 900;
	return flow;
}

/* From the same port to everybody. */
static struct day_flow
make_peer(struct day_profile *p, uint32_t subscriber)
{
	struct day_flow flow = make_flow(
		p, subscriber, IPPROTO_UDP, (uint16_t)(1024 + cgn_rand_below(&p->rand, 64512)));

	flow.port = p->subscribers[subscriber].peer_port;
	flow.duration_s = exponential(p, 120);
	flow.every_s = 100;
	return flow;
}

/* --- Time --- */

/* How many sit there in the half hour: this hour has its part of a day's pages. */
static uint32_t
draw_sittings(struct day_profile *p, const struct day_subscriber *s, uint32_t second)
{
	double pages = s->people / PAGE_CONNECTIONS * hours[second / 3600] / 100 / 2;

	return poisson(p, exp(-pages * PAGE_EVERY_S / SLOT_S));
}

/* Half of what their pages still want is opened in each second. */
static uint32_t
draw_web(struct day_profile *p, struct day_subscriber *s, uint32_t second)
{
	uint32_t n;

	if (second % SLOT_S == 0)
		s->sittings = draw_sittings(p, s, second);
	for (uint32_t i = 0; i < s->sittings; i++)
		if (cgn_rand_below(&p->rand, PAGE_EVERY_S) == 0)
			s->due += 1 + cgn_rand_below(&p->rand, 2 * PAGE_CONNECTIONS - 1);
	n = (s->due + 1) / 2;
	s->due -= n;
	return n;
}

void
day_profile_second(struct day_profile *p, uint32_t second,
	void (*tell)(void *ctx, const struct day_flow *flow), void *ctx)
{
	for (uint32_t i = 0; i < p->n_subscribers; i++) {
		struct day_subscriber *s = &p->subscribers[i];
		uint32_t web = draw_web(p, s, second), background = poisson(p, s->no_background);
		uint32_t n = web + background + poisson(p, s->no_peer);

		for (uint32_t k = 0; k < n; k++) {
			struct day_flow flow = k < web ? make_web(p, i)
				: k < web + background ? make_background(p, i)
						       : make_peer(p, i);

			tell(ctx, &flow);
		}
		p->n_flows += n;
	}
}
