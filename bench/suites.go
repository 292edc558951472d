package bench

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// categories are what test suites are made of. The suites of a category stand in one file.
var categories = []struct {
	name, group string
	flavors     []flavor
}{
	{"mochitest", "M", []flavor{{"plain", "p"}, {"chrome", "c"}, {"browser-chrome", "bc"}, {"devtools", "dt"}, {"media", "mda"}, {"webgl", "gl"}}},
	{"reftest", "R", []flavor{{"reftest", "R"}, {"crashtest", "C"}, {"jsreftest", "J"}}},
	{"web-platform", "W", []flavor{{"testharness", "wpt"}, {"wdspec", "wd"}, {"print-reftest", "pr"}, {"crashtests", "cr"}}},
	{"unit", "X", []flavor{{"xpcshell", "X"}, {"gtest", "GTest"}, {"cppunit", "cpp"}}},
	{"performance", "T", []flavor{{"pageload", "tp"}, {"svg", "svgr"}, {"dromaeo", "d"}, {"startup", "o"}}},
}

// flavor is one way to run the tests of a category.
type flavor struct{ name, symbol string }

// variants are the last dimension of the matrix.
var variants = []string{"fis", "swr", "vbox"}

// components are the directories that files_changed and when.files-changed speak of.
var components = []string{
	"accessible", "browser/base", "browser/components", "caps", "devtools/client", "devtools/server", "docshell", "dom/base", "dom/canvas",
	"dom/events", "dom/html", "dom/indexedDB", "dom/media", "dom/security", "dom/workers", "editor", "extensions/auth", "gfx/layers", "gfx/webrender",
	"image", "intl", "ipc/glue", "js/src/jit", "js/src/vm", "js/xpconnect", "layout/base", "layout/style", "media/libvpx", "mobile/android", "modules/libpref",
	"netwerk/base", "netwerk/protocol", "parser/html", "security/manager", "services/sync", "storage", "toolkit/components", "toolkit/xre", "tools/lint", "uriloader",
	"widget/gtk", "xpcom/base",
}

// patternEnds are what follows a component in when.files-changed.
var patternEnds = []string{"/**", "/**", "/*.h", "/**/*.cpp", "/**/tests/**", "/**/moz.build"}

// exclusion leaves out one combination of a matrix.
type exclusion struct{ Type, Variant string }

// suite is one stub of kind test, which a matrix and chunking make many tasks of.
type suite struct {
	Name, Title, Purpose string
	Category, Flavor     string
	Group, Symbol        string // of Treeherder
	Tier                 int
	Platforms            []string
	Types, Variants      []string
	Exclude              *exclusion
	Chunks               int
	Projects             []string // run-on-projects; none for all
	Patterns             []string // when.files-changed
	Toolchains           []string
}

// Tasks gives the number of tasks that are made of the suite.
func (s suite) Tasks() int {
	combinations := len(s.Types) * len(s.Variants)
	if s.Exclude != nil {
		combinations--
	}
	return len(s.Platforms) * combinations * s.Chunks
}

// planSuites makes suites of total tasks altogether, spread evenly over the platforms that are built in every type.
func planSuites(r *rand.Rand, total int, builds []build, toolchains []toolchain) []suite {
	var platforms []string
	for _, b := range builds {
		if b.Type == buildTypes[len(buildTypes)-1] {
			platforms = append(platforms, b.Platform)
		}
	}
	var out []suite
	next := 0 // the platform that the next suite begins with
	for rest := total; rest > 0; {
		s := planSuite(r, len(out), toolchains)
		count := min(1+r.IntN(8), len(platforms))
		s.Platforms = make([]string, count)
		if s.Tasks() > rest {
			s.Types, s.Variants, s.Exclude = s.Types[:1], s.Variants[:1], nil
			s.Chunks = min(s.Chunks, rest)
			s.Platforms = s.Platforms[:min(count, rest/s.Chunks)]
		}
		for i := range s.Platforms {
			s.Platforms[i] = platforms[(next+i)%len(platforms)]
		}
		slices.Sort(s.Platforms)
		next += len(s.Platforms)
		rest -= s.Tasks()
		out = append(out, s)
	}
	return out
}

// planSuite makes a suite without platforms.
func planSuite(r *rand.Rand, number int, toolchains []toolchain) suite {
	category := categories[number%len(categories)]
	f := pick(r, category.flavors)
	s := suite{
		Name:     fmt.Sprintf("%s-%s-%04d", category.name, f.name, number),
		Title:    fmt.Sprintf("%s %s %d", category.name, f.name, number),
		Purpose:  "the tests of its manifest, with a virtual display",
		Category: category.name,
		Flavor:   f.name,
		Group:    category.group,
		Symbol:   fmt.Sprintf("%s%04d", f.symbol, number),
		Tier:     1 + r.IntN(2),
		Types:    buildTypes[:1+r.IntN(3)],
		Variants: variants[:1+r.IntN(2)],
		Chunks:   1 + r.IntN(12),
	}
	if len(s.Types) > 1 && len(s.Variants) > 1 && r.IntN(3) == 0 {
		s.Exclude = &exclusion{Type: s.Types[len(s.Types)-1], Variant: s.Variants[len(s.Variants)-1]}
	}
	switch r.IntN(5) {
	case 0:
		s.Projects = []string{"bench", "bench-autoland", "bench-try"}
	case 1:
		s.Projects = []string{"bench", "bench-beta", "bench-release"}
	}
	for range 2 + r.IntN(4) {
		s.Patterns = append(s.Patterns, pick(r, components)+pick(r, patternEnds))
	}
	s.Patterns = distinct(s.Patterns)
	if r.IntN(3) == 0 {
		s.Toolchains = pickNames(r, toolchains, 1+r.IntN(2))
	}
	return s
}
