/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of scenarios. */
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "scn.h"

/* What a frame says, whatever its tags. */
struct seen {
	uint16_t ethertype;
	uint8_t n_tags;
	uint16_t vids[2];
	const uint8_t *l3;
	uint32_t src, dst;
	uint16_t sport, dport;
};

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static struct seen
look(const struct cgn_sim_frame *f)
{
	struct seen seen = {0};
	uint32_t off = 12;

	while (get16(f->bytes + off) == 0x8100 || get16(f->bytes + off) == 0x88a8) {
		if (seen.n_tags < 2)
			seen.vids[seen.n_tags] = get16(f->bytes + off + 2) & 0xfff;
		seen.n_tags++;
		off += 4;
	}
	seen.ethertype = get16(f->bytes + off);
	seen.l3 = f->bytes + off + 2;
	if (seen.ethertype == 0x0806) {
		seen.src = get32(seen.l3 + 14);
		seen.dst = get32(seen.l3 + 24);
		return seen;
	}
	seen.src = get32(seen.l3 + 12);
	seen.dst = get32(seen.l3 + 16);
	seen.sport = get16(seen.l3 + 20);
	seen.dport = get16(seen.l3 + 22);
	if (seen.l3[9] == IPPROTO_ICMP)
		seen.sport = seen.dport = get16(seen.l3 + 24);
	return seen;
}

/* Fills in one end of a packet to send. */
static void
resolve(struct scn *s, const struct scn_end *end, uint32_t *addr, uint16_t *port)
{
	const struct scn_var *v = end->var != NULL ? scn_var_at(s, end->var) : NULL;

	if (v != NULL && !v->is_set)
		scn_fail(s, "%s is not known yet", end->var);
	*addr = v != NULL ? v->addr : end->addr;
	*port = v != NULL ? v->port : end->port;
}

struct scn_end
scn_end_resolved(struct scn *s, char *word)
{
	struct scn_end end = scn_end_parse(s, word);

	resolve(s, &end, &end.addr, &end.port);
	return end;
}

static void
cmd_packet(struct scn *s)
{
	struct scn_packet p;
	uint16_t sport, dport;

	scn_packet_parse(s, &p);
	resolve(s, &p.src, &p.spec.src, &sport);
	resolve(s, &p.dst, &p.spec.dst, &dport);
	p.spec.sport = sport;
	p.spec.dport = dport;
	if (p.spec.proto == IPPROTO_ICMP)
		p.spec.icmp_rest = (uint32_t)(p.port == SIM_WAN ? dport : sport) << 16 | 1;
	scn_tcp_number(s, &p);
	for (uint32_t i = 0; i < p.times; i++)
		if (!cgn_sim_send_spec(s->sim, p.port, &p.spec))
			scn_fail(s, "no room for the packet");
	if (strcmp(s->words[0], "packet") == 0)
		cgn_sim_run(s->sim);
}

/* Opens as many flows as the option times says, with consecutive source ports, in small bursts. */
static void
cmd_flows(struct scn *s)
{
	struct scn_packet p;

	scn_packet_parse(s, &p);
	p.spec.src = p.src.addr;
	p.spec.dst = p.dst.addr;
	p.spec.dport = p.dst.port;
	for (uint32_t i = 0; i < p.times; i++) {
		p.spec.sport = (uint16_t)(p.src.port + i);
		if (p.spec.proto == IPPROTO_ICMP)
			p.spec.icmp_rest = (uint32_t)p.spec.sport << 16 | 1;
		if (!cgn_sim_send_spec(s->sim, p.port, &p.spec))
			scn_fail(s, "no room for the packet");
		if (i % 16 == 15)
			cgn_sim_run(s->sim);
	}
	cgn_sim_run(s->sim);
}

/* A variable takes its value the first time and must have it from then on. */
static void
match_end(struct scn *s, const struct scn_end *end, uint32_t addr, uint16_t port)
{
	char text[2][CGN_IP4_STRLEN];
	struct scn_var *v = end->var != NULL ? scn_var_at(s, end->var) : NULL;
	uint32_t want = end->addr;
	uint16_t want_port = end->port;

	if (end->any)
		return;
	if (v != NULL && !v->is_set) {
		v->is_set = true;
		v->addr = addr;
		v->port = port;
	}
	if (v != NULL) {
		want = v->addr;
		want_port = v->port;
	}
	if (addr != want || port != want_port)
		scn_fail(s, "got %s:%u instead of %s:%u", cgn_ip4_str(addr, text[0]), port,
			cgn_ip4_str(want, text[1]), want_port);
}

void
scn_match_word(struct scn *s, char *word, uint32_t addr, uint16_t port)
{
	struct scn_end end = scn_end_parse(s, word);

	match_end(s, &end, addr, port);
}

