/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/net/ftp: what names an end, what does not, and what is written instead. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "ftp.h"

enum { INSIDE = 0x6440000a, OUTSIDE = 0xcb007111 };

/* The text with its end replaced by 203.0.113.17:40000, or "-". */
static const char *
rewrite(const char *text, bool is_server)
{
	static char out[512];
	struct cgn_ftp_end end;
	char fresh[CGN_FTP_TEXT];
	uint32_t n;

	if (!cgn_ftp_find((const uint8_t *)text, (uint32_t)strlen(text), is_server, &end))
		return "-";
	cr_expect_eq(end.port, 5001, "%s", text);
	cr_expect_eq(end.addr, end.form == CGN_FTP_EPSV ? 0 : INSIDE, "%s", text);
	n = cgn_ftp_write(&end, OUTSIDE, 40000, fresh);
	snprintf(out, sizeof(out), "%.*s%.*s%s", (int)end.at, text, (int)n, fresh,
		text + end.at + end.len);
	return out;
}

Test(ftp, commands_are_rewritten)
{
	cr_expect_str_eq(
		rewrite("PORT 100,64,0,10,19,137\r\n", false), "PORT 203,0,113,17,156,64\r\n");
	cr_expect_str_eq(
		rewrite("port  100,64,0,10,19,137 \n", false), "port  203,0,113,17,156,64 \n");
	cr_expect_str_eq(rewrite("TYPE I\r\nPORT 100,64,0,10,19,137\r\nRETR x\r\n", false),
		"TYPE I\r\nPORT 203,0,113,17,156,64\r\nRETR x\r\n");
	cr_expect_str_eq(
		rewrite("EPRT |1|100.64.0.10|5001|\r\n", false), "EPRT |1|203.0.113.17|40000|\r\n");
	cr_expect_str_eq(
		rewrite("eprt !1!100.64.0.10!5001!\r\n", false), "eprt !1!203.0.113.17!40000!\r\n");
}

Test(ftp, replies_are_rewritten)
{
	cr_expect_str_eq(rewrite("227 Entering Passive Mode (100,64,0,10,19,137).\r\n", true),
		"227 Entering Passive Mode (203,0,113,17,156,64).\r\n");
	cr_expect_str_eq(
		rewrite("227 =100,64,0,10,19,137\r\n", true), "227 =203,0,113,17,156,64\r\n");
	cr_expect_str_eq(rewrite("227 Mode 2 is 100,64,0,10,19,137\r\n", true),
		"227 Mode 2 is 203,0,113,17,156,64\r\n");
	cr_expect_str_eq(rewrite("229 Entering Extended Passive Mode (|||5001|)\r\n", true),
		"229 Entering Extended Passive Mode (|||40000|)\r\n");
}

Test(ftp, other_texts_are_left_alone)
{
	static const char *const commands[] = {"PORT 100,64,0,10,19,137", "PORT", "PORT \r\n",
		"PORT 100,64,0,10,19\r\n", "PORT 100,64,0,10,19,256\r\n",
		"PORT 100,64,0,10,19,137,1\r\n", "PORT 100,64,0,10,0,0\r\n",
		"XPORT 1,2,3,4,5,6\r\n", "PORT 99999999999999999999,64,0,10,19,137\r\n",
		"PORT 100.64.0.10.19.137\r\n", "EPRT |2|::1|5001|\r\n",
		"EPRT |1|100.64.0.10|5001\r\n", "EPRT |1|100.64.0.10|70000|\r\n",
		"EPRT 110.1.1.1.1 5001 \r\n", "RETR PORT 1\r\n", "PORT 100,64,0,10,19,137 x\r\n",
		"", "\n\n\n", "227 Entering Passive Mode (100,64,0,10,19,137).\r\n"};
	static const char *const replies[] = {"227-Entering (100,64,0,10,19,137)\r\n",
		"226 (100,64,0,10,19,137)\r\n", "227 Entering (100,64,0,10,19)\r\n",
		"229 Entering (|||5001)\r\n", "229 Entering |||5001|\r\n", "229 (|||0|)\r\n",
		"229 (||1|5001|)\r\n", "227", "PORT 100,64,0,10,19,137\r\n"};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		cr_expect_str_eq(rewrite(commands[i], false), "-", "%s", commands[i]);
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
		cr_expect_str_eq(rewrite(replies[i], true), "-", "%s", replies[i]);
}

Test(ftp, the_longest_text_fits)
{
	struct cgn_ftp_end end = {.form = CGN_FTP_EPRT, .delimiter = '|'};
	char out[CGN_FTP_TEXT];

	cr_expect_leq(cgn_ftp_write(&end, 0xffffffff, 65535, out), CGN_FTP_TEXT);
	end.form = CGN_FTP_PORT;
	cr_expect_leq(cgn_ftp_write(&end, 0xffffffff, 65535, out), CGN_FTP_TEXT);
}
