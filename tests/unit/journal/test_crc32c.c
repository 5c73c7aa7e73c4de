/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/journal/crc32c against the examples of RFC 7143 appendix A.4. */
#include "crc32c.h"

#include <string.h>

#include <criterion/criterion.h>

Test(crc32c, the_check_string_has_its_checksum)
{
	cr_expect_eq(cgn_crc32c(0, "123456789", 9), 0xe3069283);
}

Test(crc32c, nothing_has_the_checksum_0)
{
	cr_expect_eq(cgn_crc32c(0, "", 0), 0);
}

Test(crc32c, the_blocks_of_rfc_7143_have_their_checksums)
{
	uint8_t zeros[32] = {0}, ones[32], up[32], down[32];

	memset(ones, 0xff, sizeof(ones));
	for (uint8_t i = 0; i < 32; i++) {
		up[i] = i;
		down[i] = (uint8_t)(31 - i);
	}
	cr_expect_eq(cgn_crc32c(0, zeros, 32), 0x8a9136aa);
	cr_expect_eq(cgn_crc32c(0, ones, 32), 0x62a8ab43);
	cr_expect_eq(cgn_crc32c(0, up, 32), 0x46dd794e);
	cr_expect_eq(cgn_crc32c(0, down, 32), 0x113fdb5c);
}

Test(crc32c, pieces_add_up_to_the_whole)
{
	uint32_t crc = cgn_crc32c(0, "1234", 4);

	cr_expect_eq(cgn_crc32c(crc, "56789", 5), 0xe3069283);
}
