/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One request on its way through lib/portctl: the arguments of cgn_portctl_handle in one place, and
 * how it may end. Lives on the stack of cgn_portctl_handle; control thread.
 */
#pragma once

#include "portctl.h"

struct cgn_portctl_call {
	const struct cgn_portctl_ops *ops;
	void *ctx;
	const struct cgn_portctl_policy *policy;
	const struct cgn_portctl_client *client;
	const uint8_t *payload;
	uint32_t len; /* at least 2 once dispatched */
	struct cgn_portctl_reply *replies;
	struct cgn_portctl_outcome *outcome;
};

/* Why a request for a mapping from an attachment without binding is refused. */
static const char cgn_call_unbound[] =
	"subscribers share the attachment and are not bound to their addresses";

static inline uint32_t
cgn_call_epoch(const struct cgn_portctl_call *call)
{
	return call->ops->epoch(call->ctx, call->client->tenant);
}

/* Ends the request without an answer. Returns the number of replies, 0. */
static inline uint32_t
cgn_call_ignore(const struct cgn_portctl_call *call, const char *reason)
{
	call->outcome->silent = 1;
	call->outcome->reason = reason;
	return 0;
}
