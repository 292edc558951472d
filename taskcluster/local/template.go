package local

import (
	"fmt"
	"slices"
	"strings"
)

// scopeTemplate is an expression of scopes with variables, as the references of the services have them.
type scopeTemplate struct {
	text  []string // a scope, cut at its variables: text, variable, text, variable, text
	allOf []scopeTemplate
	anyOf []scopeTemplate

	// A loop stands in a list for one element for each element of a parameter.
	loopVar, loopIn string
	each            *scopeTemplate
}

// newScopeTemplate reads a template.
func newScopeTemplate(doc any) (scopeTemplate, error) {
	switch doc := doc.(type) {
	case string:
		return scopeTemplate{text: cutVariables(doc)}, nil
	case map[string]any:
		if each, ok := doc["each"]; ok {
			inner, err := newScopeTemplate(each)
			name, _ := doc["for"].(string)
			in, _ := doc["in"].(string)
			if err == nil && (name == "" || in == "") {
				err = fmt.Errorf("a loop without for or in: %v", doc)
			}
			return scopeTemplate{loopVar: name, loopIn: in, each: &inner}, err
		}
		for key, list := range map[string]bool{"AllOf": true, "AnyOf": false} {
			all, ok := doc[key].([]any)
			if !ok || len(doc) != 1 {
				continue
			}
			parts := make([]scopeTemplate, len(all))
			for i, part := range all {
				var err error
				if parts[i], err = newScopeTemplate(part); err != nil {
					return scopeTemplate{}, err
				}
			}
			if list {
				return scopeTemplate{allOf: parts}, nil
			}
			return scopeTemplate{anyOf: parts}, nil
		}
	}
	return scopeTemplate{}, fmt.Errorf("%v is no expression of scopes", doc)
}

// cutVariables cuts "a:<b>:c" into a:, b and :c.
func cutVariables(s string) []string {
	var parts []string
	for {
		before, rest, ok := strings.Cut(s, "<")
		name, after, closed := strings.Cut(rest, ">")
		if !ok || !closed {
			return append(parts, s)
		}
		parts = append(parts, before, name)
		s = after
	}
}

// variables adds the names of what has to be given to render the template.
func (t *scopeTemplate) variables(bound []string) (names []string) {
	for i := 1; i < len(t.text); i += 2 {
		if !slices.Contains(bound, t.text[i]) {
			names = append(names, t.text[i])
		}
	}
	for _, list := range [][]scopeTemplate{t.allOf, t.anyOf} {
		for i := range list {
			names = append(names, list[i].variables(bound)...)
		}
	}
	if t.each != nil {
		names = append(names, t.loopIn)
		names = append(names, t.each.variables(append(slices.Clone(bound), t.loopVar))...)
	}
	return names
}

// scopeParams are the values of variables: texts, and lists for loops.
type scopeParams struct {
	texts map[string]string
	lists map[string][]string
}

// render fills in the variables.
func (t *scopeTemplate) render(p scopeParams) (expression, error) {
	list := func(all []scopeTemplate) ([]expression, error) {
		out := make([]expression, 0, len(all))
		for i := range all {
			each := all[i].each
			if each == nil {
				e, err := all[i].render(p)
				if err != nil {
					return nil, err
				}
				out = append(out, e)
				continue
			}
			values, ok := p.lists[all[i].loopIn]
			if !ok {
				return nil, fmt.Errorf("scopes: the list %q is not known", all[i].loopIn)
			}
			for _, v := range values {
				s, err := each.fill(p, all[i].loopVar, v)
				if err != nil {
					return nil, err
				}
				out = append(out, scopeExpression(s))
			}
		}
		return out, nil
	}
	switch {
	case t.allOf != nil:
		all, err := list(t.allOf)
		return expression{allOf: all}, err
	case t.anyOf != nil:
		all, err := list(t.anyOf)
		return expression{anyOf: all}, err
	}
	s, err := t.fill(p, "", "")
	return scopeExpression(s), err
}

// fill renders a scope. One variable has a value of its own, that of the loop around.
func (t *scopeTemplate) fill(p scopeParams, name, v string) (string, error) {
	if len(t.text) == 3 && t.text[0] == "" && t.text[2] == "" && t.text[1] == name {
		return v, nil
	}
	var b strings.Builder
	for i, part := range t.text {
		switch value, ok := p.texts[part]; {
		case i%2 == 0:
			b.WriteString(part)
		case part == name:
			b.WriteString(v)
		case !ok:
			return "", fmt.Errorf("scopes: the variable %q is not known", part)
		default:
			b.WriteString(value)
		}
	}
	return b.String(), nil
}
