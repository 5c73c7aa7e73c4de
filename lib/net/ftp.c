/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads and writes the few forms; called by control/alg_edit.c, by tests and by the fuzzer. */
#include "ftp.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct cursor {
	const uint8_t *p, *end;
};

static bool
take(struct cursor *c, char wanted)
{
	if (c->p == c->end || *c->p != (uint8_t)wanted)
		return false;
	c->p++;
	return true;
}

/* Decimal digits, at least one, to at most max. */
static bool
take_number(struct cursor *c, uint32_t max, uint32_t *number)
{
	const uint8_t *first = c->p;
	uint32_t n = 0;

	for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++) {
		n = n * 10 + (uint32_t)(*c->p - '0');
		if (n > max)
			return false;
	}
	*number = n;
	return c->p > first;
}

/* n numbers of a byte each with separators between them. */
static bool
take_bytes(struct cursor *c, char separator, uint32_t n, uint64_t *value)
{
	uint32_t byte;

	*value = 0;
	for (uint32_t i = 0; i < n; i++) {
		if ((i > 0 && !take(c, separator)) || !take_number(c, UINT8_MAX, &byte))
			return false;
		*value = *value << 8 | byte;
	}
	return true;
}

/* h1,h2,h3,h4,p1,p2 */
static bool
take_six(struct cursor *c, struct cgn_ftp_end *end)
{
	uint64_t value;

	if (!take_bytes(c, ',', 6, &value))
		return false;
	end->addr = (uint32_t)(value >> 16);
	end->port = (uint16_t)value;
	return true;
}

static bool
take_port(struct cursor *c, struct cgn_ftp_end *end)
{
	uint32_t port;

	if (!take_number(c, UINT16_MAX, &port))
		return false;
	end->port = (uint16_t)port;
	return true;
}

/* RFC 2428 section 2: any character of 33 to 126; digits and dots would be ambiguous. */
static bool
take_delimiter(struct cursor *c, struct cgn_ftp_end *end)
{
	if (c->p == c->end || *c->p < 33 || *c->p > 126 || (*c->p >= '0' && *c->p <= '9') ||
		*c->p == '.')
		return false;
	end->delimiter = (char)*c->p++;
	return true;
}

static bool
take_eprt(struct cursor *c, struct cgn_ftp_end *end)
{
	uint64_t addr;

	if (!take_delimiter(c, end) || !take(c, '1') || !take(c, end->delimiter) ||
		!take_bytes(c, '.', 4, &addr) || !take(c, end->delimiter) || !take_port(c, end) ||
		!take(c, end->delimiter))
		return false;
	end->addr = (uint32_t)addr;
	return true;
}

static bool
take_epsv(struct cursor *c, struct cgn_ftp_end *end)
{
	return take_delimiter(c, end) && take(c, end->delimiter) && take(c, end->delimiter) &&
		take_port(c, end) && take(c, end->delimiter);
}

static bool
take_end(struct cursor *c, struct cgn_ftp_end *end)
{
	switch (end->form) {
	case CGN_FTP_EPRT:
		return take_eprt(c, end);
	case CGN_FTP_EPSV:
		return take_epsv(c, end);
	default:
		return take_six(c, end);
	}
}

static bool
begins(const struct cursor *line, const char *word)
{
	return line->end - line->p >= 5 && strncasecmp((const char *)line->p, word, 5) == 0;
}

/* The line without its line feed; text: where the whole text begins. */
static bool
read_command(struct cursor line, const uint8_t *text, struct cgn_ftp_end *end)
{
	if (begins(&line, "PORT "))
		end->form = CGN_FTP_PORT;
	else if (begins(&line, "EPRT "))
		end->form = CGN_FTP_EPRT;
	else
		return false;
	line.p += 5;
	while (take(&line, ' '))
		;
	end->at = (uint32_t)(line.p - text);
	if (!take_end(&line, end))
		return false;
	end->len = (uint32_t)(line.p - text) - end->at;
	while (take(&line, ' ') || take(&line, '\r'))
		;
	return line.p == line.end;
}

/* Words of the server's choice stand before the end; of 227 the parentheses are no part of it (RFC
 * 1123 section 4.1.2.6). */
static bool
read_reply(struct cursor line, const uint8_t *text, struct cgn_ftp_end *end)
{
	if (line.end - line.p < 4)
		return false;
	if (memcmp(line.p, "227 ", 4) == 0)
		end->form = CGN_FTP_PASV;
	else if (memcmp(line.p, "229 ", 4) == 0)
		end->form = CGN_FTP_EPSV;
	else
		return false;
	for (line.p += 4; line.p < line.end; line.p++) {
		struct cursor c = line;

		if (end->form == CGN_FTP_EPSV && !take(&c, '('))
			continue;
		end->at = (uint32_t)(c.p - text);
		if (!take_end(&c, end))
			continue;
		end->len = (uint32_t)(c.p - text) - end->at;
		return end->form == CGN_FTP_PASV || take(&c, ')');
	}
	return false;
}

bool
cgn_ftp_find(const uint8_t *text, uint32_t len, bool is_server, struct cgn_ftp_end *end)
{
	const uint8_t *p = text, *feed;

	while (len > 0 && (feed = memchr(p, '\n', len)) != NULL) {
		struct cursor line = {p, feed};

		memset(end, 0, sizeof(*end));
		if ((is_server ? read_reply(line, text, end) : read_command(line, text, end)) &&
			end->port != 0)
			return true;
		len -= (uint32_t)(feed + 1 - p);
		p = feed + 1;
	}
	return false;
}

uint32_t
cgn_ftp_write(const struct cgn_ftp_end *end, uint32_t addr, uint16_t port, char out[CGN_FTP_TEXT])
{
	char text[CGN_FTP_TEXT + 1], d = end->delimiter;
	uint32_t a = addr >> 24, b = addr >> 16 & 255, c = addr >> 8 & 255, e = addr & 255;
	int n;

	if (end->form == CGN_FTP_EPRT)
		n = snprintf(
			text, sizeof(text), "%c1%c%u.%u.%u.%u%c%u%c", d, d, a, b, c, e, d, port, d);
	else if (end->form == CGN_FTP_EPSV)
		n = snprintf(text, sizeof(text), "%c%c%c%u%c", d, d, d, port, d);
	else
		n = snprintf(text, sizeof(text), "%u,%u,%u,%u,%u,%u", a, b, c, e, port >> 8u,
			port & 255u);
	memcpy(out, text, (size_t)n);
	return (uint32_t)n;
}
