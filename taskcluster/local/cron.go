package local

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// schedule is when a hook fires: five fields, or six with seconds in front, in UTC.
type schedule struct {
	second, minute, hour, day, month, weekday []int // sorted
	anyDay, anyWeekday                        bool
}

var cronAliases = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@hourly": "0 * * * *",
}

var (
	monthNames = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	dayNames   = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
)

// parseSchedule reads a schedule.
func parseSchedule(text string) (*schedule, error) {
	if alias := cronAliases[text]; alias != "" {
		text = alias
	}
	fields := strings.Fields(strings.ToLower(text))
	if len(fields) == 5 {
		fields = append([]string{"0"}, fields...)
	}
	if len(fields) != 6 {
		return nil, fmt.Errorf("a schedule has 5 or 6 fields, not %d", len(fields))
	}
	s := &schedule{anyDay: fields[3] == "*" || fields[3] == "?", anyWeekday: fields[5] == "*" || fields[5] == "?"}
	for i, f := range []struct {
		to       *[]int
		low, top int
		names    []string
	}{
		{&s.second, 0, 59, nil}, {&s.minute, 0, 59, nil}, {&s.hour, 0, 23, nil}, {&s.day, 1, 31, nil},
		{&s.month, 1, 12, monthNames}, {&s.weekday, 0, 7, dayNames},
	} {
		values, err := cronField(fields[i], f.low, f.top, f.names)
		if err != nil {
			return nil, err
		}
		*f.to = values
	}
	for i, d := range s.weekday {
		if d == 7 {
			s.weekday[i] = 0
		}
	}
	if !s.possible() {
		return nil, fmt.Errorf("%q never comes", text)
	}
	return s, nil
}

// possible says whether there is such a day at all.
func (s *schedule) possible() bool {
	if !s.anyWeekday {
		return true
	}
	for _, m := range s.month {
		// The longest that the month can be.
		if s.day[0] <= time.Date(2024, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day() {
			return true
		}
	}
	return false
}

func cronField(text string, low, top int, names []string) ([]int, error) {
	number := func(s string) (int, error) {
		if i := slices.Index(names, s); i >= 0 {
			return i + low, nil
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > top {
			return 0, fmt.Errorf("%q is not between %d and %d", s, low, top)
		}
		return n, nil
	}
	found := map[int]bool{}
	for part := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			n, err := strconv.Atoi(stepText)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("%q is no step", stepText)
			}
			step = n
		}
		first, last := low, top
		if span != "*" && span != "?" {
			from, to, ranged := strings.Cut(span, "-")
			var err error
			if first, err = number(from); err != nil {
				return nil, err
			}
			switch {
			case ranged:
				if last, err = number(to); err != nil {
					return nil, err
				}
			case !stepped:
				last = first
			}
			if last < first {
				return nil, fmt.Errorf("%q goes backwards", span)
			}
		}
		for n := first; n <= last; n += step {
			found[n] = true
		}
	}
	return sortedKeys(found), nil
}

// next gives the first time after another at which the schedule fires.
func (s *schedule) next(after time.Time) time.Time {
	t := after.UTC().Truncate(time.Second).Add(time.Second)
	for range 366 * 50 { // days; leap years come at least every eight years
		if !s.onDay(t) {
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
			continue
		}
		for _, h := range s.hour {
			for _, m := range s.minute {
				for _, sec := range s.second {
					at := time.Date(t.Year(), t.Month(), t.Day(), h, m, sec, 0, time.UTC)
					if !at.Before(t) {
						return at
					}
				}
			}
		}
		t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
	}
	return never
}

// never is when a hook without a schedule fires.
var never = time.Date(4000, 2, 1, 0, 0, 0, 0, time.UTC)

// onDay says whether the schedule fires on a day. Where both kinds of days are restricted, either is enough.
func (s *schedule) onDay(t time.Time) bool {
	if !slices.Contains(s.month, int(t.Month())) {
		return false
	}
	day, weekday := slices.Contains(s.day, t.Day()), slices.Contains(s.weekday, int(t.Weekday()))
	switch {
	case s.anyDay:
		return weekday
	case s.anyWeekday:
		return day
	}
	return day || weekday
}

// nextFire gives the first time of several schedules after another.
func nextFire(patterns []string, after time.Time) time.Time {
	first := never
	for _, p := range patterns {
		if s, err := parseSchedule(p); err == nil {
			if at := s.next(after); at.Before(first) {
				first = at
			}
		}
	}
	return first
}
