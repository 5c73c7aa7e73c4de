/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates of a test, made by GnuTLS, as PEM files in the folder it is in. */
#pragma once

#include <gnutls/x509.h>
#include <stdbool.h>

struct cert {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

/* A temporary folder, entered; certs_end leaves nothing of it. */
void certs_begin(void);
void certs_end(void);

/* Writes NAME.pem and NAME.key. issuer NULL: a CA that signs itself. host: a DNS name or an address
 * that it is for; NULL: none. until_s: from now, negative: it has ended. */
struct cert cert_make(const char *name, const struct cert *issuer, const char *host, int until_s);
void cert_free(struct cert *cert);

/* The whole path of a file there, in static memory for 8 calls. */
const char *cert_path(const char *file);
