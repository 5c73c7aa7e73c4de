/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of lib/net/ftp: the first byte says who speaks, the rest is a segment's text. What is
 * found lies in the text, and what is written in its place is found again there. Memory is exact,
 * so that the sanitizer watches every read.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ftp.h"
#include "fuzz.h"

enum { ADDR = 0xcb007111, PORT = 40000 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cgn_ftp_end end, again;
	char fresh[CGN_FTP_TEXT];
	uint8_t *text, *edited;
	bool is_server;
	uint32_t len, n;

	if (size < 2 || size > 4096)
		return 0;
	is_server = data[0] & 1;
	len = (uint32_t)size - 1;
	text = malloc(len);
	edited = malloc(len + CGN_FTP_TEXT);
	CHECK(text != NULL && edited != NULL);
	memcpy(text, data + 1, len);
	if (cgn_ftp_find(text, len, is_server, &end)) {
		CHECK(end.len > 0 && end.at < len && end.len < len - end.at && end.port != 0);
		n = cgn_ftp_write(&end, ADDR, PORT, fresh);
		CHECK(n > 0 && n <= CGN_FTP_TEXT);
		memcpy(edited, text, end.at);
		memcpy(edited + end.at, fresh, n);
		memcpy(edited + end.at + n, text + end.at + end.len, len - end.at - end.len);
		CHECK(cgn_ftp_find(edited, len - end.len + n, is_server, &again));
		CHECK(again.at == end.at && again.len == n && again.port == PORT);
		CHECK(again.addr == (end.form == CGN_FTP_EPSV ? 0 : ADDR));
	}
	free(text);
	free(edited);
	return 0;
}
