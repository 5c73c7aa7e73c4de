/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random configurations one after another while random packets, requests and time go on, some of
 * them in the middle of a reload. When one is over the tables agree with the directory, counts with
 * a recount and every packet has its fate; nobody gets what was sent to another tenant, and a
 * tenant of which nothing is different loses nothing. Among them are wrong ones, which are refused
 * with their reason and change nothing at all. At the end there is as much memory as early on.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "diff.h"
#include "directory_switch.h"
#include "pool_fixture.h"
#include "random_conf.h"

#ifdef __SANITIZE_ADDRESS__
enum { N_RELOADS = 300, IS_INSTRUMENTED = 1 };
#else
enum { N_RELOADS = 1000, IS_INSTRUMENTED = 0 };
#endif

enum { HEAP_GROWTH_MAX = 512 * 1024 };
enum { BURSTS = 6, BURST = 16, N_HOSTS = 64, N_PORTS = 30, MAX_KEPT = 16384 };

static struct cgn_sim *sim;
static struct cgn_rand prng;
static struct random_conf conf;
static uint32_t n_delivered, n_explicit, n_kept_checked, n_refused;
static uint64_t n_probes; /* that a worker has to drop */

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "prop_reload: %s\n", what);
	cgn_sim_dump(sim, stderr);
	exit(1);
}

static uint32_t
below(uint32_t n)
{
	return cgn_rand_below(&prng, n);
}

static void
tag(struct packet_spec *s, uint16_t vid)
{
	s->n_tags = 1;
	s->tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = vid};
}

/* From any host of any link, whether it is somebody's now or not. */
static void
send_inside(void)
{
	uint32_t link = below(RANDOM_LINKS);
	uint32_t base = below(4) == 0 ? UINT32_C(0x645a0000) + (below(RANDOM_TENANTS) << 16)
				      : UINT32_C(0x64400000) + (link << 17);
	uint16_t sport = (uint16_t)(2000 + below(N_PORTS)), dport = (uint16_t)(53 + below(3));
	uint32_t src = base + 2 + below(N_HOSTS), dst = (uint32_t)SIM_PEER + below(3);
	struct packet_spec s = packet_udp(src, sport, dst, dport);

	if (below(3) == 0)
		s = packet_tcp(src, sport, dst, dport, below(4) == 0 ? 0x10 : 0x02);
	else if (below(6) == 0)
		s = packet_echo(src, dst, true, sport);
	if (below(8) == 0)
		s.dst = (uint32_t)SIM_POOL_A + below(32); /* a hairpin, perhaps */
	if (link > 0)
		tag(&s, (uint16_t)(100 + link));
	cgn_sim_send_spec(sim, link == 0 ? SIM_ACCESS : SIM_TRUNK, &s);
}

static uint32_t
owner_of(uint32_t addr)
{
	uint32_t piece = (addr - SIM_POOL_A) / 4, t;

	if (addr < SIM_POOL_A || piece >= RANDOM_POOLS)
		return RANDOM_NOBODY;
	t = conf.pool_owner[piece];
	return t != RANDOM_NOBODY && conf.tenants[t].live ? t : (uint32_t)RANDOM_NOBODY;
}

/* To whoever has the outside address now; the datagram says which tenant that is. */
static void
send_outside(void)
{
	const struct cgn_table *table = sim->box->dp.table;
	const struct cgn_mapping *m = cgn_table_at(table, 1 + below(2048));
	uint8_t payload[8] = "to: ?";
	struct packet_spec s;

	for (int i = 0; i < 8 && m->outside_addr == 0; i++)
		m = cgn_table_at(table, 1 + below(2048));
	s = packet_udp((uint32_t)SIM_PEER + below(3), (uint16_t)(53 + below(3)),
		rte_be_to_cpu_32(m->outside_addr), rte_be_to_cpu_16(m->outside_port));
	payload[4] = (uint8_t)('0' + owner_of(s.dst) % 10);
	s.payload = payload;
	s.payload_len = sizeof(payload);
	if (conf.uplink == 2)
		tag(&s, 9);
	if (m->outside_addr == 0 || !cgn_sim_send_spec(sim, SIM_WAN, &s))
		return;
	n_probes += s.dport == 5350 || s.dport == 5351; /* other protocols use these ports */
}

/* ROOT-6: a request from the WAN side ends first of all, before, during and after each reload. */
static void
probe(void)
{
	struct packet_spec s = packet_udp((uint32_t)SIM_PEER, 5350,
		below(2) == 0 ? (uint32_t)SIM_POOL_A + below(32) : (uint32_t)SIM_UPLINK,
		(uint16_t)(5350 + below(2)));

	if (below(2) == 0)
		tag(&s, 9);
	n_probes += cgn_sim_send_spec(sim, SIM_WAN, &s);
}

