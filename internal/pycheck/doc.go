// Package pycheck asks a Python interpreter for a second opinion, in tests of what reproduces Python's behaviour.
//
//	py := pycheck.Start(t, `answer = lambda q: q["text"].format(**q["names"])`)
//	got, err := py.Ask(map[string]any{"text": "{a}", "names": map[string]any{"a": 1}})
//
// Tests that use it are skipped where there is no python3.
package pycheck
