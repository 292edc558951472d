package value_test

import (
	"fmt"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

func ExampleReader_YAML() {
	sources := &diag.Sources{}
	r := value.Reader{Sources: sources, Warn: func(d *diag.Diagnostic) { fmt.Println(d.Message) }}
	doc, err := r.YAML("kind.yml", []byte("tier: &one 1\nenabled: yes\nenabled: no\nbuild: {tier: *one, when: 2001-12-14}\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(doc.Map().Keys(), doc.Map().At("enabled").IsTrue())
	fmt.Println(sources.Position(doc.Map().At("build").Pos()))
	// Output:
	// the key "enabled" comes twice; the last value counts
	// [tier enabled build] false
	// kind.yml:4:8
}

func ExampleAppendJSON() {
	task := value.MapOf("label", "build-é", "deps", []string{})
	out, err := value.AppendJSON(nil, task.Value(), value.JSONStyle{Indent: 2, SortKeys: true}, 0)
	fmt.Println(string(out), err)
	// Output:
	// {
	//   "deps": [],
	//   "label": "build-\u00e9"
	// } <nil>
}

func ExampleAppendYAML() {
	task := value.MapOf("routes", []string{"index.a", "yes"}, "label", "build: 1")
	out, err := value.AppendYAML(nil, task.Value(), true)
	fmt.Println(string(out), err)
	// Output:
	// label: 'build: 1'
	// routes:
	// - index.a
	// - 'yes'
	//  <nil>
}
