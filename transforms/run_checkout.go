package transforms

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// vcsDir names the directory that the source is checked out into.
func vcsDir(os string) string {
	if os == "windows" {
		return "src"
	}
	return "vcs"
}

// checkoutDir gives the directory of all checkouts of a task.
func checkoutDir(task *value.Map) string {
	worker := task.At("worker").Map()
	switch {
	case worker.Str("os") == "windows":
		return "build"
	case worker.Str("implementation") == "docker-worker":
		return task.At("run").Map().Str("workdir") + "/checkouts"
	}
	return "checkouts"
}

// checkouts gives the repositories that a task checks out: the one of the project, or those that run.checkout names,
// with what it changes of them.
func checkouts(cfg *taskgraph.Config, checkout value.Value) ([]taskgraph.Repository, error) {
	all, err := cfg.Repositories()
	if err != nil {
		return nil, err
	}
	if checkout.IsTrue() {
		if len(all) > 1 {
			return nil, diag.Errorf(diag.BadRun, checkout.Pos(), "must name the repositories to check out, because there are several").
				WithPath("run.checkout").WithHint("one or more of: %s", joinList(prefixes(all)))
		}
		return all, nil
	}
	var out []taskgraph.Repository
	var errs []*diag.Diagnostic
	for e := range checkout.Map().Entries() {
		name := e.Key.KeyText()
		i := slices.IndexFunc(all, func(r taskgraph.Repository) bool { return r.Prefix == name })
		if i < 0 {
			errs = append(errs, diag.Errorf(diag.BadRun, e.Key.Pos(), "unknown repository %q", name).WithPath("run.checkout").
				WithHint("%s", diag.DidYouMean(name, prefixes(all))))
			continue
		}
		r := all[i]
		for f := range e.Value.Map().Entries() {
			field := f.Key.KeyText()
			if !slices.Contains(repositoryFields, field) {
				errs = append(errs, diag.Errorf(diag.UnknownField, f.Key.Pos(), "unknown field %q", field).WithPath("run.checkout."+name).
					WithHint("%s", diag.DidYouMean(field, repositoryFields)))
				continue
			}
			s, ok := f.Value.AsString()
			if !ok {
				errs = append(errs, diag.Errorf(diag.WrongType, f.Value.Pos(), "want a string, got %s", f.Value.Describe()).WithPath("run.checkout."+name+"."+field))
				continue
			}
			setRepositoryField(&r, field, s)
		}
		out = append(out, r)
	}
	return out, invalid(errs)
}

var repositoryFields = []string{"prefix", "name", "base_repository", "head_repository", "head_ref", "type", "path", "head_rev", "ssh_secret_name"}

// setRepositoryField sets one of repositoryFields.
func setRepositoryField(r *taskgraph.Repository, field, s string) {
	switch field {
	case "prefix":
		r.Prefix = s
	case "name":
		r.Name = s
	case "base_repository":
		r.BaseRepository = s
	case "head_repository":
		r.HeadRepository = s
	case "head_ref":
		r.HeadRef = s
	case "type":
		r.Type = s
	case "path":
		r.Path = s
	case "head_rev":
		r.HeadRev = &s
	case "ssh_secret_name":
		r.SSHSecretName = &s
	}
}

func prefixes(all []taskgraph.Repository) []string {
	var out []string
	for _, r := range all {
		out = append(out, r.Prefix)
	}
	return out
}

// supportCheckout adds what run-task needs to check the repositories out and gives the directory of the source.
func supportCheckout(cfg *taskgraph.Config, task, desc *value.Map, repos []taskgraph.Repository, usual bool) (string, error) {
	worker := task.At("worker").Map()
	os, isDocker := worker.Str("os"), worker.Str("implementation") == "docker-worker"
	if os != "linux" && os != "macosx" && os != "windows" {
		return "", diag.Errorf(diag.BadRun, task.KeyPos("worker-type"), "cannot check out sources on workers of the operating system %q", os).
			WithHint("set run.checkout to false, or use a worker type of linux, macosx or windows")
	}
	dir := checkoutDir(task)
	source := dir + "/" + vcsDir(os)
	var env *value.Map
	var err error
	newEnv := func() (*value.Map, error) { return checkoutEnv(dir, source, os, isDocker, repos) }
	if usual {
		type key struct {
			dir, os string
			docker  bool
		}
		env, err = taskgraph.MemoErr(cfg, key{dir, os, isDocker}, newEnv)
	} else {
		env, err = newEnv()
	}
	if err != nil {
		return "", err
	}
	editMapOrNew(desc.EditMap("worker"), "env").Update(env)
	for _, r := range repos {
		if r.SSHSecretName != nil && *r.SSHSecretName != "" {
			editListOrNew(desc, "scopes").AppendStrings("secrets:get:" + *r.SSHSecretName)
		}
	}
	if isDocker {
		desc.EditMap("worker").Set("taskcluster-proxy", value.NewBool(true))
	}
	return source, nil
}

// checkoutEnv gives the environment by which run-task knows what to check out where.
func checkoutEnv(dir, source, os string, isDocker bool, repos []taskgraph.Repository) (*value.Map, error) {
	store := dir + "/hg-shared"
	if os == "windows" {
		store = "y:/hg-shared"
	} else if isDocker {
		store = dir + "/hg-store"
	}
	names := value.NewMap(len(repos))
	for _, r := range repos {
		names.Set(r.Prefix, value.NewString(r.Name))
	}
	text, err := value.CompactJSON(names.Value())
	if err != nil {
		return nil, err
	}
	env := value.NewMap(3 + 6*len(repos))
	env.Set("HG_STORE_PATH", value.NewString(store))
	env.Set("REPOSITORIES", value.NewString(text))
	env.Set("VCS_PATH", value.NewString(source))
	for _, r := range repos {
		prefix := strings.ToUpper(r.Prefix) + "_"
		env.Set(prefix+"BASE_REPOSITORY", value.NewString(r.BaseRepository))
		env.Set(prefix+"HEAD_REPOSITORY", value.NewString(r.HeadRepository))
		if r.HeadRev != nil {
			env.Set(prefix+"HEAD_REV", value.NewString(*r.HeadRev))
		}
		env.Set(prefix+"HEAD_REF", value.NewString(r.HeadRef))
		env.Set(prefix+"REPOSITORY_TYPE", value.NewString(r.Type))
		if r.SSHSecretName != nil {
			env.Set(prefix+"SSH_SECRET_NAME", value.NewString(*r.SSHSecretName))
		}
	}
	return env, nil
}

// checkoutCacheName gives the name of the cache of checkouts. Tasks that check out different sets of repositories must
// not share one, because a checkout does not clean up what others left. The reference hashes the set in an order that
// varies; here it is sorted.
func checkoutCacheName(cfg *taskgraph.Config) (string, error) {
	repos, err := cfg.Repositories()
	if err != nil || len(repos) <= 1 {
		return "checkouts", err
	}
	var lines []string
	for _, r := range repos {
		lines = append(lines, r.Path+"\t"+r.Prefix)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(lines), "\n")))
	return "checkouts-repos-" + hex.EncodeToString(sum[:]), nil
}
