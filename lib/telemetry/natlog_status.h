/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the outputs of the log (natlog/outputs.h) get on. The log thread writes it now and then,
 * telemetry reads it under the lock, control the two counts without.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { CGN_NATLOG_OUTPUTS = 16 + 16 + 1 }; /* the lists of keys.def, and the local socket */

struct cgn_natlog_output {
	const char *form;      /* ipfix or syslog */
	const char *transport; /* udp, tcp, tls or local */
	char to[112];          /* address:port, or path */
	bool is_up;            /* it takes records */
	bool is_away;          /* it has not answered since it was tried last */
	uint64_t n_records;    /* given to it since start */
	uint64_t n_lost;     /* that found no room to wait for it; all of failover lose the same */
	uint64_t n_failures; /* how often it went away, or did not answer */
	uint64_t n_waiting;  /* bytes */
	char error[512];     /* the last one; empty: there was none */
};

struct cgn_natlog_status {
	pthread_mutex_t lock;
	uint32_t n_outputs;
	struct cgn_natlog_output outputs[CGN_NATLOG_OUTPUTS];
	uint32_t n_away; /* of them; atomic */
	uint64_t n_lost; /* of all, added up; atomic */
};
