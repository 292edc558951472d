package taskgraph

import (
	"math"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// symbolKey is what must be unique: where treeherder shows a task.
type symbolKey struct{ platform, collection, group, symbol string }

// symbolKey gives it for extra.treeherder with one collection.
func (p *parts) symbolKey() symbolKey {
	th := p.treeherder
	return symbolKey{p.keyPart(th.At("machine").Map().At("platform")), th.At("collection").Map().Entry(0).Key.KeyText(), p.keyPart(th.At("groupSymbol")), p.keyPart(th.At("symbol"))}
}

// text gives a text of treeherder, "" for what is none.
func (p *parts) text(v value.Value) string {
	if p.number == 0 {
		return v.Str()
	}
	return value.NumberText(v.Str(), p.number)
}

// keyPart tells values apart that are written alike, such as 1 and "1", or null and "".
func (p *parts) keyPart(v value.Value) string {
	switch {
	case v.IsString():
		return p.text(v)
	case v.IsNull():
		return "\x00"
	}
	return "\x00" + v.Describe()
}

// verifySymbols reports tasks that treeherder would show at one place: with the same platform, collection, group and
// symbol. It also reports tasks that are not in exactly one collection.
func verifySymbols(cfg *VerifyConfig, report func(error)) {
	taken := make(map[uint64]int32, cfg.Tasks.Len()) // by hash of the key
	all := cfg.parts()
	for i, t := range cfg.Tasks.tasks {
		th := all[i].treeherder
		if th == nil {
			continue
		}
		collections := th.At("collection").Map()
		if collections.Len() != 1 {
			report(aboutTask(t, diag.Errorf(diag.BadTreeherder, th.At("collection").Pos(), "want one treeherder collection (the part of the platform behind the slash), got %d: %q", collections.Len(), collections.Keys()).
				WithPath("extra.treeherder.collection")))
			continue
		}
		hash := all[i].symbol
		first, conflict := taken[hash]
		for conflict && all[first].symbolKey() != all[i].symbolKey() { // only the hash is the same
			hash++
			first, conflict = taken[hash]
		}
		if !conflict {
			taken[hash] = int32(i)
			continue
		}
		other := cfg.Tasks.tasks[first]
		platform, group, symbol := th.At("machine").Map().At("platform"), th.At("groupSymbol"), th.At("symbol")
		pos := symbol.Pos()
		if pos == 0 {
			pos = t.Pos
		}
		otherPos := all[first].treeherder.At("symbol").Pos()
		if otherPos == 0 || otherPos == pos {
			otherPos = other.Pos
		}
		report(aboutTask(t, diag.Errorf(diag.DuplicateSymbol, pos, "has the treeherder symbol %s on %s/%s, as has task %q", joinSymbol(all[i].text(group), all[i].text(symbol)), all[i].text(platform), all[i].symbolKey().collection, other.Label).
			WithPath("extra.treeherder.symbol").WithRelated(otherPos, "%s is the other one", other.Label).
			WithHint("give one of them another symbol, group or platform")))
	}
}

// joinSymbol gives a symbol as kinds write it: group(symbol), without the group where that is "?".
func joinSymbol(group, symbol string) string {
	if group == "?" || group == "" {
		return symbol
	}
	return group + "(" + symbol + ")"
}

// noTier is the tier of a task that has none: below all others.
const noTier = math.MaxInt64

// verifyTiers reports tasks that depend on one of a higher tier, which may fail without anybody caring. Tasks that run
// nothing of their own, and kinds with "dummy" in their names, may be depended on by all.
func verifyTiers(cfg *VerifyConfig, report func(error)) {
	tasks := cfg.Tasks.tasks
	tiers := make([]int64, len(tasks))
	all := cfg.parts()
	for i, p := range all {
		tiers[i] = noTier
		if n, ok := p.treeherder.At("tier").AsInt(); ok {
			tiers[i] = n
		}
	}
	for i, t := range tasks {
		if tiers[i] == noTier {
			continue
		}
		for _, e := range cfg.Tasks.graph.Links(int32(i)) {
			dep := tasks[e.To]
			if tiers[i] >= tiers[e.To] || all[e.To].workerType.Str() == "always-optimized" || containsDummy(dep.Kind) {
				continue
			}
			tier := all[i].treeherder.At("tier")
			d := diag.Errorf(diag.TierConflict, tier.Pos(), "is of tier %d and cannot depend on %q, which is of %s", tiers[i], dep.Label, tierText(tiers[e.To])).
				WithPath("dependencies."+e.Name).WithRelated(positionOr(all[e.To].treeherder.At("tier"), dep.Pos), "%s is defined here", dep.Label)
			if tiers[e.To] == noTier {
				d.WithHint("give %s a treeherder section with tier %d or lower", dep.Label, tiers[i])
			}
			report(aboutTask(t, d))
		}
	}
}
