package parameters

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

// Options say how to load parameters. The zero value loads complete ones from files.
type Options struct {
	// Strict demands that nothing is missing and that nothing is there that nobody declares. Otherwise defaults
	// stand in for what is missing, and what is unknown is kept.
	Strict bool
	// Overrides replace parameters, or add some.
	Overrides *value.Map
	// Extensions declare more parameters than the base ones.
	Extensions []Extension
	// Later waits for more extensions and gives all, those above included; nil where there are none to wait for. Parameters that are
	// right as they are do not wait for them: see [Params.Complete], which has to be asked before anything is made of the parameters
	// that is to last.
	Later func() ([]Extension, error)
	// TrustDomain is what the specs project=NAME need to find the project in the index.
	TrustDomain string
	// Dir is the directory that names of files are relative to; "" is the working directory.
	Dir string
	// Checkout is where defaults come from; nil is the working directory. Sets that are loaded together
	// should share one.
	Checkout *Checkout
	// Clock gives the time, for defaults; nil is time.Now.
	Clock func() time.Time
	// Env gives environment variables, which say where Taskcluster is; nil has none.
	Env func(name string) string
	// HTTP carries requests; nil is http.DefaultTransport.
	HTTP http.RoundTripper
	// Offline refuses every spec that needs the network.
	Offline bool
	// Reader reads documents and keeps their text for messages; nil is one of its own.
	Reader *value.Reader
	// Log is told of services that have to be asked again; nil discards.
	Log *slog.Logger
}

func (o *Options) now() time.Time {
	if o.Clock == nil {
		return time.Now()
	}
	return o.Clock()
}

// Load gives the parameters that spec stands for, checked. A spec is
//
//   - nothing, for defaults;
//   - the name of a file that ends in .yml or .json;
//   - an http or https address of such a file;
//   - task-id=ID, for the parameters.yml of that decision task;
//   - project=NAME, for those of the newest decision task of a project;
//   - index=PATH, for those of the decision task at that index path.
//
// A document may be compressed with gzip, which its name may say with .gz. All that is wrong with the parameters
// is reported at once.
func Load(ctx context.Context, spec string, o Options) (*Params, error) {
	if o.Reader == nil {
		o.Reader = &value.Reader{Sources: &diag.Sources{}}
	}
	if o.Env == nil {
		o.Env = func(string) string { return "" }
	}
	values, source := value.NewMap(0), ""
	if spec != "" {
		doc, err := o.fetch(ctx, spec)
		if err != nil {
			return nil, err
		}
		if values, err = o.parse(doc); err != nil {
			return nil, err
		}
		source = doc.name
	}
	return o.complete(ctx, spec, source, values)
}

// Parse gives the parameters of a document that is there already, checked. Its name ends in .yml or .json.
func Parse(ctx context.Context, name string, text []byte, o Options) (*Params, error) {
	if o.Reader == nil {
		o.Reader = &value.Reader{Sources: &diag.Sources{}}
	}
	text, err := unpack(text)
	if err != nil {
		return nil, unreadable(name, err)
	}
	values, err := o.parse(document{name: name, format: format(name), text: text})
	if err != nil {
		return nil, err
	}
	return o.complete(ctx, name, name, values)
}

// Make gives the parameters that have the values, with what Options say, checked as [Load] does. source names where they come from.
func Make(ctx context.Context, source string, values *value.Map, o Options) (*Params, error) {
	if o.Reader == nil {
		o.Reader = &value.Reader{Sources: &diag.Sources{}}
	}
	return o.complete(ctx, source, source, values)
}

// complete makes parameters of values: with what replaces some, and defaults for what is missing.
func (o *Options) complete(ctx context.Context, spec, source string, values *value.Map) (*Params, error) {
	values.Update(o.Overrides)
	values.Delete("spec")
	defaults := value.NewMap(0)
	if !o.Strict {
		var err error
		if defaults, err = o.baseDefaults(ctx, values); err != nil {
			return nil, err
		}
	}
	// with gives parameters with what extensions say of them.
	with := func(extensions []Extension) (*Params, error) {
		all := values.Copy()
		if !o.Strict {
			if err := o.fill(all, defaults.Copy(), extensions); err != nil {
				return nil, err
			}
		}
		p := New(spec, all)
		p.source = source
		return p, o.found(p.Check(extensions, o.Strict)...)
	}
	if o.Later == nil {
		return right(with(o.Extensions))
	}
	complete := func() (*Params, error) {
		extensions, err := o.Later()
		if err != nil {
			return nil, err
		}
		return right(with(extensions))
	}
	p, err := with(o.Extensions)
	if err != nil {
		return complete()
	}
	p.later = &later{find: func() (*value.Map, error) {
		all, err := complete()
		if err != nil {
			return nil, err
		}
		return all.Map(), nil
	}}
	return p, nil
}

