package jsone

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/taskgraph-go/decision/value"
)

// Function is one that expressions can call. It gets its arguments, which are read-only.
type Function func(args []value.Value) (value.Value, error)

// function is a function with its name.
type function struct {
	name string
	call func(*call) (term, error)
}

// call is a function at work.
type call struct {
	e    *expression
	args []term
}

// injected makes a function of one from outside.
func injected(f Function) func(*call) (term, error) {
	return func(c *call) (term, error) {
		args := make([]value.Value, len(c.args))
		for i, a := range c.args {
			if a.fn != nil {
				return wrong, fmt.Errorf("%s cannot be an argument", describe(a))
			}
			args[i] = a.v
		}
		v, err := f(args)
		return c.e.give(v), err
	}
}

// want says how many arguments there must be.
func (c *call) want(least, most int) error {
	if n := len(c.args); n < least || most >= 0 && n > most {
		switch {
		case most < 0:
			return fmt.Errorf("want at least %d arguments, got %d", least, n)
		case least == most:
			return fmt.Errorf("want %d arguments, got %d", least, n)
		}
		return fmt.Errorf("want %d to %d arguments, got %d", least, most, n)
	}
	return nil
}

func (c *call) str(i int) (string, error) {
	s, ok := c.args[i].v.AsString()
	if !ok {
		return "", fmt.Errorf("want a string, got %s", describe(c.args[i]))
	}
	c.e.r.step(len(s)/chunk, c.e.place.Pos())
	return s, nil
}

func (c *call) number(i int) (float64, error) {
	f, ok := asNumber(c.args[i])
	if !ok {
		return 0, fmt.Errorf("want a number, got %s", describe(c.args[i]))
	}
	return f, nil
}

// text makes a function of one string.
func text(f func(string) string) func(*call) (term, error) {
	return func(c *call) (term, error) {
		if err := c.want(1, 1); err != nil {
			return wrong, err
		}
		s, err := c.str(0)
		if err != nil {
			return wrong, err
		}
		return c.e.give(value.NewString(f(s))), nil
	}
}

// arithmetic makes a function of one number.
func arithmetic(f func(float64) float64) func(*call) (term, error) {
	return func(c *call) (term, error) {
		if err := c.want(1, 1); err != nil {
			return wrong, err
		}
		x, err := c.number(0)
		if err != nil {
			return wrong, err
		}
		return c.e.give(number(f(x))), nil
	}
}

// extreme makes a function that chooses one of several numbers.
func extreme(better func(a, b float64) float64) func(*call) (term, error) {
	return func(c *call) (term, error) {
		if err := c.want(1, -1); err != nil {
			return wrong, err
		}
		best, err := c.number(0)
		for i := 1; i < len(c.args) && err == nil; i++ {
			var x float64
			x, err = c.number(i)
			best = better(best, x)
		}
		return c.e.give(number(best)), err
	}
}

var builtins = map[string]func(*call) (term, error){
	"min":       extreme(math.Min),
	"max":       extreme(math.Max),
	"sqrt":      arithmetic(math.Sqrt),
	"ceil":      arithmetic(math.Ceil),
	"floor":     arithmetic(math.Floor),
	"abs":       arithmetic(math.Abs),
	"lowercase": text(strings.ToLower),
	"uppercase": text(strings.ToUpper),
	"strip":     text(func(s string) string { return strings.TrimFunc(s, blank) }),
	"lstrip":    text(func(s string) string { return strings.TrimLeftFunc(s, blank) }),
	"rstrip":    text(func(s string) string { return strings.TrimRightFunc(s, blank) }),
	"range":     (*call).numbers,
	"str":       (*call).toString,
	"number":    (*call).toNumber,
	"len":       (*call).length,
	"split":     (*call).split,
	"join":      (*call).join,
	"fromNow":   (*call).fromNow,
	"typeof":    (*call).typeOf,
	"defined":   (*call).defined,
}

// blank says what JavaScript takes for white space.
func blank(r rune) bool { return unicode.IsSpace(r) && r != 0x85 || r == 0xfeff }

