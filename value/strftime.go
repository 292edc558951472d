package value

import (
	"fmt"
	"strings"
	"time"
)

// layouts are the verbs of Python's strftime that have a layout in Go.
var layouts = map[byte]string{
	'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'I': "03", 'p': "PM",
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'h': "Jan", 'B': "January", 'F': "2006-01-02", 'T': "15:04:05", 'D': "01/02/06", 'R': "15:04",
	'j': "002", 'e': "_2", 'c': "Mon Jan _2 15:04:05 2006", 'x': "01/02/06", 'X': "15:04:05",
}

// strftime writes a date or a time in a format of Python's strftime, and gives what does not fit, or "".
func strftime(t time.Time, format string, naive bool) (string, string) {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		if i++; i == len(format) {
			b.WriteByte('%')
			break
		}
		switch verb := format[i]; verb {
		case '%', 'n', 't':
			b.WriteByte(map[byte]byte{'%': '%', 'n': '\n', 't': '\t'}[verb])
		case 'f':
			fmt.Fprintf(&b, "%06d", t.Nanosecond()/1000)
		case 'u':
			fmt.Fprint(&b, (int(t.Weekday())+6)%7+1)
		case 'w':
			fmt.Fprint(&b, int(t.Weekday()))
		case 's':
			fmt.Fprint(&b, t.Unix())
		case 'G', 'V':
			year, week := t.ISOWeek()
			if verb == 'G' {
				fmt.Fprint(&b, year)
			} else {
				fmt.Fprintf(&b, "%02d", week)
			}
		case 'U':
			fmt.Fprintf(&b, "%02d", (t.YearDay()+6-int(t.Weekday()))/7)
		case 'W':
			fmt.Fprintf(&b, "%02d", (t.YearDay()+6-(int(t.Weekday())+6)%7)/7)
		case 'z':
			if !naive {
				b.WriteString(t.Format("-0700"))
			}
		case 'Z':
			switch {
			case naive:
			case t.Format("-0700") == "+0000":
				b.WriteString("UTC")
			default:
				b.WriteString("UTC" + t.Format("-07:00"))
			}
		default:
			layout, ok := layouts[verb]
			if !ok {
				return "", fmt.Sprintf("unknown directive %q in the format %q for dates", "%"+string(verb), format)
			}
			b.WriteString(t.Format(layout))
		}
	}
	return b.String(), ""
}

// dateAttribute gives an attribute that Python's dates and times have, and whether there is one.
func dateAttribute(v Value, name string) (Value, bool) {
	t, ok := v.AsTime()
	if !ok {
		return Value{}, false
	}
	switch name {
	case "year":
		return NewInt(int64(t.Year())), true
	case "month":
		return NewInt(int64(t.Month())), true
	case "day":
		return NewInt(int64(t.Day())), true
	}
	if v.Kind() == Date {
		return Value{}, false
	}
	switch name {
	case "hour":
		return NewInt(int64(t.Hour())), true
	case "minute":
		return NewInt(int64(t.Minute())), true
	case "second":
		return NewInt(int64(t.Second())), true
	case "microsecond":
		return NewInt(int64(t.Nanosecond() / 1000)), true
	}
	return Value{}, false
}
