/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of PCP. An option is code (1), reserved (1), length of the data (2), data, and zeros up
 * to a multiple of 4 that the length does not count (RFC 6887 section 7.3). pcp.c and
 * pcp_mapping.c call it on the control thread.
 */
#include "pcp_options.h"

#include <assert.h>
#include <string.h>

#include "call.h"
#include "ipaddr.h"
#include "wire.h"

enum {
	PARITY_BIT = 0x01, /* of the last byte of PORT_SET */
	IP4_PREFIX = 96,   /* prefix lengths count from ::ffff:0:0/96, RFC 6887 section 5 */
};

struct option {
	uint8_t code;
	uint16_t len; /* of data, without padding */
	const uint8_t *data;
};

/* An option being judged, with the request it belongs to. */
struct judge {
	const struct cgn_portctl_call *call;
	const struct option *option;
	struct cgn_pcp_options *options;
};

static const struct cgn_pcp_fault no_fault = {CGN_PCP_SUCCESS, NULL};

static struct cgn_pcp_fault
malformed(const char *reason)
{
	return (struct cgn_pcp_fault){CGN_PCP_MALFORMED_OPTION, reason};
}

static struct cgn_pcp_fault
unsupported(const char *reason)
{
	return (struct cgn_pcp_fault){CGN_PCP_UNSUPP_OPTION, reason};
}

/* Reads the option at *off and moves *off behind its padding; false: it does not fit. */
static bool
next_option(const struct cgn_portctl_call *call, uint32_t *off, struct option *option)
{
	const uint8_t *p = call->payload + *off;
	uint32_t left = call->len - *off, padded;

	if (left < CGN_PCP_OPTION_HEADER_LEN)
		return false;
	option->code = p[0];
	option->len = cgn_get_be16(p + 2);
	option->data = p + CGN_PCP_OPTION_HEADER_LEN;
	padded = CGN_PCP_OPTION_HEADER_LEN + ((option->len + UINT32_C(3)) & ~UINT32_C(3));
	if (padded > left)
		return false;
	*off += padded;
	return true;
}

/* FILTER may come several times; the other options we know may not. Unknown ones: who knows. */
static bool
is_once_only(const struct cgn_portctl_policy *policy, uint8_t code)
{
	return code == CGN_PCP_THIRD_PARTY || code == CGN_PCP_PREFER_FAILURE ||
		(code == CGN_PCP_PORT_SET && policy->port_set);
}

static struct cgn_pcp_fault
walk(const struct cgn_portctl_call *call, uint32_t off)
{
	bool seen[UINT8_MAX + 1] = {0};
	struct option option;

	while (off < call->len) {
		if (!next_option(call, &off, &option))
			return malformed("option longer than the request");
		if (seen[option.code] && is_once_only(call->policy, option.code))
			return malformed("option that may come once came twice");
		seen[option.code] = true;
	}
	return no_fault;
}

static struct cgn_pcp_fault
judge_third_party(const struct judge *j)
{
	const struct cgn_portctl_client *client = j->call->client;
	const uint8_t *data = j->option->data;

	if (j->call->payload[1] == CGN_PCP_ANNOUNCE)
		return unsupported("THIRD_PARTY in ANNOUNCE");
	if (!client->third_party)
		return unsupported("THIRD_PARTY is not allowed for this client");
	if (j->option->len != CGN_PCP_THIRD_PARTY_LEN)
		return malformed("THIRD_PARTY is not 16 bytes");
	if (cgn_pcp_addr_is_ip4(data) && cgn_pcp_addr_get_ip4(data) == client->addr)
		return (struct cgn_pcp_fault){
			CGN_PCP_MALFORMED_REQUEST, "THIRD_PARTY names the client itself"};
	if (!cgn_pcp_addr_is_ip4(data))
		return (struct cgn_pcp_fault){
			CGN_PCP_NOT_AUTHORIZED, "THIRD_PARTY is not an IPv4 address"};
	j->options->has_third_party = true;
	j->options->third_party = cgn_pcp_addr_get_ip4(data);
	return no_fault;
}

