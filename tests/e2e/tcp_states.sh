#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# TCP through the whole box: simultaneous open, half-close, TIME_WAIT reuse, and forged segments that end
# nothing (RFC 5382 REQ-2, RFC 7857 section 2).
. "$(dirname "$0")/_lib.sh"

check "TCP in odd sequences, and a forger" /usr/bin/python3 "$E2E/_tcp_states.py"
finish
