package bench

import "fmt"

// MinTasks is the smallest number of tasks that a project can have with every kind in it.
const MinTasks = 100

// buildTypes are the ways in which every platform is built, in the order in which the last platform, which may lack
// some of them, gets them.
var buildTypes = []string{"opt", "debug", "asan", "tsan"}

// smokeModes is the length of the matrix of the smoke kind.
const smokeModes = 2

// Shape says how many tasks of each kind a project has.
type Shape struct {
	DockerImages int // docker-image
	Fetches      int // fetch: a hundredth of all
	Toolchains   int // toolchain: a fiftieth
	Builds       int // build: a tenth
	Smokes       int // smoke: from-deps and a matrix of two, over all builds
	Signings     int // signing: from-deps, one for each optimized build
	Reports      int // report: from-deps, one for each optimized build and its tests
	Tests        int // test: the rest, from a matrix and chunking
}

// ShapeOf gives the shape of a project of n tasks. It fails when n is below [MinTasks].
func ShapeOf(n int) (Shape, error) {
	if n < MinTasks {
		return Shape{}, fmt.Errorf("bench: a project has at least %d tasks, not %d", MinTasks, n)
	}
	builds := n / 10
	optimized := (builds + len(buildTypes) - 1) / len(buildTypes)
	s := Shape{
		DockerImages: 3,
		Fetches:      n / 100,
		Toolchains:   n / 50,
		Builds:       builds,
		Smokes:       smokeModes * builds,
		Signings:     optimized,
		Reports:      optimized,
	}
	s.Tests = n - s.Total()
	return s, nil
}

// Total gives the number of all tasks.
func (s Shape) Total() int {
	return s.DockerImages + s.Fetches + s.Toolchains + s.Builds + s.Smokes + s.Signings + s.Reports + s.Tests
}

// ByKind gives the number of tasks of each kind, by the kind's name.
func (s Shape) ByKind() map[string]int {
	return map[string]int{
		"docker-image": s.DockerImages,
		"fetch":        s.Fetches,
		"toolchain":    s.Toolchains,
		"build":        s.Builds,
		"smoke":        s.Smokes,
		"signing":      s.Signings,
		"report":       s.Reports,
		"test":         s.Tests,
	}
}
