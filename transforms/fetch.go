package transforms

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/transforms/schemas"
	"github.com/taskgraph-go/decision/value"
)

// fetchBuilders registers what fetch.type can name.
func fetchBuilders(r *taskgraph.Registry) {
	r.FetchBuilders.Add("static-url", taskgraph.FetchBuilder{Schema: schemas.Load("fetch-static-url"), Build: fetchStaticURL})
	r.FetchBuilders.Add("git", taskgraph.FetchBuilder{Schema: schemas.Load("fetch-git"), Build: fetchGit})
}

// fetchSequence makes a task that downloads something and offers it as an artifact. What it makes depends on nothing but
// its description, so that it runs once and is found in the index ever after.
func fetchSequence() taskgraph.Sequence {
	return taskgraph.Sequence{
		validateStep("fetch"),
		{Name: "make_task", Each: makeFetchTask},
	}
}

// fetchUploads is where fetch tasks leave what they have for the worker.
const fetchUploads = "/builds/worker/artifacts"

func makeFetchTask(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	name := stub.At("name")
	fetch := stub.At("fetch")
	typ := fetch.Map().At("type")
	builder, ok := cfg.Registry.FetchBuilders.Get(typ.Str())
	if !ok {
		return diag.Errorf(diag.UnknownName, typ.Pos(), "unknown fetch type %q", typ.Str()).WithPath("fetch.type").
			WithHint("%s", diag.DidYouMean(typ.Str(), cfg.Registry.FetchBuilders.Names()))
	}
	if builder.Schema != nil {
		found := builder.Schema.Validate(fetch)
		for _, d := range found {
			d.Path = joinPath("fetch", d.Path)
		}
		if err := invalid(found); err != nil {
			return err
		}
	}
	command, err := builder.Build(cfg, name.Str(), stub.EditMap("fetch"))
	if err != nil {
		return at(err, fetch, "fetch")
	}
	desc, err := fetchDescription(cfg, stub, command)
	if err != nil {
		return err
	}
	if !cfg.Fast {
		key := strings.Replace(desc.Str("label"), cfg.Kind+"-", "", 1)
		if err := addOptimization(cfg, desc, newCachedResult("content.v1", key, command.DigestData)); err != nil {
			return err
		}
	}
	yield(desc)
	return nil
}

// fetchDescription makes the run description of a fetch task.
func fetchDescription(cfg *taskgraph.Config, stub *value.Map, command *taskgraph.FetchCommand) (*value.Map, error) {
	name := stub.At("name")
	pos := stub.At("fetch").Pos()
	prefix := value.NewString("public")
	if v := stub.At("artifact-prefix"); !v.IsNull() {
		prefix = v
	}
	attributes, err := mapAt(stub, "attributes")
	if err != nil {
		return nil, err
	}
	attributes.Set("fetch-artifact", value.NewString(pathJoin(prefix.Str(), command.ArtifactName)))
	if alias := stub.At("fetch-alias"); alias.Truthy() {
		attributes.Set("fetch-alias", alias)
	}
	expires := stub.At("expires-after")
	if expires.IsNull() {
		// What is fetched never changes: keep it for good.
		if expires = value.NewString("1000 years"); cfg.Params.Level() != "3" {
			expires = cfg.Graph.ExpiresAfter()
		}
	}
	image := stub.At("docker-image")
	if image.IsNull() {
		image = value.MapOf("in-tree", value.NewString("fetch").At(pos)).Value().At(pos)
	}
	env := command.Env.Copy()
	env.Set("UPLOAD_DIR", value.NewString(fetchUploads))
	worker := value.MapOf(
		"chain-of-trust", true,
		"docker-image", image,
		"env", env,
		"max-run-time", 900,
		"artifacts", []value.Value{value.MapOf("type", "directory", "name", prefix, "path", fetchUploads).Value()},
	)
	if command.Secret != "" {
		worker.Set("taskcluster-proxy", value.NewBool(true))
	}
	desc := value.NewMap(16)
	desc.Set("attributes", stub.At("attributes"))
	desc.Set("name", name)
	desc.Set("description", stub.At("description"))
	desc.Set("expires-after", expires)
	desc.Set("label", value.NewString("fetch-"+name.Str()).At(name.Pos()))
	desc.Set("run-on-projects", value.NewList().Value())
	desc.Set("run", value.MapOf("using", "run-task", "checkout", false, "command", command.Command).Value().At(pos))
	desc.Set("worker-type", value.NewString("images").At(pos))
	desc.Set("worker", worker.Value().At(pos))
	if cfg.Graph.Map().Has("treeherder") {
		desc.Set("treeherder", value.MapOf("symbol", JoinSymbol("Fetch", name.Str()), "kind", "build", "platform", "fetch/opt", "tier", 1).Value().At(pos))
	}
	if command.Secret != "" {
		desc.Set("scopes", value.NewStrings("secrets:get:"+command.Secret).Value())
	}
	return desc, nil
}
