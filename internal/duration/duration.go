package duration

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/diag"
)

const day = 24 * 60 * 60

// most is the number of days that Python's timedelta can hold.
const most = 999_999_999

// units gives the seconds of a unit, by all its names.
var units = map[string]int64{
	"s": 1, "second": 1, "seconds": 1,
	"min": 60, "minute": 60, "minutes": 60,
	"h": 60 * 60, "hour": 60 * 60, "hours": 60 * 60,
	"d": day, "day": day, "days": day,
	"mo": 30 * day, "month": 30 * day, "months": 30 * day,
	"y": 365 * day, "year": 365 * day, "years": 365 * day,
}

const hint = "a whole number and a unit: seconds, minutes, hours, days, months (30 days) or years (365 days)"

// Parse gives the seconds of the first duration in a text.
func Parse(s string) (int64, error) {
	number, unit, ok := find(s)
	if !ok {
		return 0, diag.Errorf(diag.BadDuration, 0, "%q holds no duration", s).WithHint("want %s, such as \"14 days\"", hint)
	}
	size, ok := units[unit]
	if !ok {
		return 0, diag.Errorf(diag.BadDuration, 0, "unknown unit %q in the duration %q", unit, s).WithHint("%s", diag.DidYouMean(unit, slices.Collect(maps.Keys(units))))
	}
	if strings.Contains(number, ".") {
		return 0, diag.Errorf(diag.BadDuration, 0, "%q is no whole number in the duration %q", number, s).WithHint("want %s", hint)
	}
	var n int64
	for _, r := range number {
		n = n*10 + digit(r)
		if n > (most+1)*day {
			n = (most + 1) * day // too long in any unit
		}
	}
	if n > (most*day+day-1)/size {
		return 0, diag.Errorf(diag.BadDuration, 0, "the duration %q is too long", s).WithHint("at most %d days", most)
	}
	return n * size, nil
}

// find gives the first number with lower-case letters behind it, spaces allowed between them. A number may have a
// part behind a dot, or be nothing else: the reference looks for these, only to refuse them.
func find(s string) (number, unit string, ok bool) {
	for i := 0; i < len(s); {
		digits := span(s[i:], isDigit)
		end := i + digits
		if end < len(s) && s[end] == '.' {
			if fraction := span(s[end+1:], isDigit); fraction > 0 {
				if unit := unitAt(s[end+1+fraction:]); unit != "" {
					return s[i : end+1+fraction], unit, true
				}
			}
		}
		if digits == 0 {
			_, size := utf8.DecodeRuneInString(s[i:])
			i += size
			continue
		}
		if unit := unitAt(s[end:]); unit != "" {
			return s[i:end], unit, true
		}
		i = end
	}
	return "", "", false
}

func unitAt(s string) string {
	s = strings.TrimLeft(s, " ")
	return s[:span(s, func(r rune) bool { return r >= 'a' && r <= 'z' })]
}

// span gives the length of the longest start of s whose characters all fulfil a condition.
func span(s string, is func(rune) bool) int {
	for i, r := range s {
		if !is(r) {
			return i
		}
	}
	return len(s)
}

func isDigit(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= '0' && r <= '9'
	}
	return unicode.Is(unicode.Nd, r)
}

// digit gives the value of a decimal digit of any script. Unicode keeps the ten of a script together, in order.
func digit(r rune) int64 {
	if r < utf8.RuneSelf {
		return int64(r - '0')
	}
	for _, t := range unicode.Nd.R16 {
		if r <= rune(t.Hi) {
			return int64(r-rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r <= rune(t.Hi) {
			return int64(r-rune(t.Lo)) % 10
		}
	}
	return 0
}

// FromNow gives the moment that a duration lies after now, in the form of Taskcluster: UTC with milliseconds.
func FromNow(now time.Time, s string) (string, error) {
	seconds, err := Parse(s)
	if err != nil {
		return "", err
	}
	now = now.UTC()
	then := time.Unix(now.Unix()+seconds, int64(now.Nanosecond())).UTC()
	if then.Year() > 9999 {
		return "", diag.Errorf(diag.BadDuration, 0, "the duration %q ends after the year 9999", s).WithHint("at most %d years from now on", max(0, 9999-now.Year()))
	}
	return Format(then), nil
}

// Format writes a moment in the form of Taskcluster. What is below a millisecond is cut off.
func Format(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
