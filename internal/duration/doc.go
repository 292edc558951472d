// Package duration reads durations such as "14 days" and counts them from a moment.
//
//	seconds, err := duration.Parse("1 day")          // 86400
//	text, err := duration.FromNow(now, "2 hours")    // 2026-01-02T03:04:05.678Z
//
// A duration is a whole number and a unit, found anywhere in the text. A month has 30 days, a year 365; there are no
// weeks. These are the rules of the reference, whose limits hold too: 999,999,999 days, and the year 9999 for a moment.
//
// Errors are *[diag.Diagnostic] with the code [diag.BadDuration] and without position.
package duration