// numbers is range(start, stop, step).
func (c *call) numbers() (term, error) {
	if err := c.want(2, 3); err != nil {
		return wrong, err
	}
	bounds := [3]float64{2: 1}
	for i, a := range c.args {
		f, ok := asNumber(a)
		if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return wrong, fmt.Errorf("want an integer, got %s", describe(a))
		}
		bounds[i] = f
	}
	start, stop, step := bounds[0], bounds[1], bounds[2]
	if step == 0 {
		return wrong, errors.New("a step of 0 leads nowhere")
	}
	size := math.Max(0, math.Ceil((stop-start)/step))
	if size > float64(c.e.r.limits.Weight) {
		return c.e.r.exceed(c.e.place.Pos(), "a list has more than %d items", c.e.r.limits.Weight), nil
	}
	if !c.e.r.step(int(size), c.e.place.Pos()) {
		return wrong, nil
	}
	out := value.NewList()
	for i := range int(size) {
		out.Append(number(start + float64(i)*step))
	}
	return c.e.give(out.Value()), nil
}

func (c *call) toString() (term, error) {
	if err := c.want(1, 1); err != nil {
		return wrong, err
	}
	x := c.args[0]
	if x.fn == nil && x.v.IsNull() {
		return c.e.give(value.NewString("null")), nil
	}
	s, ok := scalarText(x)
	if !ok {
		return wrong, fmt.Errorf("want a string, a number, a boolean or null, got %s", describe(x))
	}
	return c.e.give(value.NewString(s)), nil
}

func (c *call) toNumber() (term, error) {
	if err := c.want(1, 1); err != nil {
		return wrong, err
	}
	s, err := c.str(0)
	if err != nil {
		return wrong, err
	}
	f, err := strconv.ParseFloat(strings.TrimFunc(s, blank), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return wrong, fmt.Errorf("%q is no number", shorten(s))
	}
	return c.e.give(number(f)), nil
}

func (c *call) length() (term, error) {
	if err := c.want(1, 1); err != nil {
		return wrong, err
	}
	x := c.args[0]
	if l := x.v.List(); l != nil {
		return c.e.give(number(float64(l.Len()))), nil
	}
	s, ok := x.v.AsString()
	if !ok {
		return wrong, fmt.Errorf("want a list or a string, got %s", describe(x))
	}
	return c.e.give(number(float64(len([]rune(s))))), nil
}

func (c *call) split() (term, error) {
	if err := c.want(2, 2); err != nil {
		return wrong, err
	}
	s, err := c.str(0)
	if err != nil {
		return wrong, err
	}
	separator, err := c.separator(1)
	if err != nil {
		return wrong, err
	}
	if !c.e.r.step(strings.Count(s, separator), c.e.place.Pos()) {
		return wrong, nil
	}
	return c.e.give(value.NewStrings(strings.Split(s, separator)...).Value()), nil
}

// separator gives an argument that is a string or a number, as text.
func (c *call) separator(i int) (string, error) {
	x := c.args[i]
	if f, ok := asNumber(x); ok {
		return numberText(f), nil
	}
	if s, ok := x.v.AsString(); ok {
		return s, nil
	}
	return "", fmt.Errorf("want a string or a number as separator, got %s", describe(x))
}

func (c *call) join() (term, error) {
	if err := c.want(1, 2); err != nil {
		return wrong, err
	}
	l := c.args[0].v.List()
	if l == nil {
		return wrong, fmt.Errorf("want a list, got %s", describe(c.args[0]))
	}
	separator := ","
	if len(c.args) == 2 {
		var err error
		if separator, err = c.separator(1); err != nil {
			return wrong, err
		}
	}
	var out strings.Builder
	for i, v := range l.All() {
		s, ok := scalarText(term{v: v})
		if !ok || v.Kind() == value.Bool || v.IsNull() {
			return wrong, fmt.Errorf("want strings and numbers, got %s", v.Describe())
		}
		if i > 0 {
			out.WriteString(separator)
		}
		out.WriteString(s)
		if !c.e.r.step(1+len(s)/chunk, c.e.place.Pos()) || !c.e.r.short(out.Len(), c.e.place.Pos()) {
			return wrong, nil
		}
	}
	return c.e.give(value.NewString(out.String())), nil
}

