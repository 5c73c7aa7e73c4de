/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands of scenarios about NAT-PMP and PCP: requests, answers, announcements, open and shut. */
#include <netinet/in.h>
#include <string.h>

#include "explicit.h"
#include "scn.h"

enum { REQUEST_MAX = 1100, MAC_IP_UDP = 14 + 20 + 8, SERVER = 5351, CLIENT = 5350 };
enum { OPTION_FILTER = 3, OPTION_PREFER_FAILURE = 2, OPTION_THIRD_PARTY = 1, OPTION_SET = 130 };

struct message {
	uint32_t len;
	uint8_t bytes[REQUEST_MAX];
};

static void
put(uint8_t *p, uint32_t v, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

static uint32_t
get(const uint8_t *p, int n)
{
	uint32_t v = 0;

	for (int i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static void
put_addr(uint8_t *p, uint32_t addr)
{
	memset(p, 0, 10);
	p[10] = p[11] = 0xff;
	put(p + 12, addr, 4);
}

static uint8_t *
option(struct message *m, uint8_t code, uint16_t len)
{
	uint8_t *p = m->bytes + m->len;

	memset(p, 0, 4 + (len + 3u) / 4 * 4);
	p[0] = code;
	put(p + 2, len, 2);
	m->len += 4 + (len + 3u) / 4 * 4;
	return p + 4;
}

static uint8_t
proto_of(const struct scn *s, const char *word)
{
	if (word != NULL && strcmp(word, "udp") == 0)
		return IPPROTO_UDP;
	if (word != NULL && strcmp(word, "tcp") == 0)
		return IPPROTO_TCP;
	scn_wrong(s, word != NULL ? word : "a protocol is missing");
}

/* NUMBER, or ADDRESS:NUMBER, or $variable. */
static void
put_suggestion(struct scn *s, struct message *m, char *word)
{
	struct scn_end end = {0};

	if (word != NULL && strchr(word, ':') == NULL && word[0] != '$')
		end.port = (uint16_t)scn_number(s, word);
	else
		end = scn_end_resolved(s, word);
	if (m->bytes[0] == 0) {
		put(m->bytes + 6, end.port, 2);
		return;
	}
	put(m->bytes + 42, end.port, 2);
	put_addr(m->bytes + 44, end.addr);
}

/* ADDRESS/LENGTH[:PORT]; all/0 clears. */
static void
put_filter(struct scn *s, struct message *m, char *word)
{
	char *slash = word != NULL ? strchr(word, '/') : NULL, *colon;
	uint8_t *p = option(m, OPTION_FILTER, 20);

	if (slash == NULL)
		scn_wrong(s, "ADDRESS/LENGTH[:PORT] is missing");
	*slash = '\0';
	colon = strchr(slash + 1, ':');
	if (colon != NULL) {
		*colon = '\0';
		put(p + 2, scn_number(s, colon + 1), 2);
	}
	if (strcmp(word, "all") == 0)
		return;
	p[1] = (uint8_t)(96 + scn_number(s, slash + 1));
	put_addr(p + 4, scn_addr(s, word));
}

static void
put_wish(struct scn *s, struct message *m, const char *name, char *value)
{
	bool pcp = m->bytes[0] == 2;
	uint8_t *p;

	if (strcmp(name, "life") == 0)
		put(m->bytes + (pcp ? 4 : 8), scn_number(s, value), 4);
	else if (strcmp(name, "suggest") == 0)
		put_suggestion(s, m, value);
	else if (pcp && strcmp(name, "nonce") == 0)
		put(m->bytes + 24, scn_number(s, value), 4);
	else if (pcp && strcmp(name, "filter") == 0)
		put_filter(s, m, value);
	else if (pcp && strcmp(name, "prefer") == 0 && strcmp(value, "failure") == 0)
		option(m, OPTION_PREFER_FAILURE, 0);
	else if (pcp && strcmp(name, "third") == 0)
		put_addr(option(m, OPTION_THIRD_PARTY, 16), scn_addr(s, value));
	else if (pcp && (strcmp(name, "set") == 0 || strcmp(name, "set-parity") == 0)) {
		p = option(m, OPTION_SET, 5);
		put(p, scn_number(s, value), 2);
		put(p + 2, get(m->bytes + 40, 2), 2);
		p[4] = name[3] == '-';
	} else
		scn_wrong(s, name);
}

/* map|pcp-map PROTO PORT, pcp-peer PROTO PORT PEER:PORT, address, announce; returns what follows.
 */
static uint32_t
start_message(struct scn *s, struct message *m, uint32_t i, uint32_t client)
{
	const char *kind = s->words[i];
	bool peer = kind != NULL && strcmp(kind, "pcp-peer") == 0;

	if (kind == NULL)
		scn_wrong(s, "the kind of request is missing");
	if (strcmp(kind, "address") == 0) {
		m->len = 2;
		return i + 1;
	}
	if (strcmp(kind, "map") == 0) {
		m->len = 12;
		m->bytes[1] = proto_of(s, s->words[i + 1]) == IPPROTO_UDP ? 1 : 2;
		put(m->bytes + 4, scn_number(s, s->words[i + 2]), 2);
		put(m->bytes + 8, 3600, 4);
		return i + 3;
	}
	m->bytes[0] = 2;
	m->len = 24;
	put_addr(m->bytes + 8, client);
	if (strcmp(kind, "announce") == 0)
		return i + 1;
	if (!peer && strcmp(kind, "pcp-map") != 0)
		scn_wrong(s, kind);
	m->len = peer ? 80 : 60;
	m->bytes[1] = peer ? 2 : 1;
	put(m->bytes + 4, 3600, 4);
	m->bytes[36] = proto_of(s, s->words[i + 1]);
	put(m->bytes + 40, scn_number(s, s->words[i + 2]), 2);
	put_addr(m->bytes + 44, 0);
	if (peer) {
		struct scn_end end = scn_end_resolved(s, s->words[i + 3]);

		put(m->bytes + 60, end.port, 2);
		put_addr(m->bytes + 64, end.addr);
	}
	return peer ? i + 4 : i + 3;
}

static uint32_t
service_of(uint16_t port, const struct packet_spec *spec)
{
	if (port == SIM_TRUNK && spec->n_tags == 2)
		return 0x64420001;
	return port == SIM_TRUNK && spec->tags[0].tci == 101 ? 0x64410001 : SIM_GATEWAY;
}

/* request PORT [vlan N | qinq N N] CLIENT[:PORT] KIND … [WISH VALUE]… [times N] */
void
scn_cmd_request(struct scn *s)
{
	uint16_t port = scn_port(s, s->words[1]);
	struct packet_spec tags = {0}, spec;
	uint32_t i = scn_tags_parse(s, &tags, 2), times = 1;
	struct scn_end client = scn_end_resolved(s, s->words[i]);
	struct message m = {0};

	for (i = start_message(s, &m, i + 1, client.addr); i < s->n_words; i += 2) {
		if (strcmp(s->words[i], "times") == 0)
			times = scn_number(s, s->words[i + 1]);
		else
			put_wish(s, &m, s->words[i], s->words[i + 1]);
	}
	spec = packet_udp(client.addr, client.port != 0 ? client.port : 40000,
		service_of(port, &tags), SERVER);
	spec.n_tags = tags.n_tags;
	memcpy(spec.tags, tags.tags, sizeof(tags.tags));
	spec.payload = m.bytes;
	spec.payload_len = (uint16_t)m.len;
	for (uint32_t n = 0; n < times; n++)
		if (!cgn_sim_send_spec(s->sim, port, &spec))
			scn_fail(s, "no room for the packet");
	cgn_sim_run(s->sim);
}

/* The next datagram of the server by a port; group: an announcement, else announcements are passed
 * over. Returns the payload or NULL. */
static const uint8_t *
next_message(struct scn *s, uint16_t port, bool group, struct cgn_sim_frame *f, uint32_t *client)
{
	uint32_t off;

	do {
		if (!cgn_sim_receive(s->sim, port, f)) {
			scn_fail(s, "nothing came out");
			return NULL;
		}
		off = 0;
		while (get(f->bytes + 12 + off, 2) != 0x0800 && off < 8)
			off += 4;
		*client = get(f->bytes + off + 30, 4);
	} while (!group && *client == 0xe0000001);
	if (f->len < MAC_IP_UDP + off || f->bytes[off + 23] != IPPROTO_UDP ||
		get(f->bytes + off + 34, 2) != SERVER) {
		scn_fail(s, "no answer came out");
		return NULL;
	}
	if (!packet_l4_csum_is_right(f->bytes + off + 14))
		scn_fail(s, "checksum is wrong");
	if (group != (*client == 0xe0000001 && get(f->bytes + off + 36, 2) == CLIENT))
		scn_fail(s, "not to all hosts, port 5350");
	if (group && (get(f->bytes, 4) != 0x01005e00 || get(f->bytes + 4, 2) != 1))
		scn_fail(s, "not to the MAC address of all hosts");
	return f->bytes + MAC_IP_UDP + off;
}

struct answer {
	uint32_t result, life, epoch, addr, inside_port, port, size;
};

static uint32_t
tenant_addr(struct scn *s, uint16_t port, const struct cgn_sim_frame *f, struct answer *a,
	uint32_t client, uint8_t proto)
{
	const char *tenant = port == SIM_ACCESS || get(f->bytes + 14, 2) == 101 ? "a"
		: get(f->bytes + 12, 2) == 0x8100                               ? "b"
										: "c";
	const struct cgn_mapping *m = cgn_sim_mapping(
		s->sim, tenant, proto, client, (uint16_t)a->inside_port);

	if (m == NULL || rte_be_to_cpu_16(m->outside_port) != a->port) {
		scn_fail(s, "there is no such mapping");
		return 0;
	}
	return rte_be_to_cpu_32(m->outside_addr);
}

static struct answer
read_answer(const uint8_t *p)
{
	struct answer a = {.size = 1};

	if (p[0] == 0) {
		a.result = get(p + 2, 2);
		a.epoch = get(p + 4, 4);
		if (p[1] == 128) {
			a.addr = get(p + 8, 4);
			return a;
		}
		a.inside_port = get(p + 8, 2);
		a.port = get(p + 10, 2);
		a.life = get(p + 12, 4);
		return a;
	}
	a.result = p[3];
	a.life = get(p + 4, 4);
	a.epoch = get(p + 8, 4);
	if ((p[1] & 0x7f) == 0)
		return a;
	a.inside_port = get(p + 40, 2);
	a.port = get(p + 42, 2);
	a.addr = get(p + 56, 4);
	return a;
}

/* Size (0) or first inside port (1) of the set that the answer is about. */
static uint32_t
set_field(const uint8_t *p, const uint8_t *end, int field)
{
	uint32_t one = field == 0 ? 1 : get(p + 40, 2);

	p += p[0] == 2 && p[1] == 0x81 ? 60 : 80;
	for (; p + 4 <= end; p += 4 + (get(p + 2, 2) + 3) / 4 * 4)
		if (p[0] == OPTION_SET)
			return get(p + 4 + 2 * field, 2);
	return one;
}

static void
must_be(struct scn *s, const char *what, uint32_t got, const char *want)
{
	if (got != scn_number(s, want))
		scn_fail(s, "%s is %u instead of %s", what, got, want);
}

/* expect-answer PORT RESULT [at $m] [life|port|inside|size|first|epoch N]… */
void
scn_cmd_expect_answer(struct scn *s)
{
	uint16_t port = scn_port(s, s->words[1]);
	struct cgn_sim_frame f;
	uint32_t client;
	const uint8_t *p = next_message(s, port, false, &f, &client);
	struct answer a;

	if (p == NULL)
		return;
	a = read_answer(p);
	must_be(s, "the result", a.result, s->words[2]);
	for (uint32_t i = 3; i < s->n_words; i += 2) {
		const char *name = s->words[i];
		char *value = s->words[i + 1];

		if (strcmp(name, "at") == 0) {
			if (p[0] == 0 && p[1] > 128)
				a.addr = tenant_addr(s, port, &f, &a, client,
					p[1] == 129 ? IPPROTO_UDP : IPPROTO_TCP);
			scn_match_word(s, value, a.addr, (uint16_t)a.port);
		} else if (strcmp(name, "life") == 0)
			must_be(s, "the lifetime", a.life, value);
		else if (strcmp(name, "port") == 0)
			must_be(s, "the port", a.port, value);
		else if (strcmp(name, "inside") == 0)
			must_be(s, "the inside port", a.inside_port, value);
		else if (strcmp(name, "size") == 0)
			must_be(s, "the size", set_field(p, f.bytes + f.len, 0), value);
		else if (strcmp(name, "first") == 0)
			must_be(s, "the first port", set_field(p, f.bytes + f.len, 1), value);
		else if (strcmp(name, "epoch") == 0)
			must_be(s, "the epoch", a.epoch, value);
		else
			scn_wrong(s, name);
	}
}

/* expect-announcement PORT natpmp|pcp EPOCH */
void
scn_cmd_expect_announcement(struct scn *s)
{
	struct cgn_sim_frame f;
	uint32_t client;
	const uint8_t *p = next_message(s, scn_port(s, s->words[1]), true, &f, &client);
	struct answer a;

	if (p == NULL || s->words[2] == NULL)
		return;
	a = read_answer(p);
	if (p[0] != (strcmp(s->words[2], "pcp") == 0 ? 2 : 0) || p[1] != 128)
		scn_fail(s, "version %u opcode %u", p[0], p[1]);
	must_be(s, "the result", a.result, "0");
	must_be(s, "the epoch", a.epoch, s->words[3]);
}

/* announced: what is sent after a start is over, and forgotten. */
void
scn_cmd_announced(struct scn *s)
{
	enum { TRAIN_S = 130 };

	cgn_sim_elapse_s(s->sim, TRAIN_S);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(s->sim, p);
}

static uint32_t
n_inside(const struct scn *s)
{
	return cgn_sim_n_waiting(s->sim, SIM_ACCESS) + cgn_sim_n_waiting(s->sim, SIM_TRUNK);
}

/* open|shut PROTO PEER:PORT > $m [PORT CLIENT:PORT] */
void
scn_cmd_open(struct scn *s)
{
	bool is_open = s->words[0][0] == 'o', tcp = proto_of(s, s->words[1]) == IPPROTO_TCP;
	struct scn_end peer = scn_end_resolved(s, s->words[2]), to, client;
	struct packet_spec spec;
	struct cgn_sim_frame f;
	const uint8_t *ip;
	uint32_t was = n_inside(s);

	if (s->words[3] == NULL || strcmp(s->words[3], ">") != 0)
		scn_wrong(s, "PEER > MAPPING is missing");
	to = scn_end_resolved(s, s->words[4]);
	spec = tcp ? packet_tcp(peer.addr, peer.port, to.addr, to.port, 0x02)
		   : packet_udp(peer.addr, peer.port, to.addr, to.port);
	cgn_sim_send_spec(s->sim, SIM_WAN, &spec);
	cgn_sim_run(s->sim);
	if (n_inside(s) != was + is_open) {
		scn_fail(s, "it is %s", is_open ? "shut" : "open");
		return;
	}
	if (!is_open)
		return;
	client = scn_end_resolved(s, s->words[6]);
	if (!cgn_sim_receive(s->sim, scn_port(s, s->words[5]), &f)) {
		scn_fail(s, "it came out elsewhere");
		return;
	}
	ip = f.bytes + 14;
	while (ip[0] != 0x45)
		ip += 4;
	if (get(ip + 16, 4) != client.addr || get(ip + 22, 2) != client.port)
		scn_fail(s, "it went to %08x:%u", get(ip + 16, 4), get(ip + 22, 2));
	if (!packet_l4_csum_is_right(ip))
		scn_fail(s, "transport checksum is wrong");
}

/* expect-explicit RECORDS FILTERS: in use by all tenants. */
void
scn_cmd_expect_explicit(struct scn *s)
{
	const struct cgn_control *c = s->sim->box->control;

	must_be(s, "the number of records", c->explicits.n_used, s->words[1]);
	must_be(s, "the number of filter sets", c->filters.n_used, s->words[2]);
}
