package bench

import (
	"fmt"
	"math/rand/v2"
)

// systems are what platforms are made of. The builds of a family stand in one file.
var systems = []struct{ family, name, product string }{
	{"linux", "linux64", "desktop"},
	{"android", "android-arm64", "mobile"},
	{"windows", "win64", "desktop"},
	{"macosx", "macosx64", "desktop"},
}

// build is one task of kind build.
type build struct {
	Name           string // platform/type
	Platform, Type string
	Family         string // of the platform
	Product        string // of the index
	Shippable      bool
	Fetches        []string
	Toolchains     []string
	Options        string
	RustFlags      string
}

// planBuilds makes the tasks of kind build: every platform in every type, the last one perhaps in some only.
func planBuilds(r *rand.Rand, count int, fetches []fetch, toolchains []toolchain) []build {
	out := make([]build, count)
	for i := range out {
		number := i / len(buildTypes)
		system := systems[number%len(systems)]
		typ := buildTypes[i%len(buildTypes)]
		platform := fmt.Sprintf("%s-p%04d", system.name, number)
		out[i] = build{
			Name:       platform + "/" + typ,
			Platform:   platform,
			Type:       typ,
			Family:     system.family,
			Product:    system.product,
			Shippable:  typ == "opt" && number%3 == 0,
			Fetches:    pickNames(r, fetches, 1+r.IntN(2)),
			Toolchains: pickNames(r, toolchains, 3+r.IntN(4)),
			Options:    fmt.Sprintf("disable-sccache-%d enable-lto check-test profile-generate=%s", r.IntN(10), platform),
			RustFlags:  fmt.Sprintf("-Ccodegen-units=%d -Clto=%s", 1<<r.IntN(5), pick(r, []string{"thin", "fat", "off"})),
		}
	}
	return out
}
