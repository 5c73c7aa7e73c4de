/* SPDX-License-Identifier: BSD-3-Clause */
/* Text to value and value to text, by type. Called by decode.c and render.c. */
#include "scalar.h"

#include "conf.h"
#include "ipaddr.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* How much of a wrong value a message repeats. */
#define SHOWN "%.64s"

struct value {
	const struct cgn_key *key;
	const char *text;
	bool plain;
	void *field;
	struct cgn_errmsg *err;
};

static void
store_number(const struct cgn_key *key, void *field, uint64_t number)
{
	uint16_t u16 = (uint16_t)number;
	uint32_t u32 = (uint32_t)number;

	if (key->size == sizeof(u16))
		memcpy(field, &u16, sizeof(u16));
	else
		memcpy(field, &u32, sizeof(u32));
}

static uint32_t
load_number(const struct cgn_key *key, const void *field)
{
	uint16_t u16;
	uint32_t u32;

	if (key->size == sizeof(u16)) {
		memcpy(&u16, field, sizeof(u16));
		return u16;
	}
	memcpy(&u32, field, sizeof(u32));
	return u32;
}

static int
parse_number(const struct value *v)
{
	uint64_t number;
	int rc = v->plain ? cgn_u64_parse(v->text, v->key->min, v->key->max, &number) : -EINVAL;

	if (rc == 0) {
		store_number(v->key, v->field, number);
		return 0;
	}
	if (rc == -ERANGE)
		cgn_errmsg_set(v->err,
			SHOWN " is out of range; write a number from %" PRIu64 " to %" PRIu64,
			v->text, v->key->min, v->key->max);
	else
		cgn_errmsg_set(v->err,
			"'" SHOWN "' is not a number; write decimal digits without quotes, %" PRIu64
			" to %" PRIu64,
			v->text, v->key->min, v->key->max);
	return -EINVAL;
}

static int
parse_tpid(const struct value *v)
{
	uint64_t number = 0;
	char *end;

	if (strncmp(v->text, "0x", 2) == 0 && strlen(v->text) == 6) {
		number = strtoull(v->text + 2, &end, 16);
		number = *end == '\0' ? number : 0;
	} else if (cgn_u64_parse(v->text, 0, UINT16_MAX, &number) < 0) {
		number = 0;
	}
	if (!v->plain || (number != 0x88a8 && number != 0x8100)) {
		cgn_errmsg_set(v->err,
			"'" SHOWN "' is not an EtherType of tags; write 0x88a8 or 0x8100", v->text);
		return -EINVAL;
	}
	store_number(v->key, v->field, number);
	return 0;
}

static int
parse_bool(const struct value *v)
{
	bool value = strcmp(v->text, "true") == 0;

	if (!v->plain || (!value && strcmp(v->text, "false") != 0)) {
		cgn_errmsg_set(v->err,
			"'" SHOWN "' is neither true nor false; write one of them, "
			"without quotes",
			v->text);
		return -EINVAL;
	}
	memcpy(v->field, &value, sizeof(value));
	return 0;
}

bool
cgn_choice_word(const char *choices, uint32_t i, char *word, size_t size)
{
	size_t n;

	for (; i > 0; i--) {
		choices = strchr(choices, '|');
		if (choices == NULL)
			return false;
		choices++;
	}
	n = strcspn(choices, "|");
	snprintf(word, size, "%.*s", (int)n, choices);
	return true;
}

static int
parse_choice(const struct value *v)
{
	char word[32];

	for (uint32_t i = 0; cgn_choice_word(v->key->unit, i, word, sizeof(word)); i++) {
		if (strcmp(v->text, word) == 0) {
			store_number(v->key, v->field, i);
			return 0;
		}
	}
	cgn_errmsg_set(
		v->err, "'" SHOWN "' is not known here; write one of %s", v->text, v->key->unit);
	return -EINVAL;
}

static int
parse_name(const struct value *v)
{
	size_t n = strlen(v->text);

	if (n < v->key->min || n > v->key->max ||
		strspn(v->text, "abcdefghijklmnopqrstuvwxyz0123456789_-") != n) {
		cgn_errmsg_set(v->err,
			"'" SHOWN "' is not a name; write 1 to %" PRIu64
			" characters out of a-z, 0-9, _ and -",
			v->text, v->key->max);
		return -EINVAL;
	}
	memset(v->field, 0, v->key->size);
	memcpy(v->field, v->text, n);
	return 0;
}

/* Devices and paths: one line of printable ASCII. */
static int
check_line(const struct value *v)
{
	size_t n = strlen(v->text);

	if (n < v->key->min || n > v->key->max) {
		cgn_errmsg_set(v->err, "has %zu characters; write %" PRIu64 " to %" PRIu64, n,
			v->key->min, v->key->max);
		return -EINVAL;
	}
	for (const char *p = v->text; *p != '\0'; p++) {
		if (*p < ' ' || *p > '~') {
			cgn_errmsg_set(v->err,
				"'" SHOWN
				"' holds a character that is not printable ASCII; leave it out",
				v->text);
			return -EINVAL;
		}
	}
	return 0;
}

