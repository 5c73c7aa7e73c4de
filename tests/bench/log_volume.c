/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log_volume [--subscribers N] [--seed N] [--block PORTS] [--rest S] [--udp S] [--mappings]
 * [--deterministic]: one simulated day (day_profile.h) on the simulated appliance, and how many
 * bytes of log it takes by subscriber, in each mode and output. Each second's records go as one
 * turn of the log thread would send them. Prints the lines of scripts/bench, all values by
 * subscriber and day:
 *
 *   log_volume           bytes; mode: block, with --mappings also mapping and session; or
 *                        deterministic
 *   log_volume_records   records
 *   log_volume_ports     ports that a subscriber's blocks hold, on average and at the busiest time;
 *                        mappings, connections, and packets that were refused, beside them
 *   log_volume_templates bytes a day of the whole box, for each IPFIX collector over UDP
 *
 * The appliance logs no sessions. Their bytes are computed: connections of the day, twice (made and
 * ended), by what a mapping's record took in that output and the peer's address and port: in IPFIX
 * destinationIPv4Address and destinationTransportPort (RFC 8158 section 5.6.1), in a line two more
 * fields.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day_drive.h"
#include "log_count.h"

#define TENANT "isp-north" /* records name it */

enum { RING = 1 << 17, SAMPLE_S = 60, PORTS_AT_ONCE = 4096 };

enum mode { MODE_MAPPING, MODE_BLOCK, MODE_DETERMINISTIC, N_MODES };
static const char *const mode_names[N_MODES] = {"mapping", "block", "deterministic"};

static struct {
	uint32_t n_subscribers, block, rest_s, udp_s;
	uint64_t seed;
	bool has_mappings, is_deterministic;
} options = {.n_subscribers = 100, .block = 512, .rest_s = 120, .udp_s = 300, .seed = 1};

static struct cgn_sim *sim;
static struct log_count counts[N_MODES];
static struct {
	uint64_t n, ports, mappings;
	uint32_t most_ports;
} samples;

static void
die(const char *what)
{
	fprintf(stderr, "log_volume: %s\n", what);
	exit(1);
}

static uint32_t
number(const char *text, uint32_t min, uint32_t max)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value < min || value > max)
		die("a number is out of range");
	return (uint32_t)value;
}

static void
take_options(int argc, char **argv)
{
	static const struct option names[] = {{"subscribers", required_argument, NULL, 'n'},
		{"seed", required_argument, NULL, 's'}, {"block", required_argument, NULL, 'b'},
		{"rest", required_argument, NULL, 'r'}, {"udp", required_argument, NULL, 'u'},
		{"mappings", no_argument, NULL, 'm'}, {"deterministic", no_argument, NULL, 'd'},
		{NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'n')
			options.n_subscribers = number(optarg, 1, DRIVE_MAX_SUBSCRIBERS);
		else if (c == 's')
			options.seed = number(optarg, 1, UINT32_MAX);
		else if (c == 'b')
			options.block = number(optarg, 64, PORTS_AT_ONCE);
		else if (c == 'r')
			options.rest_s = number(optarg, 0, 3600);
		else if (c == 'u')
			options.udp_s = number(optarg, 120, 86400);
		else if (c == 'm')
			options.has_mappings = true;
		else if (c == 'd')
			options.is_deterministic = true;
		else
			exit(2);
	}
}

/* Computed ranges of 2016 ports: 32 to an address, of which four are for blocks beyond. */
static void
create(void)
{
	char box[256], a[512];

	snprintf(box, sizeof(box), "table: {mappings: %u, shards: 2}\n",
		16384 + 512 * options.n_subscribers);
	snprintf(a, sizeof(a),
		"tenant: " TENANT "\npool: [198.18.0.0/26]\nlog: {mappings: %s}\n"
		"quota: {mappings: %u}\n"
		"timeouts: {port_rest_s: %u, udp_s: %u}\n"
		"ports: {block_size: %u, max_blocks: %u%s}\n",
		options.has_mappings ? "true" : "false", 512 * options.n_subscribers,
		options.rest_s, options.udp_s, options.block, PORTS_AT_ONCE / options.block,
		options.is_deterministic
			? ", deterministic: {algorithm: sequential, ratio: 28, dynamic: 4}"
			: "");
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.box = box, .a = a, .seed = options.seed});
	if (cgn_natlog_feed_init(sim->box->control, "volume", RING, 0) < 0)
		die("no memory");
}

static bool
is_in(enum mode mode, uint8_t id)
{
	switch (id) {
	case CGN_NATLOG_MAPPING_MADE:
	case CGN_NATLOG_MAPPING_ENDED:
		return mode == MODE_MAPPING;
	case CGN_NATLOG_BLOCK_LEASED:
	case CGN_NATLOG_BLOCK_RETURNED:
	case CGN_NATLOG_ADDRESS_BOUND:
	case CGN_NATLOG_ADDRESS_UNBOUND:
		return mode != MODE_MAPPING;
	default:
		return true;
	}
}

static bool
is_wanted(enum mode mode)
{
	return mode == MODE_MAPPING ? options.has_mappings
				    : (mode == MODE_DETERMINISTIC) == options.is_deterministic;
}

/* The log of a second. What went before the day is not counted. */
static void
count(bool is_day)
{
	struct cgn_natlog_record r;
	struct cgn_event event;

	while (cgn_natlog_take(&sim->box->control->natlog, &r, &event))
		for (int mode = 0; mode < N_MODES && is_day; mode++)
			if (is_wanted((enum mode)mode) && is_in((enum mode)mode, r.id))
				log_count_put(&counts[mode], &r, &event);
	for (int mode = 0; mode < N_MODES; mode++)
		log_count_flush(&counts[mode]);
}

