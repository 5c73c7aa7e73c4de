/* SPDX-License-Identifier: BSD-3-Clause */
/* The Grafana dashboard of metrics.def. Used by the generator alone. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* JSON that Grafana (8.0 and later) imports. False when there is no memory. */
bool cgn_dashboard_write(FILE *out);
