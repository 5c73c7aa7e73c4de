/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT-PMP and PCP on the control core: checks the datagram, lets portctl/ decide, sends the answers
 * with the mirrored addresses and ports to the station the request came from.
 */
#include "portctl_send.h"

#include <assert.h>
#include <time.h>

#include "pcp.h"
#include "pmp.h"
#include "requests.h"

/* The payload of a sound request; false when it must not be believed. */
static bool
payload_of(struct rte_mbuf *m, const uint8_t **payload, uint32_t *len)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct rte_ipv4_hdr *ip;
	const struct rte_udp_hdr *udp;

	if (m->nb_segs > 1 && rte_pktmbuf_linearize(m) < 0)
		return false;
	ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, pkt->l3_off);
	udp = rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, pkt->l4_off);
	if (udp->dgram_cksum != 0 && cgn_portctl_udp_csum(ip, udp) != 0)
		return false;
	*payload = (const uint8_t *)(udp + 1);
	*len = rte_be_to_cpu_16(udp->dgram_len) - (uint32_t)sizeof(*udp);
	return true;
}

static struct cgn_portctl_dest
sender_of(struct rte_mbuf *request)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(request);
	struct cgn_portctl_dest to = {.iface = pkt->iface,
		.addr = rte_be_to_cpu_32(pkt->src),
		.port = rte_be_to_cpu_16(pkt->sport),
		.worker = pkt->worker};

	to.mac = *rte_pktmbuf_mtod_offset(
		request, const struct rte_ether_addr *, RTE_ETHER_ADDR_LEN);
	return to;
}

struct cgn_portctl_policy
cgn_portctl_policy_of(const struct cgn_conf_portctl *conf)
{
	return (struct cgn_portctl_policy){
		.natpmp = conf->natpmp,
		.pcp = conf->pcp,
		.map = conf->map,
		.peer = conf->peer,
		.prefer_failure = conf->prefer_failure,
		.filter = conf->filter,
		.port_set = conf->port_set,
		.replace_nonce = conf->replace_nonce,
		.natpmp_max_lifetime_s = conf->natpmp_max,
		.pcp_min_lifetime_s = conf->pcp_min,
		.pcp_max_lifetime_s = conf->pcp_max,
	};
}

static bool
is_noc(const struct cgn_conf_portctl *conf, uint32_t addr)
{
	for (uint32_t i = 0; i < conf->n_nocs; i++)
		if (conf->nocs[i].addr == addr)
			return true;
	return false;
}

static_assert((int)CGN_N_NATPMP_RESULTS == CGN_PMP_UNSUPP_OPCODE + 2 &&
		(int)CGN_N_PCP_RESULTS == CGN_PCP_TOO_MANY_PEERS + 2,
	"requests.def has every result and the silent end");

/* The opcode as the answer's protocol reads it: that of a version nobody speaks means nothing. */
static uint8_t
opcode_of(const struct cgn_portctl_outcome *outcome)
{
	if (!outcome->silent && outcome->result == CGN_PCP_UNSUPP_VERSION)
		return UINT8_MAX;
	return outcome->opcode;
}

/* Counts the request, and remembers it when it was refused. */
static void
account(struct cgn_control *c, const struct cgn_portctl_client *client,
	const struct cgn_portctl_outcome *outcome)
{
	uint32_t counter = cgn_request_counter(
		outcome->protocol, opcode_of(outcome), outcome->result, outcome->silent);
	struct cgn_refused what = {.tenant = client->tenant,
		.inside = client->inside,
		.holder = cgn_holder_of(c, client->inside),
		.version = outcome->protocol,
		.opcode = opcode_of(outcome),
		.result = outcome->result,
		.silent = outcome->silent,
		.ip_proto = outcome->ip_proto,
		.inside_port = outcome->inside_port,
		.suggested_port = outcome->suggested_port,
		.suggested_addr = outcome->suggested_addr,
		.why = c->why};

	cgn_counter_add(
		&c->request_counts[(uint64_t)client->tenant * CGN_N_REQUEST_COUNTERS + counter], 1);
	if (outcome->reason == NULL)
		return;
	if (what.why.text == NULL)
		what.why.text = outcome->reason;
	/* time() is the vDSO's: no system call. */
	cgn_refusals_note(&c->refusals, c->subscribers, &what, (uint64_t)time(NULL));
}

void
cgn_portctl_input(struct cgn_control *c, struct rte_mbuf *m)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct cgn_conf_portctl *conf = &c->dp->dir->tenants[pkt->tenant].conf->portctl;
	struct cgn_portctl_policy policy = cgn_portctl_policy_of(conf);
	struct cgn_portctl_client client = {.tenant = pkt->tenant,
		.inside = pkt->inside,
		.addr = rte_be_to_cpu_32(pkt->src),
		.port = rte_be_to_cpu_16(pkt->sport),
		.service = rte_be_to_cpu_32(pkt->dst),
		.third_party = is_noc(conf, rte_be_to_cpu_32(pkt->src))};
	struct cgn_portctl_outcome outcome = {0};
	struct cgn_portctl_dest to;
	const uint8_t *payload;
	uint32_t len, n;

	policy.unbound = c->dp->dir->ifaces[pkt->iface].unbound;
	if (!conf->natpmp && !conf->pcp) {
		cgn_refuse(c, m, CGN_FATE_NATPMP_OFF);
		return;
	}
	if (!payload_of(m, &payload, &len)) {
		cgn_control_drop(c, m, CGN_FATE_PORTCTL_BAD);
		return;
	}
	c->why = (struct cgn_why){0};
	n = cgn_portctl_handle(
		&cgn_explicit_ops, c, &policy, &client, payload, len, c->replies, &outcome);
	account(c, &client, &outcome);
	to = sender_of(m);
	for (uint32_t i = 0; i < n; i++)
		cgn_portctl_send(c, &to, &c->replies[i]);
	cgn_control_drop(c, m, n > 0 ? CGN_FATE_PORTCTL_ANSWERED : CGN_FATE_PORTCTL_IGNORED);
}