static void
sample(void)
{
	uint32_t ports = sim->box->control->pool->use[0].blocks * options.block;

	samples.n++;
	samples.ports += ports;
	samples.mappings += cgn_sim_n_mappings(sim);
	if (ports > samples.most_ports)
		samples.most_ports = ports;
}

/* --- Results --- */

static void
print(const char *name, const char *what, const char *unit, double value)
{
	printf("{\"name\": \"%s\", \"params\": {%s, \"subscribers\": %u, \"block_size\": %u, "
	       "\"port_rest_s\": %u, \"udp_s\": %u, \"seed\": %llu}, \"value\": %.10g, "
	       "\"unit\": \"%s\", \"floor\": null, \"ratio\": null, \"median\": %.10g, "
	       "\"min\": %.10g, \"max\": %.10g, \"runs\": 1}\n",
		name, what, options.n_subscribers, options.block, options.rest_s, options.udp_s,
		(unsigned long long)options.seed, value, unit, value, value, value);
}

static void
print_each(const char *name, const char *key, const char *what, const char *unit, double sum)
{
	char text[128];

	snprintf(text, sizeof(text), "\"%s\": \"%s\"", key, what);
	print(name, text, unit, sum / options.n_subscribers);
}

static void
print_mode(const char *mode, const double bytes[LOG_N_OUTPUTS], double n_records)
{
	char what[128];

	for (int i = 0; i < LOG_N_OUTPUTS; i++) {
		snprintf(what, sizeof(what), "\"mode\": \"%s\", \"output\": \"%s\"", mode,
			log_output_names[i]);
		print("log_volume", what, "bytes/subscriber/day", bytes[i] / options.n_subscribers);
	}
	print_each("log_volume_records", "mode", mode, "records/subscriber/day", n_records);
}

static void
print_sessions(uint64_t n_flows, uint64_t peer_chars)
{
	static const char words[] = "peer=\"\" peer_port=\"\"";
	const struct log_count *of = &counts[MODE_MAPPING];
	double bytes[LOG_N_OUTPUTS], records = 2.0 * (double)n_flows;

	for (int i = 0; i < LOG_N_OUTPUTS; i++)
		bytes[i] = (double)of->bytes[i] / (double)of->n_records * records;
	bytes[LOG_IPFIX] += (4 + 2) * records;
	/* " address port" and ' peer="address" peer_port="port"' */
	bytes[LOG_COMPACT] += 2.0 * (double)(peer_chars + n_flows);
	bytes[LOG_SYSLOG] += 2.0 * (double)peer_chars + (double)strlen(words) * records;
	print_mode("session", bytes, records);
}

static uint64_t
n_refused(void)
{
	uint64_t n = 0;

	for (int fate = 0; fate < CGN_N_FATES; fate++)
		if (cgn_fates[fate].severity != CGN_SEV_OK)
			n += cgn_sim_tenant_fate(sim, TENANT, cgn_fates[fate].name);
	if (n > 0)
		cgn_sim_dump(sim, stderr); /* says which */
	return n;
}

static void
print_all(uint64_t n_flows, uint64_t peer_chars)
{
	for (int mode = 0; mode < N_MODES; mode++) {
		double bytes[LOG_N_OUTPUTS];

		for (int i = 0; i < LOG_N_OUTPUTS; i++)
			bytes[i] = (double)counts[mode].bytes[i];
		if (is_wanted((enum mode)mode))
			print_mode(mode_names[mode], bytes, (double)counts[mode].n_records);
	}
	if (options.has_mappings)
		print_sessions(n_flows, peer_chars);
	print("log_volume_templates", "\"of\": \"box\"", "bytes/box/day",
		(double)log_count_templates() * DAY_S / sim->box->conf->log.templates);
	print_each("log_volume_ports", "of", "connections", "connections/subscriber/day",
		(double)n_flows);
	print_each(
		"log_volume_ports", "of", "refused", "packets/subscriber/day", (double)n_refused());
	print_each("log_volume_ports", "of", "mappings", "mappings/subscriber",
		(double)samples.mappings / (double)samples.n);
	if (options.is_deterministic)
		return;
	print_each("log_volume_ports", "of", "ports", "ports/subscriber",
		(double)samples.ports / (double)samples.n);
	print_each("log_volume_ports", "of", "ports, most", "ports/subscriber", samples.most_ports);
}

int
main(int argc, char **argv)
{
	uint64_t warm_flows = 0, warm_chars = 0;
	struct day_drive drive;

	take_options(argc, argv);
	create();
	for (int mode = 0; mode < N_MODES; mode++)
		log_count_init(&counts[mode]);
	if (day_drive_init(&drive, sim, options.seed, options.n_subscribers) < 0)
		die("no memory");
	for (uint32_t s = 0; s < DRIVE_END_S; s++) {
		if (s == DRIVE_WARM_S) {
			warm_flows = drive.n_flows;
			warm_chars = drive.peer_chars;
		}
		day_drive_second(&drive);
		count(s >= DRIVE_WARM_S);
		if (s >= DRIVE_WARM_S && s % SAMPLE_S == 0)
			sample();
	}
	if (sim->box->control->natlog.lost > 0)
		die("the ring of the log was full");
	if (!cgn_sim_is_sound(sim))
		die("the appliance is not sound");
	print_all(drive.n_flows - warm_flows, drive.peer_chars - warm_chars);
	day_drive_fini(&drive);
	cgn_natlog_feed_fini(sim->box->control);
	cgn_sim_destroy(sim);
	return 0;
}
