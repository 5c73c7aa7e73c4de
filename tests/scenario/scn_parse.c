/* SPDX-License-Identifier: BSD-3-Clause */
/* Words of scenario lines → numbers, addresses, packets. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ipaddr.h"
#include "scn.h"

void
scn_wrong(const struct scn *s, const char *what)
{
	fprintf(stderr, "%s:%u: not understood: %s\n", s->file, s->line, what);
	exit(2);
}

uint32_t
scn_number(const struct scn *s, const char *word)
{
	char *end;
	unsigned long n;

	if (word == NULL)
		scn_wrong(s, "a number is missing");
	n = strtoul(word, &end, 0);
	if (*end != '\0' || end == word)
		scn_wrong(s, word);
	return (uint32_t)n;
}

uint16_t
scn_port(const struct scn *s, const char *word)
{
	static const char *const names[] = {"access", "trunk", "wan"};

	for (uint16_t p = 0; word != NULL && p < 3; p++)
		if (strcmp(word, names[p]) == 0)
			return p;
	scn_wrong(s, word != NULL ? word : "a port is missing");
}

uint32_t
scn_addr(const struct scn *s, const char *word)
{
	uint32_t addr;

	if (word == NULL || cgn_ip4_parse(word, &addr) < 0)
		scn_wrong(s, word != NULL ? word : "an address is missing");
	return addr;
}

void
scn_mac(const struct scn *s, const char *word, uint8_t mac[6])
{
	unsigned int b[6];

	if (word == NULL ||
		sscanf(word, "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
		scn_wrong(s, word != NULL ? word : "a MAC address is missing");
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
}

struct scn_var *
scn_var_at(struct scn *s, const char *name)
{
	struct scn_var *v;

	if (name == NULL || name[0] != '$' || strlen(name) >= sizeof(v->name))
		scn_wrong(s, name != NULL ? name : "a variable is missing");
	for (uint32_t i = 0; i < s->n_vars; i++)
		if (strcmp(s->vars[i].name, name) == 0)
			return &s->vars[i];
	if (s->n_vars == SCN_MAX_VARS)
		scn_wrong(s, "too many variables");
	v = &s->vars[s->n_vars++];
	strcpy(v->name, name);
	return v;
}

struct scn_end
scn_end_parse(struct scn *s, char *word)
{
	struct scn_end end = {.any = word != NULL && strcmp(word, "_") == 0};
	char *colon;

	if (end.any)
		return end;
	if (word != NULL && word[0] == '$') {
		end.var = word;
		return end;
	}
	colon = word != NULL ? strchr(word, ':') : NULL;
	if (colon != NULL) {
		end.port = (uint16_t)scn_number(s, colon + 1);
		*colon = '\0';
	}
	end.addr = scn_addr(s, word);
	return end;
}

static uint8_t
parse_flags(const struct scn *s, const char *word)
{
	static const char letters[] = "FSRPAU";
	uint8_t flags = 0;

	for (; word != NULL && *word != '\0'; word++) {
		const char *at = strchr(letters, *word);

		if (at == NULL)
			scn_wrong(s, word);
		flags |= (uint8_t)(1 << (at - letters));
	}
	return flags;
}

static void
parse_option(struct scn *s, struct scn_packet *p, const char *name, const char *value)
{
	if (strcmp(name, "flags") == 0)
		p->spec.tcp_flags = parse_flags(s, value);
	else if (strcmp(name, "ttl") == 0) {
		p->spec.ttl = (uint8_t)scn_number(s, value);
		p->has_ttl = true;
	} else if (strcmp(name, "len") == 0)
		p->spec.payload_len = (uint16_t)scn_number(s, value);
	else if (strcmp(name, "off") == 0)
		p->off = scn_number(s, value);
	else if (strcmp(name, "seq") == 0 || strcmp(name, "ack") == 0) {
		*(*name == 's' ? &p->spec.tcp_seq : &p->spec.tcp_ack) = scn_number(s, value);
		p->has_numbers = true;
	} else if (strcmp(name, "times") == 0)
		p->times = scn_number(s, value);
	else if (strcmp(name, "to") == 0) {
		scn_mac(s, value, p->mac);
		p->has_mac = true;
	} else
		scn_wrong(s, name);
}

uint32_t
scn_tags_parse(struct scn *s, struct packet_spec *spec, uint32_t i)
{
	if (s->words[i] == NULL)
		scn_wrong(s, "a protocol is missing");
	if (strcmp(s->words[i], "vlan") == 0) {
		spec->n_tags = 1;
		spec->tags[0] = (struct packet_tag){
			0x8100, (uint16_t)scn_number(s, s->words[i + 1])};
		return i + 2;
	}
	if (strcmp(s->words[i], "qinq") == 0) {
		spec->n_tags = 2;
		spec->tags[0] = (struct packet_tag){
			0x88a8, (uint16_t)scn_number(s, s->words[i + 1])};
		spec->tags[1] = (struct packet_tag){
			0x8100, (uint16_t)scn_number(s, s->words[i + 2])};
		return i + 3;
	}
	return i;
}

static struct packet_spec
parse_proto(const struct scn *s, const char *word)
{
	if (word != NULL && strcmp(word, "udp") == 0)
		return packet_udp(0, 0, 0, 0);
	if (word != NULL && strcmp(word, "tcp") == 0)
		return packet_tcp(0, 0, 0, 0, 0x02);
	if (word != NULL && strcmp(word, "echo") == 0)
		return packet_echo(0, 0, true, 0);
	if (word != NULL && strcmp(word, "reply") == 0)
		return packet_echo(0, 0, false, 0);
	scn_wrong(s, word != NULL ? word : "a protocol is missing");
}

void
scn_packet_parse(struct scn *s, struct scn_packet *p)
{
	struct packet_spec tags = {0};
	uint32_t i = scn_tags_parse(s, &tags, 2);

	*p = (struct scn_packet){.port = scn_port(s, s->words[1]), .times = 1};
	p->spec = parse_proto(s, s->words[i++]);
	p->spec.n_tags = tags.n_tags;
	memcpy(p->spec.tags, tags.tags, sizeof(tags.tags));
	if (i + 2 >= s->n_words || strcmp(s->words[i + 1], ">") != 0)
		scn_wrong(s, "SOURCE > DESTINATION is missing");
	p->src = scn_end_parse(s, s->words[i]);
	p->dst = scn_end_parse(s, s->words[i + 2]);
	for (i += 3; i < s->n_words; i += 2)
		parse_option(s, p, s->words[i], s->words[i + 1]);
}