static void
ask(void)
{
	struct cgn_control *c = sim->box->control;
	const struct cgn_directory *dir = c->dp->dir;
	uint32_t t = below(dir->n_tenants);
	struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS];
	struct cgn_explicit_ask q = {.origin = (enum cgn_explicit_origin)below(3),
		.tenant = (uint16_t)t,
		.proto = below(2) == 0 ? CGN_TCP : CGN_UDP,
		.inside_port = (uint16_t)(2000 + below(N_PORTS)),
		.suggested_port = (uint16_t)(4096 + below(4096)),
		.lifetime_s = below(5) == 0 ? 0 : 120 + below(600),
		.nonce = {(uint8_t)below(2)},
		.client_port = 5350,
		.n_ports = 1};
	const struct cgn_number_runs *runs;
	uint32_t n;

	if (!cgn_directory_tenant_live(dir, t) || dir->tenants[t].inside.n_runs == 0)
		return;
	if (q.origin == CGN_EXPLICIT_NATPMP ? !dir->tenants[t].conf->portctl.natpmp
					    : !dir->tenants[t].conf->portctl.pcp)
		return;
	runs = &dir->tenants[t].inside;
	q.inside = cgn_number_next(runs, runs->runs[below(runs->n_runs)].first + below(40));
	if (q.inside == CGN_NONE)
		return;
	q.client_addr = cgn_directory_inside_addr(dir, q.inside);
	if (q.origin == CGN_EXPLICIT_PCP_PEER) {
		q.peer_addr = SIM_PEER;
		q.peer_port = 53;
	} else if (q.origin == CGN_EXPLICIT_PCP_MAP && below(3) == 0) {
		q.n_filters = 1;
		q.filters[0] = (struct cgn_portctl_filter){.addr = SIM_PEER, .prefix_len = 32};
	} else if (q.origin == CGN_EXPLICIT_PCP_MAP && below(6) == 0)
		q.n_ports = 4;
	n_explicit += cgn_explicit_ops.ask(c, &q, answers, &n) == CGN_EXPLICIT_OK;
}

static void
traffic(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (below(3) == 0)
			send_outside();
		else if (below(12) == 0)
			ask();
		else
			send_inside();
}

/* A datagram inside is for the tenant whose outside address it was sent to. */
static void
check_received(void)
{
	struct cgn_sim_frame f;

	cgn_sim_flush(sim, SIM_WAN);
	for (uint16_t port = SIM_ACCESS; port <= SIM_TRUNK; port++)
		while (cgn_sim_receive(sim, port, &f)) {
			uint32_t off = f.bytes[12] == 0x81 ? 18 : 14;
			uint32_t link = off == 18 ? (uint32_t)f.bytes[15] - 100 : 0;

			if (f.len < off + 36 || f.bytes[off - 2] != 8 || f.bytes[off + 9] != 17 ||
				memcmp(f.bytes + off + 28, "to: ", 4) != 0)
				continue;
			must(link < RANDOM_LINKS, "a frame with a tag of nobody");
			n_delivered++;
			must(f.bytes[off + 32] == '0' + conf.link_owner[link],
				"a datagram has got to another tenant");
		}
}

/* Mappings of tenants that a reload does not touch. */
static struct kept {
	uint32_t i, inside;
	rte_be32_t outside_addr;
	rte_be16_t inside_port, outside_port;
	uint8_t proto, is_explicit;
} kept[MAX_KEPT];
static uint32_t n_kept;

static void
note_kept(const struct random_conf *next)
{
	const struct cgn_control *c = sim->box->control;
	const struct cgn_directory *dir = c->dp->dir;
	bool keeps[RANDOM_TENANTS];

	for (uint32_t t = 0; t < RANDOM_TENANTS; t++)
		keeps[t] = random_conf_keeps(&conf, next, t);
	n_kept = 0;
	for (uint32_t i = 1; i <= c->table->capacity && n_kept < MAX_KEPT; i++) {
		const struct cgn_mapping *m = cgn_table_at(c->table, i);

		if (c->table->sides[i].wheel.prev == 0 ||
			!keeps[cgn_directory_tenant_name(dir, m->tenant)[0] - 'a'])
			continue;
		kept[n_kept++] = (struct kept){.i = i,
			.inside = m->inside,
			.outside_addr = m->outside_addr,
			.inside_port = m->inside_port,
			.outside_port = m->outside_port,
			.proto = m->proto,
			.is_explicit = m->explicit_ref != 0};
	}
}

