/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's own log: one line per event on standard error, "LEVEL area: sentence key=value …",
 * with the sd-daemon priority prefix when systemd reads it (JOURNAL_STREAM is set). Any thread but
 * workers: the data path counts, it does not log. Lines are written with one write(2) each.
 */
#pragma once

enum cgn_log_level { CGN_LOG_ERROR, CGN_LOG_WARNING, CGN_LOG_NOTICE, CGN_LOG_INFO, CGN_LOG_DEBUG };

/* Lines above this level are not written; default CGN_LOG_INFO. */
void cgn_log_set_level(enum cgn_log_level level);

/* Parses "error" … "debug"; returns the level or -1. */
int cgn_log_level_parse(const char *s);

void cgn_log(enum cgn_log_level level, const char *area, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define cgn_err(area, ...) cgn_log(CGN_LOG_ERROR, area, __VA_ARGS__)
#define cgn_warn(area, ...) cgn_log(CGN_LOG_WARNING, area, __VA_ARGS__)
#define cgn_notice(area, ...) cgn_log(CGN_LOG_NOTICE, area, __VA_ARGS__)
#define cgn_info(area, ...) cgn_log(CGN_LOG_INFO, area, __VA_ARGS__)
#define cgn_debug(area, ...) cgn_log(CGN_LOG_DEBUG, area, __VA_ARGS__)