static int
parse_device(const struct value *v)
{
	if (check_line(v) < 0)
		return -EINVAL;
	memset(v->field, 0, v->key->size);
	memcpy(v->field, v->text, strlen(v->text));
	return 0;
}

static int
parse_word(const struct value *v)
{
	if (check_line(v) < 0)
		return -EINVAL;
	if (!cgn_subscriber_id_is_good(v->text)) {
		cgn_errmsg_set(v->err,
			"'" SHOWN "' holds a blank or a comma; write something else there",
			v->text);
		return -EINVAL;
	}
	memset(v->field, 0, v->key->size);
	memcpy(v->field, v->text, strlen(v->text));
	return 0;
}

static int
parse_file(const struct value *v)
{
	char *copy;

	if (check_line(v) < 0)
		return -EINVAL;
	copy = strdup(v->text);
	if (copy == NULL)
		return -ENOMEM;
	memcpy(v->field, &copy, sizeof(copy));
	return 0;
}

static int
parse_address(const struct value *v)
{
	uint32_t addr;

	if (cgn_ip4_parse(v->text, &addr) < 0 || addr == 0) {
		cgn_errmsg_set(v->err,
			"'" SHOWN "' is not an IPv4 address; write it like 192.0.2.1", v->text);
		return -EINVAL;
	}
	memcpy(v->field, &addr, sizeof(addr));
	return 0;
}

static int
parse_prefix(const struct value *v)
{
	char buf[CGN_PREFIX_STRLEN];
	struct cgn_prefix p;

	if (strchr(v->text, '/') == NULL || cgn_prefix_parse(v->text, &p) < 0) {
		cgn_errmsg_set(v->err,
			"'" SHOWN "' is not an IPv4 %s with a length; write it like %s", v->text,
			v->key->type == CGN_KEY_IFADDR ? "address" : "prefix",
			v->key->type == CGN_KEY_IFADDR ? "192.0.2.1/24" : "192.0.2.0/24");
		return -EINVAL;
	}
	if (p.len < v->key->min || p.len > v->key->max) {
		cgn_errmsg_set(v->err,
			"prefix length /%u is out of range; write a length from /%" PRIu64
			" to /%" PRIu64,
			p.len, v->key->min, v->key->max);
		return -EINVAL;
	}
	if (v->key->type == CGN_KEY_PREFIX && p.addr != cgn_prefix_first(p)) {
		struct cgn_prefix network = {.addr = cgn_prefix_first(p), .len = p.len};

		cgn_errmsg_set(v->err,
			SHOWN " has bits set after its prefix length; write %s, or the "
			      "length that was meant",
			v->text, cgn_prefix_str(network, buf));
		return -EINVAL;
	}
	memset(v->field, 0, sizeof(p)); /* padding too: configurations are compared by bytes */
	((struct cgn_prefix *)v->field)->addr = p.addr;
	((struct cgn_prefix *)v->field)->len = p.len;
	return 0;
}

static int
parse_range(const struct value *v)
{
	struct cgn_port_range range;
	const char *dash = strchr(v->text, '-');
	char first[8] = "";
	uint64_t a, b;

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(v->text, "-"), v->text);
	if (cgn_u64_parse(first, v->key->min, v->key->max, &a) < 0 ||
		cgn_u64_parse(dash != NULL ? dash + 1 : first, a, v->key->max, &b) < 0 ||
		strcspn(v->text, "-") >= sizeof(first)) {
		cgn_errmsg_set(v->err,
			"'" SHOWN "' is neither a port nor a range of ports; write it like 8080 or "
			"8000-8099, %" PRIu64 " to %" PRIu64,
			v->text, v->key->min, v->key->max);
		return -EINVAL;
	}
	range = (struct cgn_port_range){.first = (uint16_t)a, .last = (uint16_t)b};
	memcpy(v->field, &range, sizeof(range));
	return 0;
}

int
cgn_scalar_parse(const struct cgn_key *key, const char *text, bool plain, void *field,
	struct cgn_errmsg *err)
{
	static int (*const parsers[])(const struct value *v) = {
		[CGN_KEY_NUMBER] = parse_number,
		[CGN_KEY_LIMIT] = parse_number,
		[CGN_KEY_BOOL] = parse_bool,
		[CGN_KEY_CHOICE] = parse_choice,
		[CGN_KEY_NAME] = parse_name,
		[CGN_KEY_DEVICE] = parse_device,
		[CGN_KEY_WORD] = parse_word,
		[CGN_KEY_FILE] = parse_file,
		[CGN_KEY_VLAN] = parse_number,
		[CGN_KEY_OUTER_VLAN] = parse_number,
		[CGN_KEY_TPID] = parse_tpid,
		[CGN_KEY_ADDRESS] = parse_address,
		[CGN_KEY_PREFIX] = parse_prefix,
		[CGN_KEY_IFADDR] = parse_prefix,
		[CGN_KEY_RANGE] = parse_range,
	};
	struct value v = {key, text, plain, field, err};

