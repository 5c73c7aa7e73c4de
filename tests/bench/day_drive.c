/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets of a day; see day_drive.h. */
#include "day_drive.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipaddr.h"

enum {
	BATCH = 256, /* frames between two looks at what came out; a device's ring holds 1024 */
	SYN = 0x02,
	FIN = 0x01,
	ACK = 0x10,
	INSIDE_SEQ = 1000, /* of every SYN */
	OUTSIDE_SEQ = 5000,
};

struct day_live {
	struct day_flow flow;
	uint32_t end_s;
	uint32_t next; /* that is due in the same second, + 1 */
};

int
day_drive_init(struct day_drive *d, struct cgn_sim *sim, uint64_t seed, uint32_t n_subscribers)
{
	*d = (struct day_drive){.sim = sim, .due = calloc(DRIVE_END_S, sizeof(*d->due))};
	if (d->due == NULL || day_profile_init(&d->profile, seed, n_subscribers) < 0)
		return -ENOMEM;
	return 0;
}

void
day_drive_fini(struct day_drive *d)
{
	day_profile_fini(&d->profile);
	free(d->live);
	free(d->due);
}

/* --- Packets --- */

static struct packet_spec
tcp(uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport, uint8_t flags)
{
	struct packet_spec spec = packet_tcp(src, sport, dst, dport, flags);

	spec.payload_len = 0;
	return spec;
}

/* Ends the program when there is no room: a connection less would be a record less. */
static void
put(struct day_drive *d, uint16_t port, const struct packet_spec *spec)
{
	if (cgn_sim_send_spec(d->sim, port, spec))
		return;
	fprintf(stderr, "day_drive: no room for a frame\n");
	exit(1);
}

/* What who gets a segment sends back; nothing else is answered. */
static const struct {
	uint16_t port; /* where it came out of the appliance */
	uint8_t flags, answer;
	uint32_t seq, ack;
} answers[] = {
	{SIM_WAN, SYN, SYN | ACK, OUTSIDE_SEQ, INSIDE_SEQ + 1},
	{SIM_ACCESS, SYN | ACK, ACK, INSIDE_SEQ + 1, OUTSIDE_SEQ + 1},
	{SIM_WAN, FIN | ACK, FIN | ACK, OUTSIDE_SEQ + 1, INSIDE_SEQ + 2},
	{SIM_ACCESS, FIN | ACK, ACK, INSIDE_SEQ + 2, OUTSIDE_SEQ + 2},
};

static void
answer_tcp(struct day_drive *d, uint16_t port, struct packet_spec *spec, uint8_t flags)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i].port != port || answers[i].flags != flags)
			continue;
		spec->tcp_flags = answers[i].answer;
		spec->tcp_seq = answers[i].seq;
		spec->tcp_ack = answers[i].ack;
		put(d, port, spec);
	}
}

static uint32_t
get(const uint8_t *at, int n)
{
	uint32_t value = 0;

	for (int i = 0; i < n; i++)
		value = value << 8 | at[i];
	return value;
}

/* Frames are untagged, headers without options. */
static void
answer(struct day_drive *d, uint16_t port, const struct cgn_sim_frame *frame)
{
	const uint8_t *ip = frame->bytes + 14;
	uint32_t src = get(ip + 16, 4), dst = get(ip + 12, 4);
	uint16_t sport = (uint16_t)get(ip + 22, 2), dport = (uint16_t)get(ip + 20, 2);
	struct packet_spec spec;

	if (ip[9] == IPPROTO_UDP && port == SIM_WAN) {
		spec = packet_udp(src, sport, dst, dport);
		put(d, port, &spec);
	} else if (ip[9] == IPPROTO_TCP) {
		spec = tcp(src, sport, dst, dport, 0);
		answer_tcp(d, port, &spec, ip[33]);
	}
}

