/* SPDX-License-Identifier: BSD-3-Clause */
/* What cgnatctl top shows, without a terminal: two looks, the rows with their rates in order, and
 * what the keys have chosen. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "top_sample.h"

enum { CGN_TOP_TENANT_LEN = 32, CGN_TOP_CELL_LEN = 128, CGN_TOP_NUMBER_LEN = 16 };

/* How it begins, and what keys change. */
struct cgn_top_choice {
	enum cgn_top_view_id view;
	char tenant[CGN_TOP_TENANT_LEN]; /* only this one; "": all */
	int sort[CGN_N_TOP_VIEWS];       /* column of each view */
	bool down[CGN_N_TOP_VIEWS];      /* the greatest first */
	uint64_t interval_ms;
	uint64_t limit; /* rows in all; 0: as many as have room */
};

struct cgn_top_cell {
	double value; /* negative: not known; of a TEXT 0 */
	const char *text;
};

struct cgn_top_row {
	const char *key;
	json_t *row; /* of the latest look */
	struct cgn_top_cell cells[CGN_TOP_MAX_COLUMNS];
	char texts[CGN_TOP_MAX_COLUMNS][CGN_TOP_CELL_LEN];
};

struct cgn_top_model {
	struct cgn_top_choice choice;
	struct cgn_top_sample before, now;
	struct cgn_top_row *rows;
	size_t n_rows;
	bool has_started_anew;  /* the daemon, between the two looks */
	char why[512];          /* the daemon does not answer, or refuses; "": all is well */
	uint64_t away_since_ns; /* 0: it answers */
};

/* Each view sorted by the column of top.def. */
void cgn_top_choice_init(struct cgn_top_choice *choice);

/* "new" or "-new" for the choice's view. False with the reason printed. */
bool cgn_top_choice_sort(struct cgn_top_choice *choice, const char *text);

void cgn_top_model_init(struct cgn_top_model *m, const struct cgn_top_choice *choice);
void cgn_top_model_fini(struct cgn_top_model *m);

/*
 * Takes another look over client, connecting first when it is not. CGN_EXIT_AWAY: there is nothing
 * to look at; what was there stays.
 */
enum cgn_exit cgn_top_model_look(
	struct cgn_top_model *m, struct cgn_client *client, const struct cgn_client_where *where);

/* The next look, as if it had been taken; s is taken over. For tests too. */
void cgn_top_model_take(struct cgn_top_model *m, struct cgn_top_sample *s);

/* Rows anew after the choice has changed. */
void cgn_top_model_update(struct cgn_top_model *m);

/* The per second value of a counter of info; of all ports or of a core by its name; negative: not
 * known. */
double cgn_top_info_rate(const struct cgn_top_model *m, const char *member);
double cgn_top_ports_rate(const struct cgn_top_model *m, const char *member);
double cgn_top_busy_percent(const struct cgn_top_model *m, const char *core_key);

/* Four digits at most, with k, M, G, T: "0", "1.2", "999", "12.3k"; "-" when negative. */
const char *cgn_top_number_str(double value, char *buf);
