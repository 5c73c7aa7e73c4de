/* SPDX-License-Identifier: BSD-3-Clause */
/* One scenario while it runs; the language is described in README.md. */
#pragma once

#include "sim.h"

enum { SCN_MAX_WORDS = 24, SCN_MAX_VARS = 32, SCN_YAML_MAX = 1024, SCN_MAX_STREAMS = 64 };

/* A transport address; for ICMP the port is the identifier. */
struct scn_end {
	bool any; /* written as _ */
	uint32_t addr;
	uint16_t port;
	const char *var; /* written as $name, or NULL */
};

struct scn_var {
	char name[16];
	bool is_set;
	uint32_t addr;
	uint16_t port;
};

/* A TCP conversation: next number of the inside and of the peer, and what each expects. */
struct scn_stream {
	uint32_t peer; /* 0: none */
	uint16_t port;
	uint32_t next[2], expected[2];
};

struct scn {
	struct cgn_sim *sim; /* NULL until the first line that is not a setting */
	char box[SCN_YAML_MAX], a[SCN_YAML_MAX], b[SCN_YAML_MAX], c[SCN_YAML_MAX];
	struct cgn_sim_params params;
	struct scn_var vars[SCN_MAX_VARS];
	uint32_t n_vars;
	struct scn_stream streams[SCN_MAX_STREAMS];
	/* The line that runs. */
	const char *file;
	uint32_t line;
	char *words[SCN_MAX_WORDS + 1]; /* NULL at the end */
	uint32_t n_words;
	bool failed;
};

/* A packet as a line tells it: PORT [vlan N | qinq N N] PROTO SRC > DST [options]. */
struct scn_packet {
	uint16_t port;
	struct packet_spec spec;
	struct scn_end src, dst;
	uint32_t times;
	bool has_mac; /* to MAC */
	uint8_t mac[6];
	bool has_ttl;
	bool has_numbers; /* seq, ack */
	uint32_t off;     /* of a forged segment, from the true numbers */
};

/* Prints file, line and the reason; the scenario has failed (run_scenario.c). */
void scn_fail(struct scn *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- Words of a line (scn_parse.c). Wrong ones end the process: the file is wrong. --- */

void scn_wrong(const struct scn *s, const char *what) __attribute__((noreturn));
uint32_t scn_number(const struct scn *s, const char *word);
uint16_t scn_port(const struct scn *s, const char *word);
uint32_t scn_addr(const struct scn *s, const char *word);
void scn_mac(const struct scn *s, const char *word, uint8_t mac[6]);
struct scn_var *scn_var_at(struct scn *s, const char *name);
void scn_packet_parse(struct scn *s, struct scn_packet *p);
/* [vlan N | qinq N N] from word i on; returns the word behind them. */
uint32_t scn_tags_parse(struct scn *s, struct packet_spec *spec, uint32_t i);
/* ADDRESS:PORT, ADDRESS, $variable or _. */
struct scn_end scn_end_parse(struct scn *s, char *word);

/* --- Variables (scn_run.c). --- */

/* An end to send from or to: a variable in it is known. */
struct scn_end scn_end_resolved(struct scn *s, char *word);
/* A variable takes its value the first time and must have it from then on. */
void scn_match_word(struct scn *s, char *word, uint32_t addr, uint16_t port);

/* Runs the words of a line on a started simulation (scn_run.c). */
void scn_command(struct scn *s);

/* --- Commands about NAT-PMP and PCP (scn_portctl.c). --- */

void scn_cmd_request(struct scn *s);
void scn_cmd_expect_answer(struct scn *s);
void scn_cmd_expect_announcement(struct scn *s);
void scn_cmd_announced(struct scn *s);
void scn_cmd_open(struct scn *s);
void scn_cmd_expect_explicit(struct scn *s);

/* --- Numbers of a segment whose ends are known (scn_tcp.c). --- */

void scn_tcp_number(struct scn *s, struct scn_packet *p);

/* --- Commands about sessions (scn_session.c). --- */

void scn_cmd_session(struct scn *s);
