/* SPDX-License-Identifier: BSD-3-Clause */
/* The file of one capture: its name, its blocks, its end. See captures.h. */
#pragma once

#include "captures.h"
#include "pcapng.h"

struct cgn_capture_file {
	struct cgn_pcapng pcapng;
	uint64_t utc_offset_ns; /* UTC minus the clock of the workers */
	cgn_ns_t started;
	uint64_t received[CGN_TAP_N_SIDES]; /* packets written */
};

/*
 * Makes the file and writes its head. 0 with the path in info->file, or negative with *err. The
 * rest of *info is filled by now.
 */
int cgn_capture_file_open(struct cgn_capture_file *f, const char *dir,
	struct cgn_capture_info *info, cgn_ns_t now, struct cgn_errmsg *err);

/* Bytes that a record takes, and writing it. */
uint32_t cgn_capture_file_size(
	const struct cgn_capture_spec *spec, const struct cgn_tap_record *record);
void cgn_capture_file_write(struct cgn_capture_file *f, const struct cgn_capture_spec *spec,
	const struct cgn_tap_record *record);

/* Statistics, then the end of the file. lost: by side. 0, or the negative errno of writing. */
int cgn_capture_file_close(struct cgn_capture_file *f, const uint64_t lost[CGN_TAP_N_SIDES],
	cgn_ns_t now, const char *why);
