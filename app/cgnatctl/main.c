/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cgnatctl: the operator's client of the daemon's telemetry socket. Needs no DPDK.
 * options → client (connect) → output (ask, print); options → offline for what needs no daemon.
 */
#include "claim.h"
#include "client.h"
#include "options.h"
#include "output.h"
#include "watch.h"

int
main(int argc, char **argv)
{
	struct cgn_options options;
	struct cgn_client client;
	enum cgn_exit result = cgn_options_parse(&options, argc, argv);

	if (result != CGN_EXIT_OK || options.done)
		return result;
	if (options.offline != NULL)
		return options.offline->run(options.files, options.json, stdout);
	if (options.is_top)
		return cgn_top_run(&options.where, &options.top, stdout);
	cgn_claim_add(&options);
	result = cgn_client_open(&client, &options.where);
	if (result != CGN_EXIT_OK) {
		fprintf(stderr, "cgnatctl: %s\n", client.why);
		return result;
	}
	result = options.watch_ms != 0 ? cgn_watch_run(&client, &options, stdout)
				       : cgn_output_run(&client, &options, stdout);
	cgn_client_close(&client);
	return result;
}