/* RFC 6887 section 13.2; in PEER it makes the request malformed (section 12.1). */
static struct cgn_pcp_fault
judge_prefer_failure(const struct judge *j)
{
	const uint8_t *p = j->call->payload;

	if (p[1] == CGN_PCP_PEER)
		return (struct cgn_pcp_fault){CGN_PCP_MALFORMED_REQUEST, "PREFER_FAILURE in PEER"};
	if (p[1] != CGN_PCP_MAP || !j->call->policy->prefer_failure)
		return unsupported("PREFER_FAILURE is not served");
	if (j->option->len != CGN_PCP_PREFER_FAILURE_LEN)
		return malformed("PREFER_FAILURE has data");
	if (cgn_get_be32(p + CGN_PCP_OFF_LIFETIME) == 0)
		return malformed("PREFER_FAILURE in a delete");
	if (cgn_get_be16(p + CGN_PCP_OFF_PORT) == 0)
		return malformed("PREFER_FAILURE without a suggested port");
	j->options->prefer_failure = true;
	return no_fault;
}

/* Prefix length 0 clears what came before; it is tested ahead of the range, which excludes it. */
static struct cgn_pcp_fault
judge_filter(const struct judge *j)
{
	const uint8_t *p = j->call->payload, *data = j->option->data;
	struct cgn_pcp_options *options = j->options;
	uint8_t prefix_len;

	if (p[1] != CGN_PCP_MAP || !j->call->policy->filter)
		return unsupported("FILTER is not served");
	if (j->option->len != CGN_PCP_FILTER_LEN)
		return malformed("FILTER is not 20 bytes");
	if (cgn_get_be32(p + CGN_PCP_OFF_LIFETIME) == 0)
		return malformed("FILTER in a delete");
	prefix_len = data[1];
	if (prefix_len == 0) {
		options->filters_cleared = true;
		options->n_filters = 0;
		return no_fault;
	}
	if (prefix_len < IP4_PREFIX || prefix_len > IP4_PREFIX + 32)
		return malformed("FILTER prefix length is not 0 or 96 to 128");
	if (!cgn_pcp_addr_is_ip4(data + 4))
		return malformed("FILTER peer is not an IPv4 address");
	if (options->n_filters == CGN_PORTCTL_MAX_FILTERS)
		return (struct cgn_pcp_fault){CGN_PCP_TOO_MANY_PEERS, "too many FILTER options"};
	options->filters[options->n_filters++] = (struct cgn_portctl_filter){
		.addr = cgn_pcp_addr_get_ip4(data + 4) & cgn_mask(prefix_len - IP4_PREFIX),
		.prefix_len = prefix_len - IP4_PREFIX,
		.port = cgn_get_be16(data + 2)};
	return no_fault;
}

/*
 * RFC 7753 section 4.2; optional, so elsewhere than in MAP it is skipped. The set starts at MAP's
 * internal port: First Internal Port must repeat it in a request. A delete may leave the size open.
 */
static struct cgn_pcp_fault
judge_port_set(const struct judge *j)
{
	const uint8_t *p = j->call->payload, *data = j->option->data;
	struct cgn_pcp_options *options = j->options;

	if (p[1] != CGN_PCP_MAP || !j->call->policy->port_set)
		return no_fault;
	if (j->option->len != CGN_PCP_PORT_SET_LEN)
		return malformed("PORT_SET is not 5 bytes");
	options->set_size = cgn_get_be16(data);
	if (options->set_size == 0 && cgn_get_be32(p + CGN_PCP_OFF_LIFETIME) != 0)
		return malformed("PORT_SET of size 0");
	options->has_port_set = true;
	options->parity = (data[4] & PARITY_BIT) != 0;
	return no_fault;
}

