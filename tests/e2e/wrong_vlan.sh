#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A frame on the trunk belongs to tenant b only with exactly VID 102; anything else gets nowhere.
. "$(dirname "$0")/_lib.sh"

frames wrong_vlan
