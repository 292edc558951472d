package repourl

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The expectations are what mozilla-repo-urls says.
func TestParse(t *testing.T) {
	for address, want := range map[string]Repo{
		"https://hg.mozilla.org/mozilla-central":                      {Hgmo, "hg.mozilla.org", "mozilla-central", false},
		"https://hg.mozilla.org/releases/mozilla-beta/":               {Hgmo, "hg.mozilla.org", "releases/mozilla-beta", false},
		"https://hg.mozilla.org/mozilla-central/raw-file/tip/a/b":     {Hgmo, "hg.mozilla.org", "mozilla-central", false},
		"https://hg.mozilla.org/releases/mozilla-beta/file/tip/a":     {Hgmo, "hg.mozilla.org", "releases/mozilla-beta", false},
		"https://hg.mozilla.org/a/file":                               {Hgmo, "hg.mozilla.org", "a/file", false},
		"ssh://hg.mozilla.org/mozilla-unified":                        {Hgmo, "hg.mozilla.org", "mozilla-unified", false},
		"hg::https://hg.mozilla.org/mozilla-unified":                  {Hgmo, "hg.mozilla.org", "mozilla-unified", true},
		"hg::ssh://hg.mozilla.org/mozilla-unified":                    {Hgmo, "hg.mozilla.org", "mozilla-unified", true},
		"hg://hg.mozilla.org/mozilla-central":                         {Hgmo, "hg.mozilla.org", "mozilla-central", true},
		"hg://hg.mozilla.org:ssh/mozilla-central":                     {Hgmo, "hg.mozilla.org", "mozilla-central", true},
		"https://hg.mozilla.org/a/b/c":                                {Other, "hg.mozilla.org", "a/b/c", false},
		"https://hg.mozilla.org:443/a/b":                              {Other, "hg.mozilla.org", "a/b", false},
		"http://hg.mozilla.org/mozilla-central":                       {Other, "hg.mozilla.org", "", false},
		"git@hg.mozilla.org:a/b":                                      {Other, "hg.mozilla.org", "a/b", false},
		"https://github.com/mozilla-mobile/fenix":                     {GitHub, "github.com", "mozilla-mobile/fenix", false},
		"https://github.com/mozilla-mobile/fenix.git/":                {GitHub, "github.com", "mozilla-mobile/fenix", false},
		"HTTPS://github.com/a/b":                                      {GitHub, "github.com", "a/b", false},
		"https://user:token@github.com/a/b.git":                       {GitHub, "github.com", "a/b", false},
		"git+https://github.com/a/b":                                  {GitHub, "github.com", "a/b", false},
		"git@github.com:mozilla-mobile/firefox-android.git":           {GitHub, "github.com", "mozilla-mobile/firefox-android", false},
		"ssh://git@github.com/a/b":                                    {GitHub, "github.com", "a/b", false},
		"git://github.com/a/b.git":                                    {GitHub, "github.com", "a/b", false},
		"https://gist.github.com/a/0123456789":                        {GitHub, "gist.github.com", "a/0123456789", false},
		"https://github.com/mozilla/gecko/tree/main/taskcluster/docs": {GitHub, "github.com", "mozilla/gecko/tree/main/taskcluster/docs", false},
	} {
		got, err := Parse(address)
		require.NoError(t, err, address)
		assert.Equal(t, want, got, address)
	}
}

func TestParseErrors(t *testing.T) {
	for address, want := range map[string]error{
		"":                                          ErrInvalid,
		"/some/directory":                           ErrInvalid,
		"https:/github.com/some-owner/some-repo":    ErrInvalid,
		"https://github.com/some-owner":             ErrInvalid,
		"http://github.com/a/b":                     ErrInvalid,
		"https://github.com/a/b/c":                  ErrInvalid,
		"https://gitlab.com/some-owner/some-repo":   ErrUnsupported,
		"https://GitHub.com/a/b":                    ErrUnsupported,
		"git@bitbucket.org:owner/repo.git":          ErrUnsupported,
		"ssh://git@example.com:22/owner/repo.git":   ErrUnsupported,
		"https://github.com.evil.example/owner/rep": ErrUnsupported,
	} {
		_, err := Parse(address)
		assert.ErrorIs(t, err, want, "%q", address)
	}
	_, err := Parse("https://gitlab.com/a/b")
	assert.EqualError(t, err, `unsupported host of a repository: "https://gitlab.com/a/b": expected one of gist.github.com, github.com, hg.mozilla.org`)
}

func TestRepo(t *testing.T) {
	r, err := Parse("git@github.com:mozilla/gecko-dev.git")
	require.NoError(t, err)
	assert.Equal(t, "gecko-dev", r.Name())
	assert.Equal(t, "git", r.Tool())
	assert.Equal(t, "repo:github.com/mozilla/gecko-dev", r.RolePrefix())

	r, err = Parse("https://hg.mozilla.org/integration/autoland")
	require.NoError(t, err)
	assert.Equal(t, "autoland", r.Name())
	assert.Equal(t, "hg", r.Tool())

	r, err = Parse("hg::https://hg.mozilla.org/try")
	require.NoError(t, err)
	assert.Equal(t, "git", r.Tool(), "git-cinnabar is git")
}
