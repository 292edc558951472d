package repourl

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Platform is the software that serves a repository.
type Platform string

// The platforms.
const (
	GitHub Platform = "github"
	Hgmo   Platform = "hgmo"  // hg.mozilla.org
	Other  Platform = "other" // hg.mozilla.org in a form that is none of its own, taken for git
)

const (
	hgHost   = "hg.mozilla.org"
	gitHost  = "github.com"
	gistHost = "gist.github.com"
)

// ErrInvalid says that a text is no address of a repository.
var ErrInvalid = errors.New("not the address of a repository")

// ErrUnsupported says that an address leads to a host that is not known.
var ErrUnsupported = errors.New("unsupported host of a repository")

// Repo is a repository's address, taken apart.
type Repo struct {
	Platform Platform
	Host     string
	Path     string // without slashes at either end and without .git, such as mozilla/gecko-dev
	Cinnabar bool   // a Mercurial repository that git reads through git-cinnabar
}

// Name gives the last part of the path.
func (r Repo) Name() string { return r.Path[strings.LastIndexByte(r.Path, '/')+1:] }

// Tool gives the version control that the address is for, "git" or "hg".
func (r Repo) Tool() string {
	if r.Platform == Hgmo && !r.Cinnabar {
		return "hg"
	}
	return "git"
}

// RolePrefix gives what the names of the repository's Taskcluster roles begin with.
func (r Repo) RolePrefix() string { return "repo:" + r.Host + "/" + r.Path }

// form is one way to write an address. The groups are scheme, host and path, each of which may be missing.
type form struct {
	platform Platform
	pattern  *regexp.Regexp
}

func newForm(p Platform, pattern string) form {
	// The schemes are matched in any case, the hosts are not.
	return form{p, regexp.MustCompile(`^(?i:` + pattern + `)$`)}
}

const (
	github = `(?-i:(?P<host>github\.com|gist\.github\.com))`
	hgmo   = `(?-i:(?P<host>hg\.mozilla\.org))`

	// gitRepo is owner, name and perhaps a place in the repository, which counts as part of the path.
	gitRepo = `[^/]+/[^/]+?(\.git)?/?(/(blob|tree)/.+)?`
	// hgRepo is one or two names.
	hgRepo = `([^/]+?/?){1,2}`
	// login is a user and a password or token.
	login = `([^/]+?:[^/]+?@)?`
)

// forms are tried in this order. They are compiled when the first address is parsed.
var forms = sync.OnceValue(func() []form {
	return []form{
		newForm(Hgmo, `(?P<scheme>hg)://`+hgmo+`(|:https|:ssh)(?P<path>/`+hgRepo+`)`),
		newForm(Hgmo, `(?P<scheme>(hg::)?https)://`+hgmo+`(?P<path>/`+hgRepo+`)(/(raw-file|file)/.+)?`),
		newForm(Hgmo, `(?P<scheme>(hg::)?ssh)(://)?`+hgmo+`(?P<path>[:/]`+hgRepo+`)`),

		newForm(GitHub, `(git\+)?https://`+login+github+`(?P<path>/`+gitRepo+`)`),
		newForm(GitHub, `((git\+)?ssh)?(://)?git@`+github+`(?P<path>[:/]`+gitRepo+`)`),
		newForm(GitHub, `git://`+github+`(?P<path>/`+gitRepo+`)`),

		// What hg.mozilla.org has beyond its own forms is read like any other host: with at least two names, or
		// as an address without a path.
		newForm(Other, `(git\+)?https://`+login+hgmo+`(:[0-9]+)?(?P<path>/[^/]+/.+)`),
		newForm(Other, `((git\+)?ssh://)?[^@/]+@`+hgmo+`:?[0-9]*(?P<path>/[^/]+/.+)`),
		newForm(Other, `((git\+)?ssh://)?[^@/]+@`+hgmo+`:(?P<path>[^/]+/.+)`),
		newForm(Other, `git://`+hgmo+`:?[0-9]*(?P<path>/[^/]+/.+)`),
		newForm(Other, `((git\+)?ssh://)?[^@/]+@`+hgmo+`:.+`),
		newForm(Other, `(http|https|git)://`+hgmo+`/.+`),
	}
})

// Parse takes an address apart. The error is [ErrInvalid] or [ErrUnsupported].
func Parse(address string) (Repo, error) {
	text := strings.TrimRight(address, "/")
	for _, f := range forms() {
		m := f.pattern.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		group := func(name string) string {
			if i := f.pattern.SubexpIndex(name); i >= 0 {
				return m[i]
			}
			return ""
		}
		path := strings.TrimRight(strings.Trim(group("path"), ":"), "/")
		return Repo{
			Platform: f.platform,
			Host:     group("host"),
			Path:     strings.Trim(strings.TrimSuffix(path, ".git"), "/"),
			Cinnabar: strings.HasPrefix(group("scheme"), "hg::") || strings.EqualFold(group("scheme"), "hg"),
		}, nil
	}
	if m := anyHost().FindStringSubmatch(text); m != nil && !slices.Contains([]string{gitHost, gistHost}, m[1]+m[2]) {
		return Repo{}, fmt.Errorf("%w: %q: expected one of %s, %s, %s", ErrUnsupported, address, gistHost, gitHost, hgHost)
	}
	return Repo{}, fmt.Errorf("%w: %q", ErrInvalid, address)
}

// anyHost finds the host of an address that no form matches.
var anyHost = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?i:(?:(?:git\+)?(?:https?|git|ssh)://(?:[^/@]+@)?([^/:]+)|[^/]+@([^/:]+):).+)`)
})
