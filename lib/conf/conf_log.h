/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the log of addresses and ports goes: collectors, syslog, files of its own. See conf.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf_base.h"

/* Where records of the log go by IPFIX. */
enum cgn_transport { CGN_TRANSPORT_UDP, CGN_TRANSPORT_TCP, CGN_TRANSPORT_TLS };
enum cgn_delivery { CGN_DELIVERY_ALL, CGN_DELIVERY_FIRST };

/* Of syslog messages. */
enum cgn_log_form { CGN_LOG_STRUCTURED, CGN_LOG_COMPACT };

/* A collector or a syslog server. */
struct cgn_conf_collector {
	uint32_t address;
	uint16_t port; /* 0: the one that is registered for its transport */
	enum cgn_transport protocol;
	/* Of TLS: files by their paths, read for every connection. Empty: none. */
	char ca_file[CGN_DEVICE_LEN], cert_file[CGN_DEVICE_LEN], key_file[CGN_DEVICE_LEN];
	char server_name[CGN_DEVICE_LEN]; /* in its certificate; empty: address */
	bool verify;
	struct cgn_conf_pos pos;
};

/* Of the box; what a tenant has is in its own. */
struct cgn_conf_log {
	uint32_t ring; /* records */
	struct cgn_conf_collector *collectors;
	uint32_t n_collectors;
	enum cgn_delivery delivery;
	uint32_t domain;                    /* observation domain */
	uint16_t templates;                 /* s between two sendings over UDP */
	struct cgn_conf_collector *servers; /* of syslog */
	uint32_t n_servers;
	bool is_local;   /* to the machine's own syslog too */
	bool clear_text; /* may leave the machine */
	enum cgn_log_form form;
	uint16_t facility;
	struct {
		char directory[CGN_DEVICE_LEN]; /* path; empty: none */
		uint32_t max_mib, max_age_days, segment_mib;
	} store;
};
