/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The text of an FTP control connection that names an address and port for a data connection:
 * PORT (RFC 959 section 4.1.2) and EPRT (RFC 2428 section 2) of clients, the replies 227 (RFC 959)
 * and 229 (RFC 2428 section 3) of servers. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum cgn_ftp_form { CGN_FTP_PORT, CGN_FTP_EPRT, CGN_FTP_PASV, CGN_FTP_EPSV };

/* Longest text in the place of the old one, without a final zero: an EPRT with its address. */
enum { CGN_FTP_TEXT = 32 };

struct cgn_ftp_end {
	enum cgn_ftp_form form;
	uint32_t at, len; /* the bytes that say address and port */
	uint32_t addr;    /* host order; EPSV, which says none: 0 */
	uint16_t port;    /* host order, not 0 */
	char delimiter;   /* EPRT, EPSV */
};

/*
 * The first whole line (to its line feed) of the text that names an end, commands or replies; false
 * when there is none. text begins at the beginning of a line.
 */
bool cgn_ftp_find(const uint8_t *text, uint32_t len, bool is_server, struct cgn_ftp_end *end);

/* Another address and port in the form of end; returns the length of out. */
uint32_t cgn_ftp_write(
	const struct cgn_ftp_end *end, uint32_t addr, uint16_t port, char out[CGN_FTP_TEXT]);
