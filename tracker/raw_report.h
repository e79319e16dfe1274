/* raw_report.h - the text report without the tool: the same lines, frames without names. Exit only. */
#ifndef TRACKER_RAW_REPORT_H
#define TRACKER_RAW_REPORT_H

#include "tracker/findings.h"

/* Writes it to `descriptor`. `verdict_missing`: strict or exitcode would have needed the tool's verdict. */
void raw_report(struct findings *findings, int descriptor, bool verdict_missing);

/* Any context. Who held the descriptors when they became short, the largest sites of it. */
void raw_report_shortage(enum record_shortage_kind kind, int descriptor);

#endif
