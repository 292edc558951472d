package bench

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// projects are the repositories that pushes come from, with the level of a push to them.
var projects = []struct{ name, level string }{
	{"bench", "3"}, {"bench-try", "1"}, {"bench-autoland", "3"}, {"bench-beta", "3"}, {"bench-release", "3"},
}

// push is what parameters are made of.
type push struct {
	Project, Level, TasksFor         string
	HeadRepository, HeadRef, HeadRev string
	BaseRef, BaseRev                 string
	Owner, PushID                    string
	Date                             int64
	AlwaysTarget                     bool
	Files                            []string
}

// MozBuildDate gives the date as moz_build_date has it.
func (p push) MozBuildDate() string { return time.Unix(p.Date, 0).UTC().Format("20060102150405") }

// mainPush gives a push to the main repository that touches files in most components.
func mainPush(seed uint64) push {
	p := newPush(random(seed, "main parameters"), 0)
	p.Files = nil
	for i, c := range components {
		if i%5 != 4 {
			p.Files = append(p.Files, c+"/Module.cpp", c+"/tests/test_module.js")
		}
	}
	return p
}

// WriteParameterSets writes count different sets of parameters into dir, which it makes; they are to be given with
// -p DIR. They are pushes, pull requests and cron runs on five projects of both levels, each with its own revision and
// files. It fails when a file cannot be written.
func WriteParameterSets(dir string, count int, seed uint64) error {
	if count < 1 {
		return errors.New("bench: there must be at least one set of parameters")
	}
	r := random(seed, "parameter sets")
	for i := range count {
		p := newPush(r, i)
		if err := writeTemplate(dir, fmt.Sprintf("%03d-%s-%s.yml", i, p.Project, p.TasksFor), "parameters", p); err != nil {
			return err
		}
	}
	return nil
}

// newPush gives the i-th of a series of pushes.
func newPush(r *rand.Rand, i int) push {
	target := projects[i%len(projects)]
	p := push{
		Project:        target.name,
		Level:          target.level,
		TasksFor:       "github-push",
		HeadRepository: "https://github.com/example-org/bench",
		HeadRef:        "refs/heads/main",
		HeadRev:        hexDigits(r, 40),
		BaseRef:        "main",
		BaseRev:        hexDigits(r, 40),
		Owner:          fmt.Sprintf("developer-%d@example.com", r.IntN(100)),
		PushID:         fmt.Sprint(1000 + i),
		Date:           1_700_000_000 + int64(i)*4321,
		AlwaysTarget:   i%4 != 3,
	}
	switch i / len(projects) % 3 {
	case 1:
		p.TasksFor, p.Level = "github-pull-request", "1"
		p.HeadRepository = "https://github.com/contributor/bench"
		p.HeadRef = fmt.Sprintf("feature/%d", i)
	case 2:
		p.TasksFor = "cron"
	}
	for range 3 + r.IntN(60) {
		p.Files = append(p.Files, fmt.Sprintf("%s/%sFile%d.%s", pick(r, components), pick(r, []string{"", "tests/", "unit/"}), r.IntN(100), pick(r, []string{"cpp", "h", "js", "py"})))
	}
	p.Files = distinct(p.Files)
	return p
}
