package pushes

import (
	"log/slog"
	"net/http"
	"net/url"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/repourl"
	"github.com/taskgraph-go/decision/internal/vcs"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
)

// Options say where to look.
type Options struct {
	// Source is git, github or hg; "" follows from the parameters: hg for Mercurial, github for repositories there, and else git.
	Source string
	Params *parameters.Params
	// Repository is the checkout, for git.
	Repository vcs.Repository
	// API is the address of GitHub's interface, without a slash at the end; "" is that of github.com.
	API string
	// Token is shown to GitHub; "" asks as nobody, which it allows some times an hour.
	Token string
	// HTTP carries requests; nil is http.DefaultTransport.
	HTTP http.RoundTripper
	// Log is told of services that have to be asked again; nil discards.
	Log *slog.Logger
}

// For gives what finds the pushes to the repository of a push.
func For(o Options) (taskgraph.ActionPushes, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.HTTP == nil {
		o.HTTP = http.DefaultTransport
	}
	if o.Source == "" {
		o.Source = "git"
		if repo, err := repourl.Parse(o.Params.HeadRepository()); o.Params.RepositoryType() == "hg" {
			o.Source = "hg"
		} else if err == nil && repo.Platform == repourl.GitHub {
			o.Source = "github"
		}
	}
	switch o.Source {
	case "hg":
		return &mercurial{o}, nil
	case "github":
		if o.API == "" {
			o.API = "https://api.github.com"
		}
		return &gitHub{o}, nil
	case "git":
		if o.Repository == nil || o.Repository.Tool() != "git" {
			return nil, diag.Errorf(diag.ActionFailed, 0, "the pushes before this one are in the history of a git checkout, and there is none")
		}
		return &git{o}, nil
	}
	return nil, diag.Errorf(diag.ActionFailed, 0, "it is not known how to list pushes in %q", o.Source).WithHint("%s", diag.DidYouMean(o.Source, []string{"git", "github", "hg"}))
}

// MaxPushes is how many pushes can be asked for.
const MaxPushes = 1000

// tooMany refuses numbers that nobody can mean.
func tooMany(n int) error {
	if n < 0 || n > MaxPushes {
		return diag.Errorf(diag.ActionFailed, 0, "want 0 to %d pushes, got %d", MaxPushes, n)
	}
	return nil
}

// repositoryURL gives the address of the repository that was pushed to.
func repositoryURL(params *parameters.Params) (*url.URL, error) {
	u, err := url.Parse(params.HeadRepository())
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, diag.Errorf(diag.BadParameters, params.At("head_repository").Pos(), "want an address, got %q", params.HeadRepository()).WithPath("head_repository")
	}
	return u, nil
}