func (c *call) fromNow() (term, error) {
	if err := c.want(1, 2); err != nil {
		return wrong, err
	}
	offset, err := c.str(0)
	if err != nil {
		return wrong, err
	}
	from := left
	if len(c.args) == 2 {
		from = c.args[1]
	}
	s, err := fromNow(offset, from, c.e.scope)
	return c.e.give(value.NewString(s)), err
}

func (c *call) typeOf() (term, error) {
	if err := c.want(1, 1); err != nil {
		return wrong, err
	}
	x := c.args[0]
	name := "function"
	if x.fn == nil {
		switch x.v.Kind() {
		case value.Null:
			name = "null"
		case value.Bool:
			name = "boolean"
		case value.String:
			name = "string"
		case value.ListKind:
			name = "array"
		case value.MapKind:
			name = "object"
		default:
			name = "number"
		}
	}
	return c.e.give(value.NewString(name)), nil
}

func (c *call) defined() (term, error) {
	if err := c.want(1, 1); err != nil {
		return wrong, err
	}
	name, err := c.str(0)
	if err != nil {
		return wrong, err
	}
	_, ok := c.e.scope.find(name)
	return c.e.give(value.NewBool(ok)), nil
}

// duration is the form of a time from now. A year has 365 days and a month 30.
var duration = regexp.MustCompile(`^\s*([+-])?` +
	`(?:\s*([0-9]+)\s*(?:years?|yr|y))?` +
	`(?:\s*([0-9]+)\s*(?:months?|mo))?` +
	`(?:\s*([0-9]+)\s*(?:weeks?|wk|w))?` +
	`(?:\s*([0-9]+)\s*(?:days?|d))?` +
	`(?:\s*([0-9]+)\s*(?:hours?|hr|h))?` +
	`(?:\s*([0-9]+)\s*(?:minutes?|min|m))?` +
	`(?:\s*([0-9]+)\s*(?:seconds?|sec|s))?\s*$`)

// seconds are how long the parts of a duration are.
var seconds = [...]int64{365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1}

// times are the forms in which a time may be given.
var times = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02"}

// fromNow gives the time that lies a duration after another one, or after now where that is not given.
func fromNow(offset string, from term, s *scope) (string, error) {
	m := duration.FindStringSubmatch(offset)
	if m == nil {
		return "", fmt.Errorf("%q is no duration; want one such as \"2 days 3 hours\"", shorten(offset))
	}
	name := "the time to start from"
	if from.gone {
		var ok bool
		if from, ok = s.find("now"); !ok {
			return "", errors.New(`the context has no variable "now"`)
		}
		name = `the variable "now"`
	}
	text, ok := from.v.AsString()
	if !ok {
		return "", fmt.Errorf("%s is a string, got %s", name, describe(from))
	}
	var at time.Time
	err := errors.New("no time")
	for _, form := range times {
		if at, err = time.Parse(form, text); err == nil {
			break
		}
	}
	if err != nil {
		return "", fmt.Errorf("%s is no time: %q", name, shorten(text))
	}
	total := int64(0)
	for i, unit := range seconds {
		if part := m[i+2]; part != "" {
			n, err := strconv.ParseInt(part, 10, 64)
			if err != nil || n > 10000*365*86400/unit {
				return "", fmt.Errorf("%q is too long", shorten(offset))
			}
			total += n * unit
		}
	}
	if m[1] == "-" {
		total = -total
	}
	at = time.Unix(at.Unix()+total, int64(at.Nanosecond())).UTC()
	if y := at.Year(); y < 0 || y > 9999 {
		return "", fmt.Errorf("%q leads to the year %d", shorten(offset), y)
	}
	return at.Format("2006-01-02T15:04:05.000Z"), nil
}
