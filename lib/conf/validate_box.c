/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules about the appliance's own keys. Called by validate.c on the main thread. */
#include "validate.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A device under one name only: PCI addresses with their domain, virtual devices without their
 * arguments, which do not make it another device. */
static void
name_device(const char *device, char *name, size_t size)
{
	bool is_short_pci = strlen(device) >= 7 && device[2] == ':' && device[5] == '.';

	snprintf(name, size, "%s%.*s", is_short_pci ? "0000:" : "", (int)strcspn(device, ","),
		device);
	for (char *p = name; strchr(name, ':') != NULL && *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
}

static void
check_port_names(struct cgn_validation *v)
{
	struct cgn_named names[CGN_MAX_PORTS], devices[CGN_MAX_PORTS];
	char device_names[CGN_MAX_PORTS][CGN_DEVICE_LEN + 8];
	uint32_t n_names = 0, n_devices = 0;

	for (uint32_t i = 0; i < v->conf->n_ports; i++) {
		const struct cgn_conf_port *port = &v->conf->ports[i];

		name_device(port->device, device_names[i], sizeof(device_names[i]));
		if (cgn_rule_may(v, port->name))
			names[n_names++] = (struct cgn_named){port->name, port->name, false};
		if (cgn_rule_may(v, port->device))
			devices[n_devices++] = (struct cgn_named){
				device_names[i], port->device, false};
	}
	cgn_named_check(v, names, n_names, CGN_RULE_PORT_NAME_TWICE, "give each port its own name");
	cgn_named_check(v, devices, n_devices, CGN_RULE_DEVICE_TWICE,
		"remove one port, or name the device that was meant");
}

/* Whether an earlier worker has the CPU of worker i; CGN_MAX_WORKERS is small. */
static const uint16_t *
find_same_cpu(const struct cgn_validation *v, uint32_t i)
{
	const uint16_t *workers = v->conf->cores.workers;

	for (uint32_t j = 0; j < i; j++)
		if (workers[j] == workers[i] && cgn_rule_may(v, &workers[j]))
			return &workers[j];
	return NULL;
}

static void
check_cores(struct cgn_validation *v)
{
	const struct cgn_conf *conf = v->conf;
	char where[CGN_WHERE_LEN];

	for (uint32_t i = 0; i < conf->cores.n_workers; i++) {
		const uint16_t *cpu = &conf->cores.workers[i];
		const uint16_t *same = find_same_cpu(v, i);

		if (!cgn_rule_may(v, cpu))
			continue;
		if (same != NULL)
			cgn_rule_break(v, CGN_RULE_WORKER_CPU_TWICE, cpu,
				"CPU %u has a worker already, from %s; name each CPU once", *cpu,
				cgn_rule_where(v, same, where));
		else if (*cpu == conf->cores.control && conf->cores.idle == CGN_IDLE_POLL &&
			cgn_rule_may(v, &conf->cores.control) && cgn_rule_may(v, &conf->cores.idle))
			cgn_rule_break(v, CGN_RULE_CONTROL_ON_WORKER_CPU, &conf->cores.control,
				"CPU %u runs a worker too (%s), which polls and leaves nothing; "
				"name "
				"another CPU, or set cores.idle: sleep",
				*cpu, cgn_rule_where(v, cpu, where));
	}
}

static bool
is_power_of_two(uint32_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

static void
check_powers(struct cgn_validation *v)
{
	const uint32_t *const rings[] = {&v->conf->punt.ring, &v->conf->capture.ring};
	const uint32_t *shards = &v->conf->table.shards, *mappings = &v->conf->table.mappings;
	/* rte_hash of DPDK 22.11 numbers the bytes of its keys, 16 for each, in 32 bits; a part has
	 * a third more keys than mappings (nat/table.c). */
	const uint32_t MAX_IN_ONE_SHARD = 1 << 27;

	if (cgn_rule_may(v, shards) && !is_power_of_two(*shards))
		cgn_rule_break(v, CGN_RULE_SHARDS_POWER, shards,
			"%u is not a power of two; write 1, 2, 4, 8 or 16", *shards);
	if (cgn_rule_may(v, shards) && cgn_rule_may(v, mappings) && *shards == 1 &&
		*mappings > MAX_IN_ONE_SHARD)
		cgn_rule_break(v, CGN_RULE_SHARDS_TOO_FEW, mappings,
			"%u mappings are too many for one part of the table (at most %u); set "
			"table.shards to 2",
			*mappings, MAX_IN_ONE_SHARD);
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		if (cgn_rule_may(v, rings[i]) && !is_power_of_two(*rings[i]))
			cgn_rule_break(v, CGN_RULE_RING_POWER, rings[i],
				"%u is not a power of two; write one, for instance 4096",
				*rings[i]);
}

/* What is held is no good to anybody else: traffic must go on when it is full. */
static void
check_fragments(struct cgn_validation *v, uint64_t n_rx)
{
	const struct cgn_conf *conf = v->conf;
	uint64_t held = (uint64_t)conf->fragments.hold * conf->cores.n_workers;
	uint64_t rest = conf->memory.mbufs - n_rx;
	char where[CGN_WHERE_LEN];

	if (!cgn_rule_may(v, &conf->fragments.hold) || !cgn_rule_may(v, &conf->memory.mbufs) ||
		held <= rest / 2)
		return;
	cgn_rule_break(v, CGN_RULE_FRAGMENTS_HOLD, &conf->fragments.hold,
		"%u for each of %u workers is %llu, more than half of the %llu of memory.mbufs "
		"(%s) that "
		"are not in receive queues; lower it to %llu, or raise memory.mbufs to %llu",
		conf->fragments.hold, conf->cores.n_workers, (unsigned long long)held,
		(unsigned long long)rest, cgn_rule_where(v, &conf->memory.mbufs, where),
		(unsigned long long)rest / 2 / conf->cores.n_workers,
		(unsigned long long)n_rx + 2ULL * held);
}

static void
check_buffers(struct cgn_validation *v)
{
	const struct cgn_conf *conf = v->conf;
	const uint32_t *each = &conf->arp.hold_packets_per_neighbour;
	char where[CGN_WHERE_LEN];
	uint64_t n_rx = 0;

	if (cgn_rule_may(v, each) && cgn_rule_may(v, &conf->arp.hold_packets) &&
		*each > conf->arp.hold_packets)
		cgn_rule_break(v, CGN_RULE_HOLD_PER_NEIGHBOUR, each,
			"%u for one neighbour is more than arp.hold_packets, %u in all (%s); lower "
			"it or "
			"raise arp.hold_packets",
			*each, conf->arp.hold_packets,
			cgn_rule_where(v, &conf->arp.hold_packets, where));
	for (uint32_t i = 0; i < conf->n_ports; i++) {
		const struct cgn_conf_port *port = &conf->ports[i];

		if (cgn_rule_may(v, &port->rx_queues) && cgn_rule_may(v, &port->rx_descriptors))
			n_rx += (uint64_t)port->rx_queues * port->rx_descriptors;
	}
	if (cgn_rule_may(v, &conf->memory.mbufs) && conf->memory.mbufs <= n_rx)
		cgn_rule_break(v, CGN_RULE_MBUFS_TOO_FEW, &conf->memory.mbufs,
			"%u buffers, but the receive queues of all ports hold %llu; raise it to "
			"twice "
			"that, or lower rx_queues or rx_descriptors",
			conf->memory.mbufs, (unsigned long long)n_rx);
	else
		check_fragments(v, n_rx);
}

static void
check_alarms(struct cgn_validation *v)
{
	const uint16_t *raise = &v->conf->alarms.raise_percent;
	const uint16_t *clear = &v->conf->alarms.clear_percent;
	char where[CGN_WHERE_LEN];

	if (cgn_rule_may(v, raise) && cgn_rule_may(v, clear) && *clear >= *raise)
		cgn_rule_break(v, CGN_RULE_ALARMS_ORDER, clear,
			"%u is not below alarms.raise_percent, %u (%s); lower it", *clear, *raise,
			cgn_rule_where(v, raise, where));
}

static void
check_tenant_names(struct cgn_validation *v)
{
	struct cgn_named *names = calloc(v->conf->n_tenants + 1, sizeof(*names));
	uint32_t n = 0;

	if (names == NULL) {
		v->report->out_of_memory = true;
		return;
	}
	for (uint32_t i = 0; i < v->conf->n_tenants; i++) {
		const char *name = v->conf->tenants[i].name;

		if (cgn_rule_may(v, name))
			names[n++] = (struct cgn_named){.name = name, .field = name};
	}
	cgn_named_check(v, names, n, CGN_RULE_TENANT_NAME_TWICE, "give each tenant its own name");
	free(names);
}

void
cgn_validate_box(struct cgn_validation *v)
{
	check_port_names(v);
	check_cores(v);
	check_powers(v);
	check_buffers(v);
	check_alarms(v);
	check_tenant_names(v);
}
