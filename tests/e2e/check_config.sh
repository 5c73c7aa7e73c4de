#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# cgnatd --check: each bad file of tests/conf is refused with the messages that it expects, and with
# no others; each good one is taken, each of warn.* with its warnings, and so is each example of config/.
E2E_NO_LAB=1
. "$(dirname "$0")/_lib.sh"

frames check_config
