/* SPDX-License-Identifier: BSD-3-Clause */
/* Counting and building of answers; see reply.h. Called by commands.c and show_*.c. */
#include "reply.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_telemetry.h>

#include "ipaddr.h"

static_assert((int)CGN_REPLY_STRING_LEN == RTE_TEL_MAX_STRING_LEN, "params.h does not see DPDK");

enum { FRAME_BYTES = 512 }; /* status, id, filter, n, next and the command's name */

void
cgn_reply_init(struct cgn_reply *r, struct rte_tel_data *out)
{
	memset(r, 0, sizeof(*r));
	r->out = out;
	r->n_bytes = FRAME_BYTES;
}

static void
free_parts(struct cgn_reply *r)
{
	rte_tel_data_free(r->row);
	rte_tel_data_free(r->item);
	while (r->n_rows > 0)
		rte_tel_data_free(r->rows[--r->n_rows]);
	r->row = r->item = NULL;
}

void
cgn_reply_refuse(struct cgn_reply *r, const struct cgn_params_error *err)
{
	free_parts(r);
	rte_tel_data_start_dict(r->out);
	rte_tel_data_add_dict_string(r->out, "status", "error");
	if (err->param[0] != '\0')
		rte_tel_data_add_dict_string(r->out, "parameter", err->param);
	rte_tel_data_add_dict_string(r->out, "message", err->message);
	r->is_error = true;
	snprintf(r->error, sizeof(r->error), "%s", err->message);
}

void
cgn_reply_error(struct cgn_reply *r, const char *param, const char *fmt, ...)
{
	struct cgn_params_error err;
	char text[CGN_REPLY_STRING_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cgn_params_error_set(&err, param, "%s", text);
	cgn_reply_refuse(r, &err);
}

/* A dictionary of the library, or an error answer when there is no memory. */
static struct rte_tel_data *
open_dict(struct cgn_reply *r, struct rte_tel_data **dict)
{
	if (*dict == NULL && !r->is_error) {
		*dict = rte_tel_data_alloc();
		if (*dict != NULL)
			rte_tel_data_start_dict(*dict);
		else
			cgn_reply_error(r, "", "no memory for the answer");
	}
	return *dict;
}

/* Where a member goes, with its bytes counted: "name":value, */
static struct rte_tel_data *
member_dict(struct cgn_reply *r, const char *name, size_t value_bytes)
{
	uint32_t n = (uint32_t)(strlen(name) + value_bytes + 4);

	if (r->is_error)
		return NULL;
	if (r->row != NULL) {
		r->row_bytes += n;
		return r->row;
	}
	r->n_bytes += n;
	return open_dict(r, &r->item);
}

static size_t
decimals(uint64_t value)
{
	size_t n = 1;

	for (; value >= 10; value /= 10)
		n++;
	return n;
}

void
cgn_reply_u64(struct cgn_reply *r, const char *name, uint64_t value)
{
	struct rte_tel_data *dict = member_dict(r, name, decimals(value));

	if (dict != NULL)
		rte_tel_data_add_dict_u64(dict, name, value);
}

void
cgn_reply_i32(struct cgn_reply *r, const char *name, int32_t value)
{
	struct rte_tel_data *dict = member_dict(r, name, 11);

	if (dict != NULL)
		rte_tel_data_add_dict_int(dict, name, value);
}

/* Printable ASCII of at most what the library takes; quotes and backslashes get one more byte. */
static size_t
clean_string(const char *value, char *out)
{
	size_t n = strnlen(value, CGN_REPLY_STRING_LEN), escapes = 0;

	if (n >= CGN_REPLY_STRING_LEN)
		snprintf(out, CGN_REPLY_STRING_LEN, "%.*s...", CGN_REPLY_STRING_LEN - 4, value);
	else
		memcpy(out, value, n + 1);
	for (n = 0; out[n] != '\0'; n++) {
		if (out[n] < ' ' || out[n] > '~')
			out[n] = '?';
		escapes += out[n] == '"' || out[n] == '\\';
	}
	return n + escapes + 2;
}

void
cgn_reply_str(struct cgn_reply *r, const char *name, const char *value)
{
	char clean[CGN_REPLY_STRING_LEN];
	struct rte_tel_data *dict = member_dict(r, name, clean_string(value, clean));

	if (dict != NULL)
		rte_tel_data_add_dict_string(dict, name, clean);
}

void
cgn_reply_fmt(struct cgn_reply *r, const char *name, const char *fmt, ...)
{
	char text[CGN_REPLY_STRING_LEN + 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cgn_reply_str(r, name, text);
}

void
cgn_reply_ip4(struct cgn_reply *r, const char *name, uint32_t addr)
{
	char text[CGN_IP4_STRLEN];

	cgn_reply_str(r, name, cgn_ip4_str(addr, text));
}

void
cgn_reply_row_begin(struct cgn_reply *r)
{
	r->row_bytes = sizeof("\"r00\":{},");
	open_dict(r, &r->row);
}

bool
cgn_reply_row_end(struct cgn_reply *r)
{
	struct rte_tel_data *row = r->row;

	r->row = NULL;
	if (row == NULL || r->n_bytes + r->row_bytes > CGN_REPLY_MAX_BYTES ||
		r->n_rows >= CGN_REPLY_MAX_ROWS) {
		rte_tel_data_free(row);
		return false;
	}
	r->rows[r->n_rows++] = row;
	r->n_bytes += r->row_bytes;
	return true;
}

static void
add_filter(struct cgn_reply *r, const struct cgn_params *params)
{
	struct rte_tel_data *filter = NULL;

	for (int p = 0; p < CGN_N_PARAMS; p++) {
		if (p == CGN_PARAM_ID || !cgn_params_has(params, (enum cgn_param_id)p))
			continue;
		if (open_dict(r, &filter) == NULL)
			return;
		rte_tel_data_add_dict_string(
			filter, cgn_param_infos[p].name, params->values[p].text);
	}
	if (filter != NULL)
		rte_tel_data_add_dict_container(r->out, "filter", filter, 0);
}

static void
add_rows(struct cgn_reply *r, uint64_t next)
{
	struct rte_tel_data *rows = NULL;
	char name[16];

	if (open_dict(r, &rows) == NULL)
		return;
	for (uint32_t i = 0; i < r->n_rows; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		rte_tel_data_add_dict_container(rows, name, r->rows[i], 0);
	}
	rte_tel_data_add_dict_u64(r->out, "n", r->n_rows);
	rte_tel_data_add_dict_u64(r->out, "next", next);
	rte_tel_data_add_dict_u64(r->out, "truncated", next != 0);
	rte_tel_data_add_dict_container(r->out, "rows", rows, 0);
	r->n_rows = 0;
}

void
cgn_reply_finish(struct cgn_reply *r, const struct cgn_command *cmd,
	const struct cgn_params *params, uint64_t next)
{
	if (!r->is_error) {
		rte_tel_data_start_dict(r->out);
		rte_tel_data_add_dict_string(r->out, "status", "ok");
		add_filter(r, params);
	}
	if (!r->is_error && cmd->shape != CGN_SHAPE_ITEM)
		add_rows(r, next);
	if (!r->is_error && r->item != NULL)
		rte_tel_data_add_dict_container(r->out, "item", r->item, 0);
	r->item = NULL;
	if (cgn_params_has(params, CGN_PARAM_ID))
		rte_tel_data_add_dict_u64(r->out, "id", params->values[CGN_PARAM_ID].number);
}
