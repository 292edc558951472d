package parameters

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
)

// FileURL gives the address where people read a file of the tree, or where programs get it without pretty. The
// path is relative to the root of the repository. What is below comm/ belongs to a repository of its own, which
// the parameters comm_head_repository and comm_head_rev name.
//
// As in the reference, git repositories have to be on GitHub, and comm/ counts wherever it stands in the path.
func (p *Params) FileURL(path string, pretty bool) (string, error) {
	comm, style := 0, raw
	if pretty {
		style = forPeople
	}
	if _, inside, ok := strings.Cut(path, "comm/"); ok {
		path, _, _ = strings.Cut(inside, "comm/")
		comm = 1
	}
	for _, name := range [...]string{"repository_type", treeParameters[comm][0], treeParameters[comm][1]} {
		p.reading.note(name)
	}
	at, err := p.now().trees[comm][style]()
	if err != nil {
		return "", err
	}
	return at + path, nil
}

// The styles of an address: the bytes of a file, or a page that shows it.
const (
	raw = iota
	forPeople
)

// treeParameters are the repositories and revisions of the tree, and of comm/.
var treeParameters = [...][2]string{{"head_repository", "head_rev"}, {"comm_head_repository", "comm_head_rev"}}

// treeURL gives the address of the root of the tree, with a slash at the end.
func (p *Params) treeURL(repositoryName, revName string, style int) (string, error) {
	kind, err := p.Require("repository_type")
	if err != nil {
		return "", err
	}
	repository, err := p.Require(repositoryName)
	if err != nil {
		return "", err
	}
	rev, err := p.Require(revName)
	if err != nil {
		return "", err
	}
	at := repository.Str()
	var endpoint string
	switch kind.Str() {
	case "hg":
		endpoint = [...]string{raw: "/raw-file/", forPeople: "/file/"}[style]
	case "git":
		endpoint = [...]string{raw: "/raw/", forPeople: "/blob/"}[style]
		if path, ok := strings.CutPrefix(at, "git@github.com:"); ok {
			at = "https://github.com/" + strings.TrimSuffix(path, ".git")
		} else if strings.HasPrefix(at, "https://github.com/") {
			at = strings.TrimSuffix(at, "/")
		} else {
			d := diag.Errorf(diag.BadParameters, repository.Pos(), "want a repository on GitHub, got %q: it is not known where to see files of others", at).
				WithPath(repositoryName).WithHint("https://github.com/OWNER/NAME or git@github.com:OWNER/NAME").InFile(p.Source())
			if at == "" && p.spec == "" {
				d.WithHint("the checkout has no remote repository to tell it by: give parameters with -p, or git remote add origin https://github.com/OWNER/NAME")
			}
			return "", d
		}
	default:
		return "", diag.Errorf(diag.BadParameters, kind.Pos(), "want hg or git, got %s", kind.Describe()).WithPath("repository_type").InFile(p.Source())
	}
	return at + endpoint + rev.Str() + "/", nil
}