	if (plain && (text[0] == '\0' || strcmp(text, "~") == 0)) {
		cgn_errmsg_set(err, "has no value; write one, or leave the key out");
		return -EINVAL;
	}
	return parsers[key->type](&v);
}

void
cgn_scalar_unset(const struct cgn_key *key, void *field)
{
	if (key->type == CGN_KEY_LIMIT)
		store_number(key, field, CGN_LIMIT_UNSET);
}

void
cgn_quoted_print(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* Tags are kept the way frames carry them; the keys vlan and outer_vlan are another view. */
static const struct cgn_conf_tags *
tags_of(const struct cgn_key *key, const void *field)
{
	size_t offset = key->type == CGN_KEY_VLAN ? offsetof(struct cgn_conf_tags, inner)
		: key->type == CGN_KEY_OUTER_VLAN ? offsetof(struct cgn_conf_tags, outer)
						  : offsetof(struct cgn_conf_tags, outer_tpid);

	return (const struct cgn_conf_tags *)(const void *)((const char *)field - offset);
}

bool
cgn_scalar_is_present(const struct cgn_key *key, const void *field)
{
	uint32_t addr;

	if (key->type == CGN_KEY_LIMIT)
		return load_number(key, field) != CGN_LIMIT_UNSET;
	if (key->type == CGN_KEY_VLAN)
		return tags_of(key, field)->n > 0;
	if (key->type == CGN_KEY_OUTER_VLAN || key->type == CGN_KEY_TPID)
		return tags_of(key, field)->n == 2;
	if (key->type == CGN_KEY_DEVICE || key->type == CGN_KEY_NAME)
		return *(const char *)field != '\0';
	if (key->type != CGN_KEY_ADDRESS)
		return true;
	memcpy(&addr, field, sizeof(addr));
	return addr != 0;
}

bool
cgn_key_is_present(const struct cgn_key *key, const void *base)
{
	const struct cgn_key *child = NULL;

	if (key->type == CGN_KEY_MAP) {
		while ((child = cgn_key_child(key->schema, key, child)) != NULL)
			if (cgn_key_is_present(child, base))
				return true;
		return false;
	}
	if (key->presence != CGN_PRESENCE_OPTIONAL)
		return true;
	return key->type == CGN_KEY_LIST
		? cgn_key_count(key, base) > 0
		: cgn_scalar_is_present(key, (const char *)base + key->offset);
}

static void
print_address(FILE *out, const struct cgn_key *key, const void *field)
{
	char buf[CGN_PREFIX_STRLEN];
	struct cgn_prefix p;
	uint32_t addr;

	if (key->type == CGN_KEY_ADDRESS) {
		memcpy(&addr, field, sizeof(addr));
		fputs(cgn_ip4_str(addr, buf), out);
		return;
	}
	memcpy(&p, field, sizeof(p));
	fputs(cgn_prefix_str(p, buf), out);
}

static void
print_range(FILE *out, const void *field)
{
	struct cgn_port_range range;

	memcpy(&range, field, sizeof(range));
	fprintf(out, "%u", range.first);
	if (range.last != range.first)
		fprintf(out, "-%u", range.last);
}

static void
print_word(FILE *out, const struct cgn_key *key, const void *field)
{
	char word[32] = "";

	if (key->type == CGN_KEY_BOOL)
		fputs(*(const bool *)field ? "true" : "false", out);
	else if (cgn_choice_word(key->unit, load_number(key, field), word, sizeof(word)))
		fputs(word, out);
}

void
cgn_scalar_print(FILE *out, const struct cgn_key *key, const void *field)
{
	switch (key->type) {
	case CGN_KEY_VLAN:
		fprintf(out, "%u",
			tags_of(key, field)->n == 1 ? tags_of(key, field)->outer
						    : tags_of(key, field)->inner);
		break;
	case CGN_KEY_OUTER_VLAN:
		fprintf(out, "%u", tags_of(key, field)->outer);
		break;
	case CGN_KEY_TPID:
		fprintf(out, "0x%04x", tags_of(key, field)->outer_tpid);
		break;
	case CGN_KEY_ADDRESS:
	case CGN_KEY_PREFIX:
	case CGN_KEY_IFADDR:
		print_address(out, key, field);
		break;
	case CGN_KEY_BOOL:
	case CGN_KEY_CHOICE:
		print_word(out, key, field);
		break;
	case CGN_KEY_RANGE:
		print_range(out, field);
		break;
	case CGN_KEY_NUMBER:
	case CGN_KEY_LIMIT:
		fprintf(out, "%u", load_number(key, field));
		break;
	case CGN_KEY_NAME:
		fputs(field, out);
		break;
	default: /* a device; lists and references are printed by whoever knows them */
		cgn_quoted_print(out, field);
	}
}
