#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# An inside packet counts only with the address assigned to its sender's attachment, and an inside
# address that arrives on the WAN is worth nothing.
. "$(dirname "$0")/_lib.sh"

frames spoofed_source
