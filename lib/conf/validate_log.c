/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules of collectors and syslog servers. Called by validate.c on the main thread. */
#include "validate.h"

enum { LOOPBACK = 127 };

static void
check_clear_text(struct cgn_validation *v, const struct cgn_conf_collector *at)
{
	if (!cgn_rule_may(v, &at->address) || !cgn_rule_may(v, &at->protocol) ||
		!cgn_rule_may(v, &v->conf->log.clear_text))
		return;
	if (at->protocol != CGN_TRANSPORT_TLS && at->address >> 24 != LOOPBACK &&
		!v->conf->log.clear_text)
		cgn_rule_break(v, CGN_RULE_LOG_CLEAR_TEXT, &at->address,
			"would get the records in clear text; set protocol: tls, or "
			"log.clear_text: "
			"true where the way there is yours alone");
}

/* A file's or name's key: only with TLS, files from the root. */
static void
check_text(struct cgn_validation *v, const struct cgn_conf_collector *at, const char *text,
	bool is_file)
{
	if (!cgn_rule_may(v, text) || text[0] == '\0' || !cgn_rule_may(v, &at->protocol))
		return;
	if (at->protocol != CGN_TRANSPORT_TLS)
		cgn_rule_break(v, CGN_RULE_LOG_TLS_KEYS, text,
			"stands without protocol: tls; set that, or leave it out");
	else if (is_file && text[0] != '/')
		cgn_rule_break(v, CGN_RULE_LOG_TLS_KEYS, text,
			"begins without a slash; write the whole path");
}

static void
check_pair(struct cgn_validation *v, const struct cgn_conf_collector *at)
{
	if (!cgn_rule_may(v, at->cert_file) || !cgn_rule_may(v, at->key_file))
		return;
	if (at->cert_file[0] != '\0' && at->key_file[0] == '\0')
		cgn_rule_break(v, CGN_RULE_LOG_TLS_KEYS, at->cert_file,
			"stands without key_file; name the file of its key there");
	if (at->key_file[0] != '\0' && at->cert_file[0] == '\0')
		cgn_rule_break(v, CGN_RULE_LOG_TLS_KEYS, at->key_file,
			"stands without cert_file; name the file of its certificate there");
}

static void
check(struct cgn_validation *v, const struct cgn_conf_collector *at)
{
	check_clear_text(v, at);
	check_text(v, at, at->ca_file, true);
	check_text(v, at, at->cert_file, true);
	check_text(v, at, at->key_file, true);
	check_text(v, at, at->server_name, false);
	check_pair(v, at);
	if (cgn_rule_may(v, &at->verify) && cgn_rule_may(v, &at->protocol) && !at->verify &&
		at->protocol != CGN_TRANSPORT_TLS)
		cgn_rule_break(v, CGN_RULE_LOG_TLS_KEYS, &at->verify,
			"is false without protocol: tls; set that, or leave it out");
}

void
cgn_validate_log(struct cgn_validation *v)
{
	for (uint32_t i = 0; i < v->conf->log.n_collectors; i++)
		check(v, &v->conf->log.collectors[i]);
	for (uint32_t i = 0; i < v->conf->log.n_servers; i++)
		check(v, &v->conf->log.servers[i]);
}
