/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What holds for every request and its answers, whatever the bytes: sizes, marks, zeros, silence,
 * and that a request refused has changed nothing. Used by tests and fuzz targets of lib/portctl.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static uint32_t
at_most(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t
pad4(uint32_t len)
{
	return (len + 3) / 4 * 4;
}

static bool
all_zero(const uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void
check_pmp(const struct bed *bed, const uint8_t *req, uint32_t len)
{
	const struct cgn_portctl_reply *reply = &bed->replies[0];
	const uint8_t *p = reply->bytes;
	uint16_t result = at16(p, 2);

	CHECK(bed->n_replies == 1);
	CHECK(result <= 5 && result == bed->outcome.result);
	CHECK(at32(p, 4) == bed->model.epoch_s + bed->client.tenant);
	if (result == 1) {
		CHECK(req[0] != 0 && reply->len == 8);
	} else if (result == 5) {
		uint32_t copied = at_most(len, CGN_PORTCTL_MAX);

		CHECK(req[1] > 2);
		CHECK(reply->len == (copied < 8 ? 8 : copied));
		CHECK(copied <= 8 || memcmp(p + 8, req + 8, copied - 8) == 0);
	} else if (req[1] == 0) {
		CHECK(reply->len == 12);
		CHECK((result == 0) == (at32(p, 8) != 0));
	} else {
		CHECK(len >= 12 && reply->len == 16);
		CHECK(memcmp(p + 8, req + 4, 2) == 0);
		CHECK(at32(p, 12) <= at32(req, 8));
		CHECK(result == 0 || all_zero(p + 10, 6));
	}
}

/* The options of a successful answer fill it exactly and hold nothing but zeros in their gaps. */
static void
check_options(const struct cgn_portctl_reply *reply, uint32_t off)
{
	const uint8_t *p = reply->bytes;

	while (off < reply->len) {
		uint16_t len = at16(p, off + 2);

		CHECK(off + 4 <= reply->len && off + 4 + pad4(len) <= reply->len);
		CHECK(p[off] == 1 || p[off] == 2 || p[off] == 3 || p[off] == 130);
		CHECK(p[off + 1] == 0);
		CHECK(all_zero(p + off + 4 + len, pad4(len) - len));
		CHECK(p[off] != 3 || p[off + 4] == 0);
		CHECK(p[off] != 130 || (at16(p, off + 4) > 1 && p[off + 8] <= 1));
		off += 4 + pad4(len);
	}
}

static void
check_pcp_success(const struct cgn_portctl_reply *reply, const uint8_t *req, uint32_t len)
{
	static const uint8_t heads[] = {24, 60, 80};
	const uint8_t *p = reply->bytes;
	uint8_t opcode = req[1];

	CHECK(opcode <= 2 && reply->len >= heads[opcode] && reply->len <= len);
	CHECK(all_zero(p + 12, 12));
	if (opcode == 0) {
		CHECK(reply->len == 24 && at32(p, 4) == 0);
		return;
	}
	CHECK(memcmp(p + 24, req + 24, 13) == 0);
	CHECK(all_zero(p + 37, 3));
	CHECK(opcode != 2 ||
		(memcmp(p + 60, req + 60, 2) == 0 && all_zero(p + 62, 2) &&
			memcmp(p + 64, req + 64, 16) == 0));
	check_options(reply, heads[opcode]);
}

static void
check_pcp_error(const struct bed *bed, const uint8_t *req, uint32_t len)
{
	const struct cgn_portctl_reply *reply = &bed->replies[0];
	const uint8_t *p = reply->bytes;
	uint32_t copied = at_most(len, CGN_PORTCTL_MAX);
	uint8_t result = p[3];

	CHECK(bed->n_replies == 1);
	CHECK(result <= 13);
	CHECK(at32(p, 4) != 0);
	CHECK(reply->len == at_most(pad4(copied < 24 ? 24 : copied), CGN_PORTCTL_MAX));
	CHECK(copied <= 24 || memcmp(p + 24, req + 24, copied - 24) == 0);
	CHECK(copied <= 24 || all_zero(p + copied, reply->len - copied));
	if (result == 1 || result == 3 || result == 6)
		CHECK(copied < 24 || memcmp(p + 12, req + 12, 12) == 0);
	else
		CHECK(all_zero(p + 12, 12));
}

static void
check_reply(const struct bed *bed, const struct cgn_portctl_reply *reply, const uint8_t *req,
	uint32_t len)
{
	const uint8_t *p = reply->bytes;
	uint32_t bound = pad4(len) > 24 ? pad4(len) : 24;

	CHECK(p[0] == 0 || p[0] == 2);
	CHECK(p[0] == bed->outcome.protocol);
	CHECK(p[0] == 0 ? bed->policy.natpmp : bed->policy.pcp);
	CHECK(p[1] == (req[1] | 0x80));
	CHECK(reply->len <= bound && reply->len <= CGN_PORTCTL_MAX);
	CHECK(reply->len == CGN_PORTCTL_MAX || p[reply->len] == 0xee);
	if (p[0] == 0) {
		check_pmp(bed, req, len);
		return;
	}
	CHECK(reply->len >= 24 && reply->len % 4 == 0);
	CHECK(p[2] == 0 && p[3] == bed->outcome.result);
	CHECK(at32(p, 8) == bed->model.epoch_s + bed->client.tenant);
	if (p[3] == 0)
		check_pcp_success(reply, req, len);
	else
		check_pcp_error(bed, req, len);
}

/* Our own answers, sent back to us from port 5351, are never answered. */
static void
check_reflection(const struct bed *bed, const struct cgn_portctl_reply *reply)
{
	struct model model = bed->model;
	struct cgn_portctl_client server = bed->client;
	struct cgn_portctl_outcome outcome;
	struct cgn_portctl_reply none;

	server.port = 5351;
	CHECK(cgn_portctl_handle(&model_ops, &model, &bed->policy, &server, reply->bytes,
		      reply->len, &none, &outcome) == 0);
	CHECK(outcome.silent == 1 && outcome.reason != NULL);
	CHECK(model.n_asks == bed->model.n_asks);
}

/* NAT-PMP's delete-all removes what it may and says that something is left (RFC 6886 3.4). */
static bool
is_partial_delete(const struct bed *bed, const uint8_t *req)
{
	return bed->outcome.protocol == 0 && bed->outcome.result == 2 && at16(req, 4) == 0 &&
		at32(req, 8) == 0;
}

void
exchange_check(struct bed *bed, const struct model *before, const uint8_t *req, uint32_t len)
{
	const struct cgn_portctl_outcome *outcome = &bed->outcome;

	CHECK(bed->n_replies <= CGN_EXPLICIT_MAX_ANSWERS);
	CHECK(outcome->silent == (bed->n_replies == 0));
	CHECK(bed->model.n_asks - before->n_asks <= 1);
	if (len < 2 || req[1] >= 0x80 || bed->client.port == 0)
		CHECK(bed->n_replies == 0);
	if (bed->n_replies == 0) {
		CHECK(outcome->reason != NULL && bed->model.n_asks == before->n_asks);
	} else {
		CHECK((outcome->reason == NULL) == (outcome->result == 0));
		CHECK(outcome->opcode == req[1]);
	}
	if ((bed->n_replies == 0 || outcome->result != 0) &&
		!(bed->n_replies != 0 && is_partial_delete(bed, req)))
		CHECK(model_same(&bed->model, before));
	for (uint32_t i = 0; i < bed->n_replies; i++) {
		check_reply(bed, &bed->replies[i], req, len);
		check_reflection(bed, &bed->replies[i]);
	}
}
