/* SPDX-License-Identifier: BSD-3-Clause */
/* The rates of the box's own ICMP errors; called by refuse.c. */
#include "error_rate.h"

#include <errno.h>
#include <string.h>

#include "reserve.h"

/* One part of n of a rate and its burst, at least one packet of the latter. */
static struct cgn_rate
part_of(uint32_t per_s, uint32_t burst, uint64_t n)
{
	struct cgn_rate rate = {.interval_ns = CGN_NS_PER_S * n / per_s};
	uint64_t packets = burst / n;

	rate.depth_ns = rate.interval_ns * (packets > 0 ? packets : 1);
	return rate;
}

int
cgn_error_rates_init(struct cgn_error_rates *r, int socket)
{
	r->full_at = cgn_reserve_create(CGN_MAX_SHARES, sizeof(*r->full_at), socket);
	return r->full_at == NULL ? -ENOMEM : 0;
}

void
cgn_error_rates_fini(struct cgn_error_rates *r)
{
	cgn_reserve_destroy(r->full_at);
	memset(r, 0, sizeof(*r));
}

void
cgn_error_rates_set(struct cgn_error_rates *r, const struct cgn_directory *dir)
{
	const struct cgn_conf *conf = dir->conf;
	uint32_t n = cgn_directory_n_shares(dir);

	r->common = part_of(conf->icmp.errors_per_s, conf->icmp.burst, 2);
	r->share = part_of(conf->icmp.errors_per_s, conf->icmp.burst, 2 * (uint64_t)n);
}

bool
cgn_error_rates_take(struct cgn_error_rates *r, uint32_t share, cgn_ns_t now)
{
	return cgn_rate_take(&r->share, &r->full_at[share], now) ||
		cgn_rate_take(&r->common, &r->common_full_at, now);
}
