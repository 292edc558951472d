package cron

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Quarter is what cron counts in: a job runs at most once in each.
const Quarter = 15 * time.Minute

// QuarterOf gives the beginning of the quarter of an hour that a moment is in, in UTC. No rule knows another time zone, nor
// summer time.
func QuarterOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute()/15*15, 0, 0, time.UTC)
}

// Time says which quarters fit. A field of -1 fits all.
type Time struct {
	Month   int // 1 to 12
	Day     int // of the month, 1 to 31
	Weekday int // 0 for Sunday to 6
	Hour    int // 0 to 23
	Minute  int // 0, 15, 30 or 45
}

// Any fits every quarter.
var Any = Time{-1, -1, -1, -1, -1}

// Fits says whether a quarter of an hour fits: all fields do. The quarter is one that [QuarterOf] gives.
func (t Time) Fits(quarter time.Time) bool {
	return t.fitsDay(quarter) && (t.Hour == -1 || t.Hour == quarter.Hour()) && (t.Minute == -1 || t.Minute == quarter.Minute())
}

// fitsDay says whether the day of a moment fits.
func (t Time) fitsDay(day time.Time) bool {
	return (t.Month == -1 || t.Month == int(day.Month())) && (t.Day == -1 || t.Day == day.Day()) && (t.Weekday == -1 || t.Weekday == int(day.Weekday()))
}

// firstOn gives the first quarter that fits on the day that begins at day, not before the quarter from.
func (t Time) firstOn(day, from time.Time) (time.Time, bool) {
	if !t.fitsDay(day) {
		return time.Time{}, false
	}
	start := 0
	if from.After(day) {
		start = int(from.Sub(day) / Quarter)
	}
	for q := start; q < int(24*time.Hour/Quarter); q++ {
		if at := day.Add(time.Duration(q) * Quarter); t.Fits(at) {
			return at, true
		}
	}
	return time.Time{}, false
}

// String says when that is, as people do: "10:00 on Mondays".
func (t Time) String() string {
	clock := ""
	switch {
	case t.Hour >= 0 && t.Minute >= 0:
		clock = fmt.Sprintf("%02d:%02d", t.Hour, t.Minute)
	case t.Hour >= 0:
		clock = fmt.Sprintf("%02d:00, %02d:15, %02d:30 and %02d:45", t.Hour, t.Hour, t.Hour, t.Hour)
	case t.Minute >= 0:
		clock = fmt.Sprintf("every hour at :%02d", t.Minute)
	default:
		clock = "every quarter of an hour"
	}
	var days []string
	if t.Weekday >= 0 {
		days = append(days, time.Weekday(t.Weekday).String()+"s")
	}
	if t.Day >= 0 {
		days = append(days, fmt.Sprintf("day %d of the month", t.Day))
	}
	out := clock
	if len(days) > 0 {
		out += " on " + strings.Join(days, " that are ")
	}
	if t.Month >= 0 {
		out += " in " + time.Month(t.Month).String()
	}
	return out
}

// horizon is how far [Next] looks ahead. A weekday falls on the 29th of February after 40 years at most, across a century
// without a leap day; what does not fit until then never does.
const horizon = 41 * 366

// Next gives the first quarter at or after a moment that fits one of the times, and whether there ever is one.
func Next(times []Time, after time.Time) (time.Time, bool) {
	from := QuarterOf(after)
	if from.Before(after) {
		from = from.Add(Quarter)
	}
	day := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, time.UTC)
	for range horizon {
		var found []time.Time
		for _, t := range times {
			if at, ok := t.firstOn(day, from); ok {
				found = append(found, at)
			}
		}
		if len(found) > 0 {
			return slices.MinFunc(found, time.Time.Compare), true
		}
		day = day.AddDate(0, 0, 1)
	}
	return time.Time{}, false
}
