/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two tenants with the same inside addresses and ports, and their records in each output: read back
 * as a collector or a person would, each record names the tenant in whose pool its outside address
 * is, and its number, and all outputs say the same (LOG-03).
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control.h"
#include "ipfix.h"
#include "sim.h"
#include "syslog_text.h"

enum {
	RING = 16384,
	VRF_A = 11,
	VRF_B = 22,
	QUOTA_B = 30,
	N_SUBSCRIBERS = 5,
	N_PORTS = 12,
	/* Elements (RFC 8158) */
	INSIDE = 8,
	VRF = 234,
	OUTSIDE = 225,
	TENANT = 464,
	N_ELEMENTS = 512,
};

/* A record as somebody has read it; what he has not found is 0. */
struct reading {
	char tenant[32];
	uint32_t vrf, inside, outside;
};

static struct cgn_sim *sim;
static struct cgn_ipfix_message templates;
static uint32_t n_of[CGN_N_NATLOGS][2];

static void
start(void)
{
	static const char b[] =
		"log: {mappings: true, vrf: 22}\nquota: {subscriber: {udp: 30}}\n"
		"timeouts: {udp_s: 120, port_rest_s: 10}\nports: {block_size: 64}\n";

	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){
		.a = "log: {mappings: true, vrf: 11}\nports: {block_size: 64}\n"
		     "timeouts: {udp_s: 120, port_rest_s: 10}\n",
		.b = b,
		.seed = 7});
	cr_assert_eq(cgn_natlog_feed_init(sim->box->control, "tenants", RING, 0), 0);
	cgn_ipfix_begin(&templates);
	cgn_ipfix_add_templates(&templates);
}

static void
finish(void)
{
	cgn_natlog_feed_fini(sim->box->control);
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

TestSuite(log_of_tenants, .init = start, .fini = finish, .timeout = 60);

/* --- As others read it --- */

static uint32_t
get(const uint8_t *at, uint32_t n)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < n; i++)
		value = value << 8 | at[i];
	return value;
}

/* The template of that number: where its fields are told, and how many. */
static const uint8_t *
find_template(uint32_t id, uint32_t *n_fields)
{
	const uint8_t *at = templates.bytes + CGN_IPFIX_HEADER_LEN + 4;
	const uint8_t *end = templates.bytes + CGN_IPFIX_HEADER_LEN +
		get(templates.bytes + CGN_IPFIX_HEADER_LEN + 2, 2);

	while (at < end) {
		*n_fields = get(at + 2, 2);
		if (get(at, 2) == id)
			return at + 4;
		at += 4 + 4 * *n_fields;
	}
	cr_assert_fail("no template %u", id);
	return NULL;
}

/* False: IPFIX has no such record. */
static bool
read_ipfix(const struct cgn_natlog_record *r, struct reading *reading)
{
	struct cgn_ipfix_message msg;
	const uint8_t *set = msg.bytes + CGN_IPFIX_HEADER_LEN, *at = set + 4, *field;
	uint32_t n;

	cgn_ipfix_begin(&msg);
	cr_assert(cgn_ipfix_add(&msg, r));
	if (msg.n_records == 0)
		return false;
	field = find_template(get(set, 2), &n);
	for (uint32_t i = 0; i < n; i++, field += 4) {
		uint32_t element = get(field, 2), len = get(field + 2, 2);

		if (len == 65535)
			len = *at++;
		if (element == TENANT)
			snprintf(reading->tenant, sizeof(reading->tenant), "%.*s", (int)len,
				(const char *)at);
		else if (element == VRF)
			reading->vrf = get(at, len);
		else if (element == INSIDE)
			reading->inside = get(at, len);
		else if (element == OUTSIDE)
			reading->outside = get(at, len);
		at += len;
	}
	cr_assert_eq(at - msg.bytes, msg.len);
	return true;
}

