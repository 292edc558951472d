package star

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/duration"
	"github.com/taskgraph-go/decision/internal/pyre"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// natives are the functions of the library that are written in Go. Their docstrings stand in the files of the library.
var natives map[string]*starlark.Builtin

func init() { // they use the library, which uses them
	natives = map[string]*starlark.Builtin{}
	for name, f := range map[string]func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error){
		"catch": catch, "copy": copyValue, "decode": decodeJSON, "digest": digest, "encode": encodeJSON, "evaluate_keyed_by": evaluateKeyedBy, "exists": exists,
		"hash_files": hashFiles, "keymatch": keymatch, "merge": mergeValues, "read_json": readJSON, "read_text": readText, "read_yaml": readYAML,
		"resolve_keyed_by": resolveKeyedBy, "schema": makeSchema, "search": search, "seconds": seconds, "sha256": sha256Of, "standard_filter": standardFilter,
	} {
		natives[name] = starlark.NewBuiltin(name, f)
	}
}

// file gives the place of a file that code in the tree names.
func (t *task) file(name string) (string, error) {
	if !strings.HasPrefix(name, "./") && !strings.HasPrefix(name, "../") {
		return inTree(name, name)
	}
	for i := range t.thread.CallStackDepth() {
		if from := t.thread.CallFrame(i).Pos.Filename(); t.rt.source(from) != nil {
			return inTree(path.Join(path.Dir(from), name), name)
		}
	}
	return inTree(name, name)
}

// fileArgument gives the file that the only argument names.
func fileArgument(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (*task, string, error) {
	var name string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "path", &name); err != nil {
		return nil, "", err
	}
	t := taskOf(thread)
	file, err := t.file(name)
	return t, file, err
}

func readYAML(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	t, file, err := fileArgument(thread, b, args, kwargs)
	if err != nil {
		return nil, err
	}
	t.rt.used(file)
	v, err := t.rt.project.Document(file)
	if err != nil {
		return nil, err
	}
	return view(v, true), nil
}

func readJSON(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	t, file, err := fileArgument(thread, b, args, kwargs)
	if err != nil {
		return nil, err
	}
	v, err := t.rt.jsonFile(file)
	if err != nil {
		return nil, err
	}
	return view(v, true), nil
}

// jsonFile gives the content of a JSON file, which it reads once.
func (rt *runtime) jsonFile(file string) (value.Value, error) {
	rt.mu.Lock()
	v, ok := rt.documents[file]
	rt.mu.Unlock()
	if ok {
		return v, nil
	}
	text, err := rt.project.ReadFile(file)
	if err != nil {
		return v, err
	}
	if v, err = (&value.Reader{Sources: rt.project.Sources}).JSON(file, text); err != nil {
		return v, err
	}
	rt.used(file)
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if known, ok := rt.documents[file]; ok {
		return known, nil
	}
	rt.documents[file] = v
	return v, nil
}

func readText(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	t, file, err := fileArgument(thread, b, args, kwargs)
	if err != nil {
		return nil, err
	}
	text, err := t.rt.project.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(text) {
		return nil, diag.Errorf(diag.Unreadable, 0, "the file is not UTF-8").InFile(file)
	}
	t.rt.used(file)
	return starlark.String(text), charge(thread, len(text))
}

func exists(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	t, file, err := fileArgument(thread, b, args, kwargs)
	if err != nil {
		return nil, err
	}
	t.rt.used(file)
	return starlark.Bool(t.rt.project.Exists(file)), nil
}

func hashFiles(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var list starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "patterns", &list); err != nil {
		return nil, err
	}
	v, err := document(thread, list)
	if err != nil {
		return nil, err
	}
	if v.List() == nil {
		return nil, fmt.Errorf("hash_files: want a list of patterns, got %s", describe(list))
	}
	files := taskOf(thread).rt.project.Files
	if files == nil {
		return nil, errors.New("hash_files: the files of the tree are not known here")
	}
	var patterns []value.Value
	for p := range v.List().Values() {
		if !p.IsString() {
			return nil, fmt.Errorf("hash_files: want a list of patterns, got one that holds %s", p.Describe())
		}
		patterns = append(patterns, p)
		taskOf(thread).rt.used(p.Str())
	}
	sum, err := files.Hash(patterns)
	return starlark.String(sum), err
}

func sha256Of(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var data starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "data", &data); err != nil {
		return nil, err
	}
	var text string
	switch x := data.(type) {
	case starlark.String:
		text = string(x)
	case starlark.Bytes:
		text = string(x)
	default:
		return nil, fmt.Errorf("sha256: want a text or bytes, got %s", describe(data))
	}
	return hexDigest(thread, text)
}

func hexDigest(thread *starlark.Thread, text string) (starlark.Value, error) {
	sum := sha256.Sum256([]byte(text))
	return starlark.String(hex.EncodeToString(sum[:])), work(thread, len(text)/64)
}

