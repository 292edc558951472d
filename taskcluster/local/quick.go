package local

import (
	"math"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"
)

// quickCheck says whether a value surely fits a schema. False means that it is not known: the library has to look.
// Nearly every request is right, and the library takes longer to find that out than everything else takes.
type quickCheck func(v any) bool

// quickKeywords are the keywords that a quick check understands, or need not look at.
var quickKeywords = []string{
	"type", "properties", "required", "additionalProperties", "items", "minItems", "maxItems", distinct, "pattern", "minLength",
	"maxLength", "format", "anyOf", "enum", "minimum", "maximum", "default", "title", "description",
}

// newQuickCheck makes a check for a schema, or nil if there is more in it than quick checks understand.
func newQuickCheck(doc any) quickCheck {
	o, ok := doc.(object)
	if !ok {
		return nil
	}
	for k := range o {
		if !slices.Contains(quickKeywords, k) {
			return nil
		}
	}
	if list, ok := o["enum"].([]any); ok {
		return func(v any) bool {
			s, isText := v.(string)
			return isText && slices.ContainsFunc(list, func(e any) bool { return e == s })
		}
	}
	if o["anyOf"] != nil && o["type"] != "string" {
		return nil
	}
	switch o["type"] {
	case "object":
		return quickObject(o)
	case "array":
		return quickArray(o)
	case "string":
		return quickString(o)
	case "integer":
		return quickInteger(o)
	case "boolean":
		return func(v any) bool { _, ok := v.(bool); return ok }
	}
	return nil
}

func quickObject(doc object) quickCheck {
	fields := map[string]quickCheck{}
	props, _ := doc["properties"].(object)
	for name, p := range props {
		if fields[name] = newQuickCheck(p); fields[name] == nil {
			return nil
		}
	}
	required := texts(doc, "required")
	var other quickCheck // of fields that are not listed
	switch more := doc["additionalProperties"].(type) {
	case nil:
		other = func(any) bool { return true }
	case bool:
		other = func(any) bool { return more }
	default:
		if other = newQuickCheck(more); other == nil {
			return nil
		}
	}
	return func(v any) bool {
		o, ok := v.(object)
		if !ok {
			return false
		}
		for _, name := range required {
			if _, there := o[name]; !there {
				return false
			}
		}
		if props == nil && doc["additionalProperties"] == nil {
			return true
		}
		for name, x := range o {
			check := fields[name]
			if check == nil {
				check = other
			}
			if !check(x) {
				return false
			}
		}
		return true
	}
}

func quickArray(doc object) quickCheck {
	item := quickCheck(func(any) bool { return true })
	if doc["items"] != nil {
		if item = newQuickCheck(doc["items"]); item == nil {
			return nil
		}
	}
	low, top := bounds(doc, "minItems", "maxItems")
	different := doc[distinct] == true
	return func(v any) bool {
		list, ok := v.([]any)
		if !ok || float64(len(list)) < low || float64(len(list)) > top {
			return false
		}
		for _, x := range list {
			if !item(x) {
				return false
			}
		}
		if !different || len(list) < 2 {
			return true
		}
		seen := make(map[string]bool, len(list))
		for _, x := range list {
			s, isText := x.(string)
			if !isText || seen[s] {
				return false
			}
			seen[s] = true
		}
		return true
	}
}

// bounds gives two numbers of a schema, or what bounds nothing.
func bounds(doc object, low, top string) (least, most float64) {
	least, most = math.Inf(-1), math.Inf(1)
	if n, ok := doc[low].(float64); ok {
		least = n
	}
	if n, ok := doc[top].(float64); ok {
		most = n
	}
	return least, most
}

// plainURL are addresses that need no second look.
var plainURL = regexp.MustCompile(`^https?://[A-Za-z0-9.-]+(/[A-Za-z0-9._~/-]*)?$`)

func quickString(doc object) quickCheck {
	low, top := bounds(doc, "minLength", "maxLength")
	bounded := !math.IsInf(low, 0) || !math.IsInf(top, 0)
	pattern := func(string) bool { return true }
	switch p := text(doc, "pattern"); p {
	case "":
	case "^[ -~]*$":
		pattern = validScope
	default:
		compiled, err := regexp.Compile(p)
		if err != nil {
			return nil
		}
		pattern = compiled.MatchString
	}
	format := text(doc, "format")
	if options, ok := doc["anyOf"].([]any); ok {
		// One that is enough is enough, and the only one that is known is that for addresses.
		if format != "" || !slices.ContainsFunc(options, func(v any) bool { o, _ := v.(object); return len(o) == 1 && o["format"] == "uri" }) {
			return nil
		}
		format = "uri"
	}
	switch format {
	case "":
	case "uri":
		inner := pattern
		pattern = func(s string) bool { return plainURL.MatchString(s) && inner(s) }
	case "date-time":
		inner := pattern
		pattern = func(s string) bool {
			// Only the usual form is known to be right.
			if len(s) < len("2006-01-02T15:04:05Z") || s[len(s)-1] != 'Z' || s[10] != 'T' {
				return false
			}
			_, err := time.Parse(time.RFC3339, s)
			return err == nil && inner(s)
		}
	default:
		return nil
	}
	return func(v any) bool {
		s, ok := v.(string)
		if !ok {
			return false
		}
		if bounded {
			if n := float64(utf8.RuneCountInString(s)); n < low || n > top {
				return false
			}
		}
		return pattern(s)
	}
}

func quickInteger(doc object) quickCheck {
	low, top := bounds(doc, "minimum", "maximum")
	return func(v any) bool {
		n, ok := v.(float64)
		return ok && n == math.Trunc(n) && n >= low && n <= top
	}
}
