package value

import (
	"fmt"
	"strconv"
	"time"
)

// looksTimestamp says whether s is 2001-12-14, or a timestamp with a time. Without a time month and day have two digits.
func looksTimestamp(s string) bool {
	if len(s) < 8 || s[4] != '-' {
		return false
	}
	t, ok := splitTimestamp(s)
	return ok && (t.timed || len(s) == len("2001-12-14"))
}

// timestamp holds the fields of a timestamp as they are written.
type timestamp struct {
	year, month, day     int
	timed                bool
	hour, minute, second int
	fraction             string
	zoned                bool
	offset               time.Duration
}

// number cuts a number of least to most digits off s.
func number(s *string, least, most int) (n int, ok bool) {
	i := 0
	for ; i < most && i < len(*s) && (*s)[i] >= '0' && (*s)[i] <= '9'; i++ {
		n = n*10 + int((*s)[i]-'0')
	}
	*s = (*s)[i:]
	return n, i >= least
}

func cut(s *string, c byte) bool {
	if *s == "" || (*s)[0] != c {
		return false
	}
	*s = (*s)[1:]
	return true
}

// splitTimestamp reads the forms that PyYAML reads:
//
//	2001-12-14   2001-12-14T21:59:43.10-05:00   2001-12-14 21:59:43 Z
func splitTimestamp(s string) (t timestamp, ok bool) {
	var y, m, d bool
	t.year, y = number(&s, 4, 4)
	if !y || !cut(&s, '-') {
		return t, false
	}
	t.month, m = number(&s, 1, 2)
	if !m || !cut(&s, '-') {
		return t, false
	}
	if t.day, d = number(&s, 1, 2); !d || s == "" {
		return t, d
	}
	t.timed = true
	if !cut(&s, 'T') && !cut(&s, 't') {
		rest := skipAll(s, " \t")
		if rest == s {
			return t, false
		}
		s = rest
	}
	t.hour, y = number(&s, 1, 2)
	y = y && cut(&s, ':')
	t.minute, m = number(&s, 2, 2)
	m = m && cut(&s, ':')
	t.second, d = number(&s, 2, 2)
	if !y || !m || !d {
		return t, false
	}
	if cut(&s, '.') {
		rest := skipAll(s, decimal)
		t.fraction, s = s[:len(s)-len(rest)], rest
	}
	if s == "" {
		return t, true
	}
	s = skipAll(s, " \t")
	t.zoned = true
	if s == "Z" {
		return t, true
	}
	west := cut(&s, '-')
	if !west && !cut(&s, '+') {
		return t, false
	}
	h, ok := number(&s, 1, 2)
	minutes := 0
	if ok && cut(&s, ':') {
		minutes, ok = number(&s, 2, 2)
	}
	t.offset = time.Duration(h)*time.Hour + time.Duration(minutes)*time.Minute
	if west {
		t.offset = -t.offset
	}
	return t, ok && s == ""
}

// value gives the timestamp, or why there is none.
func (t *timestamp) value() (Value, string) {
	if t.year < 1 || t.month < 1 || t.month > 12 || t.day < 1 || t.day > daysIn(t.year, t.month) {
		return Value{}, "there is no such day in the calendar"
	}
	if !t.timed {
		return NewDate(time.Date(t.year, time.Month(t.month), t.day, 0, 0, 0, 0, time.UTC)), ""
	}
	if t.hour > 23 || t.minute > 59 || t.second > 59 {
		return Value{}, "there is no such time of day"
	}
	zone := time.UTC
	if t.zoned {
		if t.offset <= -24*time.Hour || t.offset >= 24*time.Hour {
			return Value{}, "the offset from UTC must be less than 24 hours"
		}
		zone = time.FixedZone(zoneName(t.offset), int(t.offset/time.Second))
	}
	micros, _ := strconv.Atoi((t.fraction + "000000")[:6])
	return NewTime(time.Date(t.year, time.Month(t.month), t.day, t.hour, t.minute, t.second, micros*1000, zone)), ""
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// zoneName gives the offset as Python writes it.
func zoneName(offset time.Duration) string {
	sign, minutes := '+', int(offset/time.Minute)
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	return fmt.Sprintf("%c%02d:%02d", sign, minutes/60, minutes%60)
}

// FormatTime writes a timestamp or a date as Python's str does. A time in [time.UTC] is one that was written without
// zone; the YAML reader gives any other, "Z" among them, a zone of its own.
func FormatTime(v Value) string {
	t, _ := v.AsTime()
	if v.Kind() == Date {
		return t.Format("2006-01-02")
	}
	text := t.Format("2006-01-02 15:04:05")
	if micros := t.Nanosecond() / 1000; micros != 0 {
		text += fmt.Sprintf(".%06d", micros)
	}
	if t.Location() != time.UTC {
		_, seconds := t.Zone()
		text += zoneName(time.Duration(seconds) * time.Second)
	}
	return text
}
