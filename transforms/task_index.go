package transforms

import (
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// indexRoutes gives tasks their rank in the index and, by the builder of their index type, their routes there.
func indexRoutes(cfg *taskgraph.Config) (taskgraph.Each, error) {
	buildDate, err := cfg.Params.Blank("build date", buildDate)
	if err != nil {
		return nil, err
	}
	zero := value.NewInt(0)
	return func(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
		index := stub.At("index")
		rank, ranked := index.Map().Get("rank")
		byTier := !ranked || rank.Str() == "by-tier"
		switch {
		case byTier:
			// Builds of tier 2 and 3 stand below those of tier 1, whatever their date.
			rank = zero
			if tier, ok := stub.At("extra").Map().At("treeherder").Map().Get("tier"); ok {
				if n, isInt := tier.AsInt(); isInt && n <= 1 {
					rank = buildDate
				}
			}
		case rank.Str() == "build_date":
			rank = buildDate
		}
		editMapOrNew(stub.EditMap("extra"), "index").Set("rank", rank)
		if index.Truthy() {
			typ := index.Map().At("type")
			name := "generic"
			if !typ.IsNull() {
				name = typ.Str()
			}
			build, err := cfg.Registry.IndexBuilders.Find(name, typ.Pos(), diag.BadIndex)
			if err != nil {
				return at(err, typ, "index.type")
			}
			if err := build(cfg, stub); err != nil {
				return err
			}
			stub.Delete("index")
		}
		yield(stub)
		return nil
	}, nil
}

// buildDate gives the parameter build_date, which must be an integer.
func buildDate(p *parameters.Params) (value.Value, error) {
	v := p.At("build_date")
	if _, ok := v.AsInt(); !ok {
		return v, diag.Errorf(diag.BadParameters, v.Pos(), "want an integer, got %s", v.Describe()).WithPath("build_date")
	}
	return v, nil
}

// genericIndex adds the routes by which the artifacts of a push are found: the latest of the project, by date of the
// push, by its number and by revision.
func genericIndex(cfg *taskgraph.Config, stub *value.Map) error {
	index := stub.At("index")
	product, job := index.Map().At("product"), index.Map().At("job-name")
	var missing []*diag.Diagnostic
	for _, name := range [...]string{"job-name", "product"} {
		if index.Map().At(name).IsNull() {
			missing = append(missing, diag.Errorf(diag.BadIndex, stub.KeyPos("index"), "the index needs a %s", name).WithPath("index"))
		}
	}
	if err := invalid(missing); err != nil {
		return err
	}
	products := cfg.Graph.Products()
	known := false
	for _, p := range products {
		known = known || p == product.Str()
	}
	if !known {
		return diag.Errorf(diag.BadIndex, product.Pos(), "unknown product %q", product.Str()).WithPath("index.product").
			WithHint("add it to index.products in config.yml; %s", diag.DidYouMean(product.Str(), products))
	}
	date, err := buildDateLong(cfg.Params)
	if err != nil {
		return err
	}
	prefix := "index." + cfg.Graph.TrustDomain() + ".v2." + cfg.Params.BlankText("project") + "."
	suffix := "." + product.Str() + "." + job.Str()
	routes := editListOrNew(stub, "routes")
	for _, middle := range [...]string{
		"latest", "pushdate." + date, "pushlog-id." + cfg.Params.BlankText("pushlog_id"), "revision." + cfg.Params.BlankText("head_rev"),
	} {
		routes.Append(value.NewString(prefix + middle + suffix).At(index.Pos()))
	}
	return nil
}

// buildDateLong gives the build date as index paths have it: by year, month and day, then the time.
func buildDateLong(p *parameters.Params) (string, error) {
	v, err := p.Blank("long build date", func(p *parameters.Params) (value.Value, error) {
		date, err := buildDate(p)
		seconds, _ := date.AsInt()
		return value.NewString(time.Unix(seconds, 0).UTC().Format("2006.01.02.20060102150405")), err
	})
	return v.Str(), err
}