static void
check_kept(void)
{
	const struct cgn_control *c = sim->box->control;

	for (uint32_t k = 0; k < n_kept; k++) {
		const struct cgn_mapping *m = cgn_table_at(c->table, kept[k].i);

		must(c->table->sides[kept[k].i].wheel.prev != 0 && m->inside == kept[k].inside &&
				m->inside_port == kept[k].inside_port &&
				m->outside_addr == kept[k].outside_addr &&
				m->outside_port == kept[k].outside_port &&
				m->proto == kept[k].proto &&
				(m->explicit_ref != 0 || !kept[k].is_explicit),
			"a reload has ended or changed what is no business of its");
	}
	n_kept_checked += n_kept;
}

/* Packets only: what was there may not be ended by a request. */
static void
traffic_meanwhile(void)
{
	for (int turn = 0; turn < 6; turn++) {
		for (int i = 0; i < 8; i++)
			send_inside();
		probe();
		if (below(2) == 0)
			cgn_sim_poll_workers(sim);
		if (below(2) == 0)
			cgn_sim_poll_control(sim);
	}
}

static void
reload(int slot)
{
	struct random_conf next = conf;
	struct cgn_sim_params params;
	struct cgn_errmsg err;

	random_conf_change(&next, &prng, 1 + below(6));
	params = random_conf_params(&next, slot);
	for (int i = 0; i < 8; i++)
		send_inside();
	cgn_sim_poll_workers(sim); /* some are in the rings, some not even received */
	send_outside();
	send_inside();
	note_kept(&next);
	if (cgn_sim_reload_begin(sim, &params, &err) < 0) {
		fprintf(stderr, "refused: %s\n", err.text);
		must(false, "a reload was refused");
	}
	conf = next;
	traffic_meanwhile();
	cgn_sim_reload_end(sim);
	check_kept();
	must(cgn_sim_is_sound(sim), "the law is broken after a reload");
	must(cgn_sim_fate(sim, "wan_natpmp") == n_probes, "a request from outside was let in");
	must(audit_is_sound(sim->box), "the audit failed after a reload");
	must(audit_follows_directory(sim->box), "a mapping does not follow the directory");
	cgn_sim_flush(sim, SIM_ACCESS); /* what was on its way went by the old links */
	cgn_sim_flush(sim, SIM_TRUNK);
}

/* What may be wrong with a file: lines that it gets at its end, and what is said about it. */
static const struct {
	const char *lines, *why;
	bool is_box;
} wrongs[] = {
	{"pool: [", "YAML: ", false},
	{"nonsense: 1\n", "nonsense: ", false},
	{"pool: [198.18.0.1/32]\n", "pool: ", false}, /* the key is there already */
	{"drain: [198.51.100.0/25]\n", "[drain-pool]", false},
	{"routes: [{prefix: 10.0.0.0/8, via: 192.0.2.77}]\n", "[via-off-link]", false},
	{"icmp: {errors_per_s: many}\n", "icmp.errors_per_s: ", true},
	{"log: {level: 7}\n", "log.level: ", true},
	{"arp: [\n", "YAML: ", true},
};

static void
is_told(const struct cgn_conf_errors *errors, const char *why, const char *file)
{
	char line[1024];

	for (uint32_t i = 0; i < errors->n_errors; i++) {
		cgn_conf_error_str(errors, i, line, sizeof(line));
		if (strstr(line, why) != NULL && strncmp(line, file, strlen(file)) == 0 &&
			line[strlen(file)] == ':')
			return;
	}
	fprintf(stderr, "of %s is said: %s\n", why, errors->n_errors > 0 ? line : "nothing");
	must(false, "a wrong configuration is not refused with its reason");
}

static void
try_wrong(const struct random_conf *next, int slot)
{
	static char text[4096];
	static const char *const names[] = {"a", "b", "c"};
	uint32_t w = below(RTE_DIM(wrongs)), t = below(RANDOM_TENANTS);
	struct cgn_sim_params params = random_conf_params(next, slot);
	const char **files[] = {&params.a, &params.b, &params.c};
	const char **file = wrongs[w].is_box ? &params.box : files[t];
	struct cgn_conf_errors errors;
	struct cgn_conf *tried;

	if (!wrongs[w].is_box && !next->tenants[t].live)
		return;
	snprintf(text, sizeof(text), "%s%s", *file, wrongs[w].lines);
	*file = text;
	tried = cgn_sim_conf_try(&params, &errors);
	must(tried == NULL, "a wrong configuration was taken");
	is_told(&errors, wrongs[w].why, wrongs[w].is_box ? "box" : names[t]);
	cgn_conf_errors_free(&errors);
	n_refused++;
}

static struct cgn_conf *
must_load(const struct cgn_sim_params *params)
{
	struct cgn_conf_errors errors;
	struct cgn_conf *loaded = cgn_sim_conf_try(params, &errors);

	must(loaded != NULL, "a right configuration was refused");
	cgn_conf_errors_free(&errors);
	return loaded;
}