static uint32_t
address(const char *text)
{
	unsigned int a, b, c, d;

	cr_assert_eq(sscanf(text, "%u.%u.%u.%u", &a, &b, &c, &d), 4, "%s", text);
	return a << 24 | b << 16 | c << 8 | d;
}

static void
read_param(const char *line, const char *name, char value[32])
{
	char key[32];
	const char *at;

	snprintf(key, sizeof(key), " %s=\"", name);
	at = strstr(line, key);
	value[0] = '\0';
	if (at != NULL)
		snprintf(value, 32, "%.*s", (int)strcspn(at + strlen(key), "\""), at + strlen(key));
}

static void
read_structured(const struct cgn_natlog_record *r, struct reading *reading)
{
	const struct cgn_syslog_style style = {.host = "-"};
	char line[CGN_SYSLOG_MAX], value[32];

	cgn_syslog_text(&style, r, NULL, line);
	read_param(line, "tenant", reading->tenant);
	read_param(line, "inside", value);
	reading->inside = value[0] != '\0' ? address(value) : 0;
	read_param(line, "outside", value);
	reading->outside = value[0] != '\0' ? address(value) : 0;
}

/* By the place of a word: number, tenant, inside, then its port if there is one, outside. */
static void
read_compact(const struct cgn_natlog_record *r, struct reading *reading)
{
	const struct cgn_syslog_style style = {.host = "-", .is_compact = true};
	char line[CGN_SYSLOG_MAX], *words[24], *rest = line;
	enum cgn_natlog_id id = (enum cgn_natlog_id)r->id;
	uint32_t n = 0, at = 9; /* behind header, structured data and number */

	cgn_syslog_text(&style, r, NULL, line);
	while (n < 24 && (words[n] = strsep(&rest, " ")) != NULL)
		n++;
	cr_assert_gt(n, at, "%u words", n);
	snprintf(reading->tenant, sizeof(reading->tenant), "%s", words[at - 1]);
	if (cgn_natlog_has(id, CGN_NATLOG_FIELD_INSIDE))
		reading->inside = address(words[at++]);
	at += cgn_natlog_has(id, CGN_NATLOG_FIELD_INSIDE_PORT);
	if (cgn_natlog_has(id, CGN_NATLOG_FIELD_OUTSIDE))
		reading->outside = address(words[at]);
}

/* --- What they must find --- */

static bool
is_of_b(uint32_t outside)
{
	cr_assert(outside >> 4 == SIM_POOL_A >> 4 || outside >> 4 == SIM_POOL_B >> 4);
	return outside >> 4 == SIM_POOL_B >> 4;
}

static void
compare(const struct cgn_natlog_record *r)
{
	struct reading ipfix = {.vrf = 0}, structured = {.vrf = 0}, compact = {.vrf = 0};
	bool is_b;

	read_structured(r, &structured);
	read_compact(r, &compact);
	is_b = r->outside_addr != 0 ? is_of_b(r->outside_addr)
				    : strcmp(structured.tenant, "b") == 0;
	cr_assert_str_eq(structured.tenant, is_b ? "b" : "a");
	cr_assert_str_eq(compact.tenant, structured.tenant);
	cr_assert_eq(structured.outside, r->outside_addr);
	cr_assert_eq(compact.outside, structured.outside);
	cr_assert_eq(structured.inside, r->inside_addr);
	cr_assert_eq(compact.inside, structured.inside);
	n_of[r->id][is_b]++;
	if (!read_ipfix(r, &ipfix))
		return;
	cr_assert_str_eq(ipfix.tenant, structured.tenant);
	cr_assert_eq(ipfix.vrf, is_b ? VRF_B : VRF_A);
	cr_assert_eq(ipfix.outside, structured.outside);
	cr_assert_eq(ipfix.inside, structured.inside);
}

static void
compare_all(void)
{
	struct cgn_natlog_record r;
	struct cgn_event event;

	while (cgn_natlog_take(&sim->box->control->natlog, &r, &event))
		if (cgn_natlog_has((enum cgn_natlog_id)r.id, CGN_NATLOG_FIELD_TENANT))
			compare(&r);
}

