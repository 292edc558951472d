//go:build !race

package jsone

// raceEnabled says that the race detector runs, with which nothing is fast.
const raceEnabled = false