/* Right by itself, but only a new start can apply it. */
static void
try_restart(const struct random_conf *next, int slot)
{
	static char text[4096];
	struct cgn_sim_params params = random_conf_params(next, slot);
	struct cgn_conf *tried;
	struct cgn_diff diff;

	snprintf(text, sizeof(text), "%spunt: {ring: 512}\n", params.box);
	params.box = text;
	tried = must_load(&params);
	must(cgn_conf_diff(sim->conf, tried, &diff) == 0, "no memory");
	must(diff.n_by_reload[CGN_RELOAD_RESTART] == 1, "another ring needs no restart");
	cgn_diff_fini(&diff);
	cgn_conf_free(tried);
	n_refused++;
}

/* Looked at up to where it could be undone, as with --dry-run. */
static void
try_dry(const struct random_conf *next, int slot)
{
	struct cgn_sim_params params = random_conf_params(next, slot);
	struct cgn_conf *tried = must_load(&params);
	struct cgn_errmsg err;
	struct cgn_directory *fresh = cgn_directory_create(tried, sim->box->dir, &err);
	struct cgn_pool_need need = {0};
	int rc;

	must(fresh != NULL && cgn_switch_check(sim->box->dir, fresh, &err) == 0,
		"a dry run was refused");
	do
		rc = cgn_switch_need(sim->box->control, fresh, &need, &err);
	while (rc > 0);
	must(rc == 0, "a dry run was refused by control");
	cgn_directory_destroy(fresh);
	cgn_conf_free(tried);
	n_refused++;
}

static void
refuse(int slot)
{
	struct random_conf next = conf;
	uint64_t before = audit_fingerprint(sim->box);

	random_conf_change(&next, &prng, 1 + below(6));
	if (below(6) == 0)
		try_restart(&next, slot);
	else if (below(6) == 0)
		try_dry(&next, slot);
	else
		try_wrong(&next, slot);
	must(audit_fingerprint(sim->box) == before, "what was refused has changed something");
}

/* Bytes of the C library's heap when all flows have ended and the first configuration is back. */
static uint64_t
heap_at_rest(void)
{
	struct mallinfo2 info;
	struct cgn_sim_params params;
	struct cgn_errmsg err;

	random_conf_init(&conf);
	params = random_conf_params(&conf, 0);
	must(cgn_sim_reload(sim, &params, &err) == 0, "the first configuration was refused");
	cgn_sim_elapse_s(sim, 9000);
	for (uint16_t port = SIM_ACCESS; port <= SIM_WAN; port++)
		cgn_sim_flush(sim, port);
	info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

/* A few of the bounds of numbers grow with each reload that adds some; see docs/operations.md. */
static void
check_heap(uint64_t early)
{
	uint64_t late = heap_at_rest();

	printf("heap: %llu KiB early, %llu KiB at the end\n", (unsigned long long)early / 1024,
		(unsigned long long)late / 1024);
	must(IS_INSTRUMENTED || late < early + HEAP_GROWTH_MAX, "memory is lost");
}

int
main(void)
{
	uint64_t early = 0;
	uint64_t seed = audit_seed("prop_reload");
	struct cgn_sim_params params;

	cgn_rand_init(&prng, seed | 1);
	cgn_sim_eal();
	pool_fixture_may_move = true; /* computed ranges have an address of their own */
	random_conf_init(&conf);
	params = random_conf_params(&conf, 0);
	params.seed = seed | 1;
	sim = cgn_sim_create(&params);
	cgn_sim_run(sim);
	for (int i = 0; i < N_RELOADS; i++) {
		for (int b = 0; b < BURSTS; b++) {
			traffic(BURST);
			if (below(20) == 0)
				cgn_sim_jump_s(sim, 1 + below(200));
			else
				cgn_sim_jump_ms(sim, below(300));
			check_received();
		}
		must(cgn_sim_is_sound(sim), "the law is broken");
		if (below(2) == 0)
			refuse(i % 2); /* the slot that is not in use */
		reload(i % 2);
		if (i == N_RELOADS / 10)
			early = heap_at_rest();
	}
	cgn_sim_dump(sim, stdout);
	printf("delivered %u, asked for %u, kept %u, refused %u\n", n_delivered, n_explicit,
		n_kept_checked, n_refused);
	must(n_delivered > 500 && n_explicit > 100 && n_kept_checked > 5000 &&
			n_refused > N_RELOADS / 4,
		"hardly anything happened: the test is too tame");
	check_heap(early);
	must(audit_is_sound(sim->box), "the audit failed at the end");
	must(cgn_sim_is_sound(sim), "the law is broken at the end");
	cgn_sim_destroy(sim);
	return 0;
}
