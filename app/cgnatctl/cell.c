/* SPDX-License-Identifier: BSD-3-Clause */
/* See cell.h. Called by table.c, csv.c, filter.c and order.c. */
#include "cell.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

/* A.B.C.D, A.B.C.D:PORT, A.B.C.D/LENGTH */
static bool
read_address(struct cgn_cell *cell, const char *text)
{
	size_t n = strspn(text, "0123456789.");
	char addr[CGN_IP4_STRLEN];
	uint64_t rest;

	if (n >= sizeof(addr))
		return false;
	memcpy(addr, text, n);
	addr[n] = '\0';
	if (cgn_ip4_parse(addr, &cell->addr) < 0)
		return false;
	cell->port = -1;
	if (text[n] == ':' && cgn_u64_parse(text + n + 1, 0, UINT16_MAX, &rest) == 0)
		cell->port = (int32_t)rest;
	else if (text[n] != '\0' &&
		(text[n] != '/' || cgn_u64_parse(text + n + 1, 0, 32, &rest) < 0))
		return false;
	cell->kind = CGN_CELL_ADDRESS;
	return true;
}

static void
read_text(struct cgn_cell *cell, const char *text)
{
	uint64_t number;

	cell->kind = CGN_CELL_TEXT;
	if (text[0] == '\0' || strcmp(text, "-") == 0) {
		cell->kind = CGN_CELL_NONE;
		cell->text = "-";
	} else if (cgn_u64_parse(text, 0, INT64_MAX, &number) == 0) {
		cell->kind = CGN_CELL_NUMBER;
		cell->number = (int64_t)number;
	} else {
		read_address(cell, text);
	}
}

char *
cgn_text_clean(char *text)
{
	for (char *c = text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return text;
}

struct cgn_cell
cgn_cell_of(const json_t *value, char *buf)
{
	struct cgn_cell cell = {.kind = CGN_CELL_NONE, .text = "-"};

	if (json_is_integer(value)) {
		cell.kind = CGN_CELL_NUMBER;
		cell.number = json_integer_value(value);
		snprintf(buf, CGN_CELL_LEN, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		cell.text = buf;
	} else if (json_is_string(value)) {
		snprintf(buf, CGN_CELL_LEN, "%s", json_string_value(value));
		cell.text = cgn_text_clean(buf);
		read_text(&cell, buf);
	}
	return cell;
}

static int
cmp_i64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

int
cgn_cell_cmp(const struct cgn_cell *a, const struct cgn_cell *b)
{
	if (a->kind != b->kind)
		return cmp_i64(a->kind, b->kind);
	switch (a->kind) {
	case CGN_CELL_NUMBER:
		return cmp_i64(a->number, b->number);
	case CGN_CELL_ADDRESS:
		if (a->addr != b->addr)
			return cmp_i64(a->addr, b->addr);
		return a->port != b->port ? cmp_i64(a->port, b->port)
					  : strverscmp(a->text, b->text);
	case CGN_CELL_TEXT:
		return strverscmp(a->text, b->text);
	case CGN_CELL_NONE:
		break;
	}
	return 0;
}
