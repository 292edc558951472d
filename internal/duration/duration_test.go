package duration

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/pycheck"
)

func TestParse(t *testing.T) {
	for s, want := range map[string]int64{
		"1second": 1, "100 seconds": 100, "3  s": 3,
		"4minute": 240, "5 minutes": 300, "6  min": 360,
		"7hour": 7 * 3600, "8 hours": 8 * 3600, "9 h": 9 * 3600,
		"10day": 10 * day, "14 days": 14 * day, "12 d": 12 * day,
		"1 month": 30 * day, "2 months": 60 * day, "1mo": 30 * day,
		"1 year": 365 * day, "2 years": 730 * day, "1y": 365 * day,
		"0 days": 0, "007 days": 7 * day,
		" 1 day ": day, "about 2 days or so": 2 * day, "-3 days": 3 * day,
		"1 2 days": 2 * day, "1.2. 3 days": 3 * day, "1, 4 h": 4 * 3600,
		"1000 years": 1000 * 365 * day,
		"٣ days":     3 * day, "１２h": 12 * 3600, "𝟙𝟡 s": 19,
		"999999999 days": most * day, "86399999999999 s": most*day + day - 1,
	} {
		got, err := Parse(s)
		assert.NoError(t, err, s)
		assert.Equal(t, want, got, s)
	}
}

func TestParseErrors(t *testing.T) {
	for s, want := range map[string]string{
		"":                 `"" holds no duration`,
		"tomorrow":         `"tomorrow" holds no duration`,
		"1 Day":            `"1 Day" holds no duration`,
		"1\tday":           `holds no duration`,
		"day 1":            `holds no duration`,
		"1 week":           `unknown unit "week" in the duration "1 week"`,
		"1 dayx":           `unknown unit "dayx"`,
		"1w 2 days":        `unknown unit "w"`,
		"1.5 days":         `"1.5" is no whole number in the duration "1.5 days"`,
		".5 days":          `".5" is no whole number`,
		"1.2.3d":           `"2.3" is no whole number`,
		"1000000000 days":  `is too long`,
		"33333334 months":  `is too long`,
		"86400000000000 s": `is too long`,
		"99999999999999999999999999999999999999 s": `is too long`,
	} {
		_, err := Parse(s)
		require.Error(t, err, s)
		d := diag.Flatten(err)[0]
		assert.Equal(t, diag.BadDuration, d.Code)
		assert.Contains(t, d.Message, want)
		assert.NotEmpty(t, d.Hint)
	}
	_, err := Parse("1 dais")
	assert.Contains(t, diag.Flatten(err)[0].Hint, `did you mean "days"?`)
}

func TestFromNow(t *testing.T) {
	now := time.Date(2026, 2, 28, 23, 59, 59, 987_654_321, time.FixedZone("", 3600))
	for s, want := range map[string]string{
		"0 s":       "2026-02-28T22:59:59.987Z",
		"1 day":     "2026-03-01T22:59:59.987Z",
		"1 year":    "2027-02-28T22:59:59.987Z",
		"292 years": "2317-12-20T22:59:59.987Z",
	} {
		got, err := FromNow(now, s)
		require.NoError(t, err)
		assert.Equal(t, want, got, s)
	}
	for _, s := range []string{"8000 years", "999999999 days", "x"} {
		_, err := FromNow(now, s)
		require.Error(t, err)
		assert.Equal(t, diag.BadDuration, diag.Flatten(err)[0].Code)
	}
}

func FuzzDuration(f *testing.F) {
	for _, s := range []string{"14 days", "about 2 days or so", "1.2.3d", ".5 h", "٣ mo", "1000 years", "1 week", "99999999999 d"} {
		f.Add(s)
	}
	py := pycheck.Start(f, `
import datetime, re
days = {"d": 1, "day": 1, "days": 1, "mo": 30, "month": 30, "months": 30, "y": 365, "year": 365, "years": 365}
seconds = {"s": 1, "second": 1, "seconds": 1, "min": 60, "minute": 60, "minutes": 60, "h": 3600, "hour": 3600, "hours": 3600}
def answer(text):
    number, unit = re.search(r"((?:\d+)?\.?\d+) *([a-z]+)", text).groups()
    if unit in days:
        delta = datetime.timedelta(days=int(number) * days[unit])
    else:
        delta = datetime.timedelta(seconds=int(number) * seconds[unit])
    return delta.days * 86400 + delta.seconds
`)
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 1000 || strings.ToValidUTF8(s, "") != s {
			Parse(s)
			return
		}
		got, err := Parse(s)
		want, pyErr := py.Ask(s)
		if pyErr != nil {
			require.True(t, pycheck.IsException(pyErr), pyErr)
			require.Error(t, err, "python3 says %v", pyErr)
			return
		}
		require.NoError(t, err)
		require.EqualValues(t, want, got)
	})
}

func BenchmarkFromNow(b *testing.B) {
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		FromNow(now, "14 days")
	}
}
