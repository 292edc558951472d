package bench

import (
	"fmt"
	"math/rand/v2"
)

// tools are what toolchain tasks build; each has a script, taskcluster/scripts/toolchain/build-TOOL.sh.
var tools = []string{"clang", "rust", "gcc", "node", "sccache", "cctools", "wasi-sysroot", "nasm"}

// fetch is one task of kind fetch.
type fetch struct {
	Name, Description, Alias string
	Source                   string // what is fetched
	Git                      bool   // from a git repository rather than a URL
	Revision, Digest         string
	Size                     int
}

// planFetches makes the tasks of kind fetch: one of four from git, the others archives.
func planFetches(r *rand.Rand, count int) []fetch {
	out := make([]fetch, count)
	for i := range out {
		source := tools[i%len(tools)]
		f := fetch{
			Name:        fmt.Sprintf("%s-src-%04d", source, i),
			Description: fmt.Sprintf("%s %d.%d.%d source code", source, r.IntN(20)+1, r.IntN(10), r.IntN(10)),
			Source:      source,
			Git:         i%4 == 3,
			Revision:    hexDigits(r, 40),
			Digest:      hexDigits(r, 64),
			Size:        100_000 + r.IntN(200_000_000),
		}
		if i%5 == 2 {
			f.Alias = fmt.Sprintf("%s-sources-%04d", source, i)
		}
		out[i] = f
	}
	return out
}

// Use gives the name by which other tasks fetch it.
func (f fetch) Use() string { return orName(f.Alias, f.Name) }

// toolchain is one task of kind toolchain.
type toolchain struct {
	Name, Description, Alias string
	Tool                     string
	Env                      string // variable that tasks get that fetch it
	Fetch, Parent            string // what it fetches: sources, another toolchain
	Config, ConfigContent    string // a file that its digest covers
}

// planToolchains makes the tasks of kind toolchain. Two of three fetch sources, and every fourth is built with the one
// before it.
func planToolchains(r *rand.Rand, count int, fetches []fetch) []toolchain {
	out := make([]toolchain, count)
	for i := range out {
		tool := tools[i%len(tools)]
		name := fmt.Sprintf("%s-%04d", tool, i)
		t := toolchain{
			Name:          name,
			Description:   fmt.Sprintf("%s toolchain build %d, with link-time optimization", tool, i),
			Tool:          tool,
			Config:        fmt.Sprintf("toolchain/%s/%s.json", tool, name),
			ConfigContent: fmt.Sprintf("{\"stages\": %d, \"assertions\": %t, \"source\": \"%s\"}\n", r.IntN(3)+1, r.IntN(2) == 0, hexDigits(r, 40)),
		}
		if i%6 == 1 {
			t.Alias = fmt.Sprintf("linux64-%s-%04d", tool, i)
		}
		if i%10 == 4 {
			t.Env = fmt.Sprintf("TOOL_%04d", i)
		}
		if i%3 != 2 {
			t.Fetch = pick(r, fetches).Use()
		}
		if i%4 == 3 {
			t.Parent = out[i-1].Use()
		}
		out[i] = t
	}
	return out
}

// Use gives the name by which other tasks fetch it.
func (t toolchain) Use() string { return orName(t.Alias, t.Name) }

func orName(alias, name string) string {
	if alias != "" {
		return alias
	}
	return name
}

// pick gives one of the elements.
func pick[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }

// pickNames gives the names of up to count different elements, which are neighbours.
func pickNames[T interface{ Use() string }](r *rand.Rand, all []T, count int) []string {
	start := r.IntN(len(all))
	out := make([]string, min(count, len(all)))
	for i := range out {
		out[i] = all[(start+i)%len(all)].Use()
	}
	return out
}

// distinct drops repetitions.
func distinct(words []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, w := range words {
		if !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

// hexDigits gives a digest-like text.
func hexDigits(r *rand.Rand, count int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, count)
	for i := range b {
		b[i] = digits[r.IntN(len(digits))]
	}
	return string(b)
}