static void
match_tags(struct scn *s, const struct seen *seen, const struct packet_spec *spec)
{
	if (seen->n_tags != spec->n_tags)
		scn_fail(s, "got %u tags instead of %u", seen->n_tags, spec->n_tags);
	for (int i = 0; i < spec->n_tags && i < seen->n_tags; i++)
		if (seen->vids[i] != spec->tags[i].tci)
			scn_fail(s, "got VLAN %u instead of %u", seen->vids[i], spec->tags[i].tci);
}

static void
match_frame(struct scn *s, const struct scn_packet *p, const struct cgn_sim_frame *f)
{
	struct seen seen = look(f);

	match_tags(s, &seen, &p->spec);
	if (p->has_mac && memcmp(f->bytes, p->mac, 6) != 0)
		scn_fail(s, "sent to another MAC address");
	if (seen.ethertype != 0x0800 || seen.l3[9] != p->spec.proto) {
		scn_fail(s, "got another protocol");
		return;
	}
	if (p->spec.proto == IPPROTO_ICMP && seen.l3[20] != p->spec.icmp_type)
		scn_fail(s, "got ICMP type %u", seen.l3[20]);
	if (p->has_ttl && seen.l3[8] != p->spec.ttl)
		scn_fail(s, "got TTL %u", seen.l3[8]);
	if (!packet_l4_csum_is_right(seen.l3))
		scn_fail(s, "transport checksum is wrong");
	/* ICMP has one identifier; it belongs to the subscriber's end. */
	if (p->spec.proto == IPPROTO_ICMP && p->port == SIM_WAN)
		seen.dport = p->dst.port;
	else if (p->spec.proto == IPPROTO_ICMP)
		seen.sport = p->src.port;
	match_end(s, &p->src, seen.src, seen.sport);
	match_end(s, &p->dst, seen.dst, seen.dport);
}

static void
cmd_expect(struct scn *s)
{
	struct cgn_sim_frame f;
	struct scn_packet p;

	scn_packet_parse(s, &p);
	for (uint32_t i = 0; i < p.times; i++) {
		if (!cgn_sim_receive(s->sim, p.port, &f)) {
			scn_fail(s, "nothing came out");
			return;
		}
		match_frame(s, &p, &f);
	}
}

/* expect-icmp PORT TYPE CODE DESTINATION [from SOURCE] */
static void
cmd_expect_icmp(struct scn *s)
{
	uint16_t port = scn_port(s, s->words[1]);
	struct cgn_sim_frame f;
	struct seen seen;

	if (!cgn_sim_receive(s->sim, port, &f)) {
		scn_fail(s, "nothing came out");
		return;
	}
	seen = look(&f);
	if (seen.ethertype != 0x0800 || seen.l3[9] != IPPROTO_ICMP) {
		scn_fail(s, "no ICMP came out");
		return;
	}
	if (seen.l3[20] != scn_number(s, s->words[2]) || seen.l3[21] != scn_number(s, s->words[3]))
		scn_fail(s, "got ICMP type %u code %u", seen.l3[20], seen.l3[21]);
	if (seen.dst != scn_addr(s, s->words[4]))
		scn_fail(s, "sent to another address");
	if (s->n_words > 6 && seen.src != scn_addr(s, s->words[6]))
		scn_fail(s, "sent from another address");
}

/* expect-arp PORT [vlan N] ask|announce|reply ADDRESS [to MAC] */
static void
cmd_expect_arp(struct scn *s)
{
	uint16_t port = scn_port(s, s->words[1]);
	uint32_t at = 2, addr;
	struct cgn_sim_frame f;
	uint8_t mac[6];
	struct seen seen;
	const char *kind, *is;

	if (!cgn_sim_receive(s->sim, port, &f)) {
		scn_fail(s, "nothing came out");
		return;
	}
	seen = look(&f);
	if (s->n_words > 4 && strcmp(s->words[2], "vlan") == 0) {
		if (seen.n_tags != 1 || seen.vids[0] != scn_number(s, s->words[3]))
			scn_fail(s, "not in this VLAN");
		at = 4;
	}
	kind = s->words[at];
	addr = scn_addr(s, s->words[at + 1]);
	is = seen.ethertype != 0x0806  ? "no ARP"
		: seen.l3[7] == 2      ? "reply"
		: seen.src == seen.dst ? "announce"
				       : "ask";
	if (strcmp(kind, is) != 0)
		scn_fail(s, "got %s instead of %s", is, kind);
	else if (addr != (seen.l3[7] == 2 ? seen.src : seen.dst))
		scn_fail(s, "about another address");
	if (s->words[at + 2] != NULL) {
		scn_mac(s, s->words[at + 3], mac);
		if (memcmp(f.bytes, mac, 6) != 0)
			scn_fail(s, "sent to another MAC address");
	}
}

static void
cmd_expect_none(struct scn *s)
{
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++) {
		uint32_t n = cgn_sim_n_waiting(s->sim, p);

		if ((s->words[1] == NULL || scn_port(s, s->words[1]) == p) && n > 0)
			scn_fail(s, "%u frames came out of port %u", n, p);
	}
}