/* Until all that was sent has been answered. */
static void
settle(struct day_drive *d)
{
	static struct cgn_sim_frame frame;
	bool is_quiet;

	d->n_batch = 0;
	do {
		cgn_sim_run(d->sim);
		is_quiet = true;
		while (cgn_sim_receive(d->sim, SIM_WAN, &frame)) {
			answer(d, SIM_WAN, &frame);
			is_quiet = false;
		}
		while (cgn_sim_receive(d->sim, SIM_ACCESS, &frame)) {
			answer(d, SIM_ACCESS, &frame);
			is_quiet = false;
		}
	} while (!is_quiet);
}

/* A packet of the subscriber's; flags and seq: of TCP. */
static void
send_inside(struct day_drive *d, const struct day_flow *flow, uint8_t flags, uint32_t seq)
{
	uint32_t src = DRIVE_FIRST + flow->subscriber;
	struct packet_spec spec = flow->proto == IPPROTO_TCP
		? tcp(src, flow->port, flow->peer, flow->peer_port, flags)
		: packet_udp(src, flow->port, flow->peer, flow->peer_port);

	spec.tcp_seq = seq;
	spec.tcp_ack = flags & ACK ? OUTSIDE_SEQ + 1 : 0;
	put(d, SIM_ACCESS, &spec);
	if (++d->n_batch == BATCH)
		settle(d);
}

/* --- Connections --- */

static struct day_live *
take_live(struct day_drive *d)
{
	struct day_live *live;

	if (d->free_live == 0) {
		uint32_t n = d->n_live > 0 ? 2 * d->n_live : 4096;

		live = realloc(d->live, n * sizeof(*live));
		if (live == NULL) {
			fprintf(stderr, "day_drive: no memory\n");
			exit(1);
		}
		d->live = live;
		for (uint32_t i = d->n_live; i < n; i++)
			d->live[i].next = i + 1 < n ? i + 2 : 0;
		d->free_live = d->n_live + 1;
		d->n_live = n;
	}
	live = &d->live[d->free_live - 1];
	d->free_live = live->next;
	return live;
}

static void
give_live(struct day_drive *d, struct day_live *live)
{
	live->next = d->free_live;
	d->free_live = (uint32_t)(live - d->live) + 1;
}

/* When it sends next; what would be after the day never comes. */
static void
schedule(struct day_drive *d, struct day_live *live)
{
	uint32_t at = d->second + live->flow.every_s;

	if (live->flow.every_s == 0 || at > live->end_s)
		at = live->end_s;
	if (at >= DRIVE_END_S) {
		give_live(d, live);
		return;
	}
	live->next = d->due[at];
	d->due[at] = (uint32_t)(live - d->live) + 1;
}

/* Its first packet goes now; the last one of this very second goes with those that are due. */
static void
begin(void *ctx, const struct day_flow *flow)
{
	struct day_drive *d = ctx;
	char peer[CGN_IP4_STRLEN + 8], addr[CGN_IP4_STRLEN];
	struct day_live *live;

	d->n_flows++;
	d->peer_chars += (uint64_t)snprintf(
		peer, sizeof(peer), "%s %u", cgn_ip4_str(flow->peer, addr), flow->peer_port);
	send_inside(d, flow, SYN, INSIDE_SEQ);
	if (flow->proto == IPPROTO_UDP && flow->duration_s == 0)
		return;
	live = take_live(d);
	live->flow = *flow;
	live->end_s = d->second + flow->duration_s;
	schedule(d, live);
}

static void
go_on(struct day_drive *d, struct day_live *live)
{
	bool is_last = d->second >= live->end_s;

	send_inside(d, &live->flow, is_last ? FIN | ACK : ACK, INSIDE_SEQ + 1);
	if (is_last)
		give_live(d, live);
	else
		schedule(d, live);
}

void
day_drive_second(struct day_drive *d)
{
	uint32_t of_day = (DAY_S - DRIVE_WARM_S + d->second) % DAY_S, i;

	cgn_sim_jump_s(d->sim, 1);
	day_profile_second(&d->profile, of_day, begin, d);
	settle(d);
	i = d->due[d->second];
	while (i != 0) {
		struct day_live *live = &d->live[i - 1];

		i = live->next;
		go_on(d, live);
	}
	settle(d);
	d->second++;
}
