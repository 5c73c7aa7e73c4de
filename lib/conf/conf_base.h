/* SPDX-License-Identifier: BSD-3-Clause */
/* What all parts of the configuration share: sizes, and where a value stands. See conf.h. */
#pragma once

#include <stdint.h>

enum {
	CGN_MAX_WORKERS = 64,
	CGN_MAX_PORTS = 32,
	CGN_MAX_TENANTS = 16384, /* 16-bit tenant numbers with room for the box and "none" */
	CGN_TENANT_BOX = CGN_MAX_TENANTS, /* stands for "the box, no tenant" */
	CGN_NAME_LEN = 32,                /* with the final zero */
	CGN_DEVICE_LEN = 256,
	CGN_MAX_CLASSES = 100, /* of a tenant: numbers of 8 bits, for those before a reload too */
	CGN_MAX_LISTED = 1000000,   /* listed subscribers of a tenant */
	CGN_MAX_TAGS = 16,          /* of one of them */
	CGN_SUBSCRIBER_ID_LEN = 64, /* with the final zero; printable ASCII but space and comma */
};

/* A limit that is not given. */
#define CGN_LIMIT_UNSET UINT32_MAX

/* Where a value stands in its file, for messages about combinations; line and column from 1. */
struct cgn_conf_pos {
	uint16_t file; /* index into cgn_conf.files */
	uint32_t line, col;
};