static struct cgn_pcp_fault
judge_option(const struct judge *j)
{
	switch (j->option->code) {
	case CGN_PCP_THIRD_PARTY:
		return judge_third_party(j);
	case CGN_PCP_PREFER_FAILURE:
		return judge_prefer_failure(j);
	case CGN_PCP_FILTER:
		return judge_filter(j);
	case CGN_PCP_PORT_SET:
		return judge_port_set(j);
	default:
		break;
	}
	if (j->option->code < CGN_PCP_FIRST_OPTIONAL)
		return unsupported("unknown option");
	return no_fault;
}

struct cgn_pcp_fault
cgn_pcp_options_parse(
	const struct cgn_portctl_call *call, uint32_t off, struct cgn_pcp_options *options)
{
	struct cgn_pcp_fault fault = walk(call, off);
	struct option option;
	const struct judge j = {call, &option, options};

	*options = (struct cgn_pcp_options){.off = off};
	while (fault.result == CGN_PCP_SUCCESS && off < call->len) {
		bool fits = next_option(call, &off, &option);

		assert(fits); /* walk has seen it */
		(void)fits;
		fault = judge_option(&j);
	}
	if (fault.result == CGN_PCP_SUCCESS && options->has_port_set && options->prefer_failure)
		return malformed("PORT_SET with PREFER_FAILURE");
	return fault;
}

/* Room for one option at the end of the reply, header written, data and padding zero. */
static uint8_t *
append(struct cgn_portctl_reply *reply, uint8_t code, uint16_t len)
{
	uint8_t *p = reply->bytes + reply->len;
	uint32_t padded = CGN_PCP_OPTION_HEADER_LEN + ((len + UINT32_C(3)) & ~UINT32_C(3));

	assert(reply->len + padded <= sizeof(reply->bytes));
	memset(p, 0, padded);
	p[0] = code;
	cgn_put_be16(p + 2, len);
	reply->len = (uint16_t)(reply->len + padded);
	return p + CGN_PCP_OPTION_HEADER_LEN;
}

/* A mandatory option of a request that succeeded was acted on; its reserved byte goes out zero. */
static void
echo_option(const struct option *option, struct cgn_portctl_reply *reply)
{
	uint8_t *data = append(reply, option->code, option->len);

	memcpy(data, option->data, option->len);
	if (option->code == CGN_PCP_FILTER)
		data[0] = 0;
}

void
cgn_pcp_options_echo(const struct cgn_portctl_call *call, const struct cgn_pcp_options *options,
	const struct cgn_explicit_answer *set, struct cgn_portctl_reply *reply)
{
	uint32_t off = options->off;
	struct option option;

	while (off < call->len && next_option(call, &off, &option)) {
		if (option.code < CGN_PCP_FIRST_OPTIONAL)
			echo_option(&option, reply);
		else if (option.code == CGN_PCP_PORT_SET && options->has_port_set &&
			set->n_ports > 1)
			cgn_pcp_port_set_append(reply, set, options->parity);
	}
}

void
cgn_pcp_third_party_append(struct cgn_portctl_reply *reply, uint32_t addr)
{
	cgn_pcp_addr_put_ip4(append(reply, CGN_PCP_THIRD_PARTY, CGN_PCP_THIRD_PARTY_LEN), addr);
}

void
cgn_pcp_filter_append(struct cgn_portctl_reply *reply, const struct cgn_portctl_filter *filter)
{
	uint8_t *data = append(reply, CGN_PCP_FILTER, CGN_PCP_FILTER_LEN);

	data[1] = (uint8_t)(IP4_PREFIX + filter->prefix_len);
	cgn_put_be16(data + 2, filter->port);
	cgn_pcp_addr_put_ip4(data + 4, filter->addr);
}

void
cgn_pcp_port_set_append(
	struct cgn_portctl_reply *reply, const struct cgn_explicit_answer *set, bool parity)
{
	uint8_t *data = append(reply, CGN_PCP_PORT_SET, CGN_PCP_PORT_SET_LEN);

	cgn_put_be16(data, set->n_ports);
	cgn_put_be16(data + 2, set->inside_port);
	data[4] = parity ? PARITY_BIT : 0;
}