// right gives parameters in which nothing is wrong.
func right(p *Params, err error) (*Params, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}

// document is the text of parameters.
type document struct {
	name   string
	format documentFormat
	text   []byte
}

// maxDocument is how large a document may be, unpacked.
const maxDocument = 256 << 20

// fetch reads what spec leads to. As in the reference a file counts first, whatever its name looks like.
func (o *Options) fetch(ctx context.Context, spec string) (document, error) {
	doc := document{name: spec, format: format(spec)}
	text, err := os.ReadFile(inDir(o.Dir, spec))
	switch {
	case err == nil:
		doc.text = text
	case !errors.Is(err, fs.ErrNotExist):
		return doc, unreadable(spec, err)
	default:
		if doc, err = o.fetchRemote(ctx, spec); err != nil {
			return doc, err
		}
	}
	if doc.format == unknownFormat {
		return doc, diag.Errorf(diag.Unreadable, 0, "it is not known how to read this: want a name that ends in .yml or .json").InFile(doc.name)
	}
	doc.text, err = unpack(doc.text)
	if err != nil {
		return doc, unreadable(doc.name, err)
	}
	return doc, nil
}

// fetchRemote reads what is not in a file.
func (o *Options) fetchRemote(ctx context.Context, spec string) (document, error) {
	address := webAddress(spec)
	id, isTask := strings.CutPrefix(spec, taskPrefix)
	project, isProject := strings.CutPrefix(spec, projectPrefix)
	index, isIndex := strings.CutPrefix(spec, indexPrefix)
	switch {
	case address == nil && !isTask && !isProject && !isIndex:
		return document{}, unknownSpec(o.Dir, spec)
	case address == nil && strings.HasSuffix(spec, "="):
		return document{}, diag.Errorf(diag.Unreadable, 0, "%q names nothing", spec)
	case o.Offline:
		return document{}, diag.Errorf(diag.Network, 0, "the parameters %q cannot be had offline", spec).
			WithHint("download them and give the name of the file")
	case address != nil:
		text, err := taskcluster.Download(ctx, taskcluster.Options{HTTP: o.HTTP, Log: o.Log}, spec)
		return document{name: spec, format: format(address.Path), text: text}, err
	}
	if isProject {
		if o.TrustDomain == "" {
			return document{}, diag.Errorf(diag.BadParameters, 0, "%q cannot be found without a trust domain", spec).
				WithHint("the trust-domain of config.yml is part of the index path: use index=PATH")
		}
		index = taskcluster.LatestDecisionPath(o.TrustDomain, project)
	}
	service, err := taskcluster.FromEnvironment(o.Env)
	if err != nil {
		return document{}, err
	}
	service.HTTP, service.Log = o.HTTP, o.Log
	client := taskcluster.NewClient(service)
	if !isTask {
		if id, err = client.FindTask(ctx, index); err != nil {
			return document{}, err
		}
	}
	const artifact = "public/parameters.yml"
	text, err := client.Artifact(ctx, id, artifact)
	return document{name: id + "/" + artifact, format: yamlFormat, text: text}, err
}

// unpack undoes gzip where the text begins as gzip does.
func unpack(text []byte) ([]byte, error) {
	if !bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		return text, nil
	}
	unzip, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(unzip, maxDocument+1))
	if err == nil && len(plain) > maxDocument {
		err = fmt.Errorf("more than %d bytes when unpacked", maxDocument)
	}
	return plain, err
}

// parse gives the map that a document holds.
func (o *Options) parse(doc document) (*value.Map, error) {
	read := o.Reader.YAML
	if doc.format == jsonFormat {
		read = o.Reader.JSON
	}
	v, err := read(doc.name, doc.text)
	if err != nil {
		return nil, err
	}
	if v.Map() == nil {
		return nil, o.found(diag.Errorf(diag.WrongType, v.Pos(), "want a map of parameters, got %s", v.Describe()).InFile(doc.name))
	}
	var wrong []*diag.Diagnostic
	for e := range v.Map().Entries() {
		switch name, ok := e.Key.AsString(); {
		case !ok:
			wrong = append(wrong, diag.Errorf(diag.WrongType, e.Key.Pos(), "want a string as the name of a parameter, got %s", e.Key.Describe()).InFile(doc.name))
		case name == "strict" || name == "repo_root":
			wrong = append(wrong, diag.Errorf(diag.BadParameters, e.Key.Pos(), "a parameter cannot be called %q", name).InFile(doc.name))
		}
	}
	if err := o.found(wrong...); err != nil {
		return nil, err
	}
	return v.Map().Copy(), nil
}

// found makes one error of what was found, nil of nothing.
func (o *Options) found(all ...*diag.Diagnostic) error {
	var list diag.List
	for _, d := range all {
		list.Add(d)
	}
	return list.Err(o.Reader.Sources)
}