func digest(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "value", &x); err != nil {
		return nil, err
	}
	text, err := jsonText(thread, x, true)
	if err != nil {
		return nil, err
	}
	return hexDigest(thread, text)
}

// jsonText gives the JSON of a value.
func jsonText(thread *starlark.Thread, x starlark.Value, sorted bool) (string, error) {
	v, err := document(thread, x)
	if err != nil {
		return "", err
	}
	text, err := value.AppendJSON(nil, v, value.JSONStyle{SortKeys: sorted}, 0)
	if err != nil {
		return "", err
	}
	return string(text), charge(thread, len(text))
}

func encodeJSON(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x starlark.Value
	sorted := false
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "value", &x, "sort_keys?", &sorted); err != nil {
		return nil, err
	}
	text, err := jsonText(thread, x, sorted)
	return starlark.String(text), err
}

func decodeJSON(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var text string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "text", &text); err != nil {
		return nil, err
	}
	if err := charge(thread, times(8, len(text))); err != nil {
		return nil, err
	}
	v, err := (&value.Reader{}).JSON("text", []byte(text))
	if err != nil {
		return nil, fmt.Errorf("decode: %s", diag.Flatten(err)[0].Error())
	}
	return view(v, false), nil
}

func copyValue(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "value", &x); err != nil {
		return nil, err
	}
	if formOf(x) == tuple || formOf(x) == plain {
		if _, isSet := x.(*starlark.Set); !isSet {
			return x, nil
		}
	}
	v, err := document(thread, x)
	if err != nil {
		return nil, err
	}
	return view(v, false), nil
}

func mergeValues(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(kwargs) > 0 {
		return nil, errors.New("merge: unexpected keyword arguments")
	}
	maps := make([]*value.Map, len(args))
	for i, x := range args {
		if formOf(x) != mapping {
			return nil, fmt.Errorf("merge: want dicts, got %s", describe(x))
		}
		v, err := document(thread, x)
		if err != nil {
			return nil, err
		}
		if err := charge(thread, size(x)); err != nil {
			return nil, err
		}
		maps[i] = v.Map()
	}
	out := &Dict{m: value.Merge(maps...), own: true}
	if len(args) > 0 {
		if d, ok := args[0].(*Dict); ok {
			out.pos = d.pos
		}
	}
	return out, nil
}

func seconds(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var text string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "text", &text); err != nil {
		return nil, err
	}
	n, err := duration.Parse(text)
	return starlark.MakeInt64(n), err
}

func keymatch(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var alternatives starlark.IterableMapping
	var target string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "alternatives", &alternatives, "target", &target); err != nil {
		return nil, err
	}
	if x, found, err := alternatives.Get(starlark.String(target)); err != nil || found {
		return starlark.NewList([]starlark.Value{x}), err
	}
	var out []starlark.Value
	for _, item := range alternatives.Items() {
		pattern, ok := starlark.AsString(item[0])
		if !ok {
			return nil, fmt.Errorf("keymatch: the key %s is no text", item[0])
		}
		re, err := pyre.EndAnchored(pattern)
		if err != nil {
			return nil, err
		}
		matched, err := re.Match(target)
		if err != nil {
			return nil, err
		}
		if matched {
			out = append(out, item[1])
		}
	}
	if len(out) == 0 {
		if x, found, err := alternatives.Get(starlark.String("default")); err != nil || found {
			return starlark.NewList([]starlark.Value{x}), err
		}
	}
	return starlark.NewList(out), nil
}

// search says whether a pattern is found in a text.
func search(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var pattern, text string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "pattern", &pattern, "text", &text); err != nil {
		return nil, err
	}
	re, err := pyre.Cached(pattern)
	if err != nil {
		return nil, err
	}
	found, err := re.Search(text)
	return starlark.Bool(found), err
}

// catch calls a function and gives the message with which it fails, or None. What met a limit cannot be caught.
func catch(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var f starlark.Callable
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "function", &f); err != nil {
		return nil, err
	}
	_, err := starlark.Call(thread, f, nil, nil)
	if err == nil {
		return starlark.None, nil
	}
	if taskOf(thread).over != nil {
		return nil, err
	}
	messages := []string{}
	if failed, ok := errors.AsType[*failure](err); ok {
		messages = append(messages, failed.found.Message)
	} else if found := placed(err); found != nil {
		for _, d := range found {
			about := *d
			about.Where = diag.Position{}
			messages = append(messages, about.Error())
		}
	} else {
		messages = append(messages, err.Error())
	}
	return starlark.String(strings.Join(messages, "\n")), nil
}

// standardFilter is what the target task method default chooses by.
func standardFilter(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x *Task
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "task", &x); err != nil {
		return nil, err
	}
	t := taskOf(thread)
	if t.selection == nil {
		return nil, errors.New("standard_filter is for target task methods")
	}
	if t.filter == nil {
		t.filter = taskgraph.StandardFilter(t.selection)
	}
	ok, err := t.filter(x.t)
	return starlark.Bool(ok), err
}