static void
expect_count(struct scn *s, uint64_t got, const char *want)
{
	if (got != scn_number(s, want))
		scn_fail(s, "there are %" PRIu64, got);
}

static void
cmd_expect_fate(struct scn *s)
{
	const char *tenant = s->n_words > 3 ? s->words[3] : NULL;

	expect_count(s,
		tenant != NULL ? cgn_sim_tenant_fate(s->sim, tenant, s->words[1])
			       : cgn_sim_fate(s->sim, s->words[1]),
		s->words[2]);
}

static void
cmd_expect_mappings(struct scn *s)
{
	expect_count(s,
		s->words[2] != NULL ? cgn_sim_tenant_n_mappings(s->sim, s->words[2])
				    : cgn_sim_n_mappings(s->sim),
		s->words[1]);
}

static void
cmd_expect_waiting(struct scn *s)
{
	expect_count(s, cgn_sim_n_waiting(s->sim, scn_port(s, s->words[1])), s->words[2]);
}

static void
cmd_expect_held(struct scn *s)
{
	expect_count(s, cgn_box_conservation(s->sim->box).held, s->words[1]);
}

/* same|differ $a $b; same-address|differ-address $a $b */
static void
cmd_compare(struct scn *s)
{
	const struct scn_var *a = scn_var_at(s, s->words[1]), *b = scn_var_at(s, s->words[2]);
	bool is_same = a->addr == b->addr;

	if (strstr(s->words[0], "address") == NULL)
		is_same = is_same && a->port == b->port;
	if (!a->is_set || !b->is_set)
		scn_fail(s, "not known yet");
	else if (is_same != (strncmp(s->words[0], "same", 4) == 0))
		scn_fail(s, "not so");
}

static void
cmd_time(struct scn *s)
{
	uint32_t n = scn_number(s, s->words[1]);

	if (strcmp(s->words[0], "elapse") == 0)
		cgn_sim_elapse_s(s->sim, n);
	else if (strcmp(s->words[0], "jump") == 0)
		cgn_sim_jump_s(s->sim, n);
	else
		cgn_sim_jump_ms(s->sim, n);
}

static void
cmd_host(struct scn *s)
{
	uint32_t addr = scn_addr(s, s->words[1]);
	uint8_t mac[6];

	if (strcmp(s->words[0], "mac") == 0) {
		scn_mac(s, s->words[2], mac);
		cgn_sim_host_set_mac(s->sim, addr, mac);
	} else
		cgn_sim_host_set_silent(s->sim, addr, strcmp(s->words[0], "silent") == 0);
}

/* arp PORT ADDRESS: a gratuitous ARP of the host, with its MAC address. */
static void
cmd_arp(struct scn *s)
{
	uint32_t addr = scn_addr(s, s->words[2]);
	struct packet_spec spec = packet_arp();
	uint8_t body[28];

	memcpy(body, spec.payload, sizeof(body));
	cgn_sim_host_mac(s->sim, addr, body + 8);
	for (int i = 0; i < 4; i++)
		body[14 + i] = body[24 + i] = (uint8_t)(addr >> (24 - 8 * i));
	spec.payload = body;
	spec.src = addr;
	cgn_sim_send_spec(s->sim, scn_port(s, s->words[1]), &spec);
	cgn_sim_run(s->sim);
}

static void
cmd_run(struct scn *s)
{
	cgn_sim_run(s->sim);
}

static void
cmd_skip(struct scn *s)
{
	cgn_sim_flush(s->sim, scn_port(s, s->words[1]));
}

static const struct {
	const char *name;
	void (*run)(struct scn *s);
} commands[] = {{"packet", cmd_packet}, {"queue", cmd_packet}, {"flows", cmd_flows},
	{"run", cmd_run}, {"session", scn_cmd_session}, {"skip", cmd_skip}, {"expect", cmd_expect},
	{"expect-icmp", cmd_expect_icmp}, {"expect-arp", cmd_expect_arp},
	{"expect-none", cmd_expect_none}, {"expect-fate", cmd_expect_fate},
	{"expect-mappings", cmd_expect_mappings}, {"expect-waiting", cmd_expect_waiting},
	{"expect-held", cmd_expect_held}, {"same", cmd_compare}, {"differ", cmd_compare},
	{"same-address", cmd_compare}, {"differ-address", cmd_compare}, {"elapse", cmd_time},
	{"jump", cmd_time}, {"jump-ms", cmd_time}, {"silent", cmd_host}, {"answers", cmd_host},
	{"mac", cmd_host}, {"arp", cmd_arp}, {"request", scn_cmd_request},
	{"expect-answer", scn_cmd_expect_answer},
	{"expect-announcement", scn_cmd_expect_announcement}, {"announced", scn_cmd_announced},
	{"open", scn_cmd_open}, {"shut", scn_cmd_open},
	{"expect-explicit", scn_cmd_expect_explicit}};

void
scn_command(struct scn *s)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(s->words[0], commands[i].name) == 0) {
			commands[i].run(s);
			return;
		}
	scn_wrong(s, s->words[0]);
}