/* --- Traffic --- */

static void
send_udp(bool is_b, uint32_t src, uint16_t port)
{
	struct packet_spec spec = packet_udp(src, port, SIM_PEER, 53);

	spec.n_tags = is_b;
	spec.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = 102};
	cgn_sim_send_spec(sim, is_b ? SIM_TRUNK : SIM_ACCESS, &spec);
}

/* On the address that its traffic has. */
static void
forward_port(uint16_t tenant, uint16_t inside_port, bool is_wanted)
{
	const struct cgn_mapping *m = cgn_sim_mapping(
		sim, tenant == 0 ? "a" : "b", IPPROTO_UDP, SIM_A1, 5000);
	struct cgn_conf_static s = {.inside = SIM_A1,
		.inside_port = inside_port,
		.outside = rte_be_to_cpu_32(m->outside_addr),
		.outside_port = 8080,
		.protocol = CGN_STATIC_TCP};
	const char *why = is_wanted ? cgn_static_add(sim->box->control, tenant, &s)
				    : cgn_static_del(sim->box->control, tenant, &s);

	cr_assert_null(why, "%s", why != NULL ? why : "");
}

static void
both_do_the_same(void)
{
	for (uint32_t i = 0; i < N_SUBSCRIBERS; i++)
		for (uint16_t port = 5000; port < 5000 + N_PORTS; port++) {
			send_udp(false, SIM_A1 + i, port);
			send_udp(true, SIM_B1 + i, port);
		}
	cgn_sim_run(sim);
	forward_port(0, 80, true);
	forward_port(1, 80, true);
	cgn_sim_run(sim);
}

Test(log_of_tenants, same_inside_addresses_and_ports_are_never_confused)
{
	static const enum cgn_natlog_id ids[] = {CGN_NATLOG_BLOCK_LEASED, CGN_NATLOG_BLOCK_RETURNED,
		CGN_NATLOG_ADDRESS_BOUND, CGN_NATLOG_ADDRESS_UNBOUND, CGN_NATLOG_MAPPING_MADE,
		CGN_NATLOG_MAPPING_ENDED, CGN_NATLOG_EXPLICIT_MADE, CGN_NATLOG_EXPLICIT_ENDED};

	both_do_the_same();
	compare_all();
	for (int is_b = 0; is_b < 2; is_b++)
		cr_assert_eq(n_of[CGN_NATLOG_MAPPING_MADE][is_b], N_SUBSCRIBERS * N_PORTS + 1, "%u",
			n_of[CGN_NATLOG_MAPPING_MADE][is_b]);
	forward_port(0, 80, false);
	forward_port(1, 80, false);
	cgn_sim_elapse_s(sim, 150);
	compare_all();
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		cr_assert_gt(n_of[ids[i]][0], 0, "%s", cgn_natlogs[ids[i]].name);
		cr_assert_eq(n_of[ids[i]][0], n_of[ids[i]][1], "%s", cgn_natlogs[ids[i]].name);
	}
}

/* Its record has no outside address: what it names is what happened. */
Test(log_of_tenants, limit_is_told_of_the_tenant_that_reached_it)
{
	for (uint16_t port = 5000; port < 5000 + 2 * QUOTA_B; port++) {
		send_udp(false, SIM_A1, port);
		send_udp(true, SIM_B1, port);
		cgn_sim_run(sim);
	}
	compare_all();
	cr_assert_eq(n_of[CGN_NATLOG_SUBSCRIBER_QUOTA][1], 1);
	cr_assert_eq(n_of[CGN_NATLOG_SUBSCRIBER_QUOTA][0], 0);
	cr_assert_eq(n_of[CGN_NATLOG_MAPPING_MADE][0], 2 * QUOTA_B);
	cr_assert_eq(n_of[CGN_NATLOG_MAPPING_MADE][1], QUOTA_B);
}
