/* SPDX-License-Identifier: BSD-3-Clause */
/* See filter.h. Called by options.c (parse) and output.c (match). */
#include "filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "text.h"

static const struct {
	char text[3];
	enum cgn_filter_op op;
} ops[] = {{"!=", CGN_FILTER_NE}, {"<=", CGN_FILTER_LE}, {">=", CGN_FILTER_GE},
	{"==", CGN_FILTER_EQ}, {"=", CGN_FILTER_EQ}, {"<", CGN_FILTER_LT}, {">", CGN_FILTER_GT},
	{"~", CGN_FILTER_HAS}};

/* Decimal digits, maybe a sign and a fraction, maybe a unit; strtold alone takes "nan" and "0x". */
static bool
read_number(const char *text, bool with_unit, long double *number)
{
	static const char units[] = "kMGT";
	const size_t sign = text[0] == '-', whole = strspn(text + sign, "0123456789");
	const char *unit;
	char *end;

	if (whole == 0 || strspn(text + sign, "0123456789.") > 40)
		return false;
	if (text[sign + whole] != '\0' && strchr(".kMGT", text[sign + whole]) == NULL)
		return false;
	*number = strtold(text, &end);
	unit = *end != '\0' && with_unit ? strchr(units, *end) : NULL;
	if (unit != NULL)
		for (const char *u = units; u <= unit; u++)
			*number *= 1000;
	return end[unit != NULL] == '\0';
}

static bool
read_address(struct cgn_filter *f)
{
	const char *colon = strchr(f->value, ':');
	char addr[CGN_PREFIX_STRLEN];
	uint64_t port;

	f->port = -1;
	if (colon == NULL)
		return cgn_prefix_parse(f->value, &f->prefix) == 0;
	if (colon - f->value >= (int)sizeof(addr) ||
		cgn_u64_parse(colon + 1, 0, UINT16_MAX, &port) < 0)
		return false;
	snprintf(addr, sizeof(addr), "%.*s", (int)(colon - f->value), f->value);
	f->port = (int32_t)port;
	f->prefix.len = 32;
	return cgn_ip4_parse(addr, &f->prefix.addr) == 0;
}

/* Units that only numbers have. */
static bool
wants_number(const struct cgn_field *field)
{
	return field->unit[0] != '\0' && strcmp(field->unit, "UTC") != 0;
}

static bool
refuse(const char *text, const char *why)
{
	fprintf(stderr,
		"cgnatctl: --filter: '%s' %s; write COLUMN OP VALUE with OP one of = != < <= > >= "
		"~\n",
		text, why);
	return false;
}

bool
cgn_filter_parse(struct cgn_filter *f, const struct cgn_command *cmd, const char *text)
{
	const char *name = text + strspn(text, " ");
	const size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
	const char *op = name + len + strspn(name + len, " ");
	const struct cgn_field *field = cgn_column_find(cmd, name, len);
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strncmp(op, ops[i].text, strlen(ops[i].text)) == 0)
			break;
	if (len == 0 || i == sizeof(ops) / sizeof(ops[0]))
		return refuse(text, "has no comparison");
	if (field == NULL) {
		cgn_column_unknown(cmd, "--filter", name, len);
		return false;
	}
	f->column = field->name;
	f->op = ops[i].op;
	f->value = op + strlen(ops[i].text);
	f->value += strspn(f->value, " ");
	if (f->value[0] == '\0')
		return refuse(text, "has no value");
	f->is_number = read_number(f->value, true, &f->number);
	f->is_address = !f->is_number && read_address(f);
	if (wants_number(field) && !f->is_number && f->op != CGN_FILTER_HAS &&
		strcmp(f->value, "-") != 0) {
		fprintf(stderr, "cgnatctl: --filter: %s is a number (%s), '%s' is none\n",
			field->name, field->unit, f->value);
		return false;
	}
	return true;
}

static int
cmp_number(long double a, long double b)
{
	return (a > b) - (a < b);
}

/* 0 also for an address within the prefix. */
static int
cmp_address(const struct cgn_filter *f, const struct cgn_cell *cell)
{
	if (!cgn_prefix_has(f->prefix, cell->addr))
		return cell->addr < f->prefix.addr ? -1 : 1;
	return f->port < 0 ? 0 : (cell->port > f->port) - (cell->port < f->port);
}

/* The order of a cell and the value. */
static int
compare(const struct cgn_filter *f, const struct cgn_cell *cell)
{
	long double number;

	if (f->is_number && cell->kind == CGN_CELL_NUMBER)
		return cmp_number((long double)cell->number, f->number);
	if (f->is_number && read_number(cell->text, false, &number))
		return cmp_number(number, f->number);
	if (f->is_address && cell->kind == CGN_CELL_ADDRESS)
		return cmp_address(f, cell);
	return strverscmp(cell->text, f->value);
}

bool
cgn_filter_match(const struct cgn_filter *f, const json_t *row)
{
	char buf[CGN_CELL_LEN];
	const struct cgn_cell cell = cgn_cell_of(json_object_get(row, f->column), buf);

	switch (f->op) {
	case CGN_FILTER_EQ:
		return compare(f, &cell) == 0;
	case CGN_FILTER_NE:
		return compare(f, &cell) != 0;
	case CGN_FILTER_LT:
		return cell.kind != CGN_CELL_NONE && compare(f, &cell) < 0;
	case CGN_FILTER_LE:
		return cell.kind != CGN_CELL_NONE && compare(f, &cell) <= 0;
	case CGN_FILTER_GT:
		return cell.kind != CGN_CELL_NONE && compare(f, &cell) > 0;
	case CGN_FILTER_GE:
		return cell.kind != CGN_CELL_NONE && compare(f, &cell) >= 0;
	case CGN_FILTER_HAS:
		return strcasestr(cell.text, f->value) != NULL;
	}
	return false;
}
