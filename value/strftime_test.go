package value

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDatesInFormats(t *testing.T) {
	date := NewDate(time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC))
	naive := NewTime(time.Date(2001, 12, 14, 21, 59, 43, 100_000_000, time.UTC))
	aware := NewTime(time.Date(2001, 12, 14, 21, 59, 43, 0, time.FixedZone("", -5*3600)))
	look := func(name string) (Value, bool) {
		v, ok := map[string]Value{"d": date, "n": naive, "a": aware}[name]
		return v, ok
	}
	for format, want := range map[string]string{ // what Python 3.11 gives
		"{d:%Y} {d:%d/%m/%y} {d.year} {d.month} {d.day}":      "2024 02/01/24 2024 1 2",
		"{n:%H:%M:%S.%f} {n.hour} {n.minute} {n.microsecond}": "21:59:43.100000 21 59 100000",
		"{n:%I %p %a %A %b %B %j %U %W %G-%V %u %w %%}":       "09 PM Fri Friday Dec December 348 49 50 2001-50 5 5 %",
		"[{n:%z%Z}] {a:%z}": "[] -0500",
		"{d:%F %T}":         "2024-01-02 00:00:00",
	} {
		got, err := Format(format, look)
		require.NoError(t, err, format)
		assert.Equal(t, want, got, format)
	}
	for _, format := range []string{"{d:%Q}", "{d.hour}", "{n.nothing}"} {
		_, err := Format(format, look)
		assert.Error(t, err, format)
	}
}
