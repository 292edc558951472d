package transforms

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// fetchGit makes the command that packs up one revision of a git repository.
func fetchGit(_ *taskgraph.Config, _ string, fetch *value.Map) (*taskgraph.FetchCommand, error) {
	repo, revision := fetch.Str("repo"), fetch.At("revision")
	prefix := fetch.Str("path-prefix")
	if prefix == "" {
		prefix = strings.TrimRight(repo, "/")
		prefix = prefix[strings.LastIndexByte(prefix, '/')+1:]
	}
	artifact := fetch.Str("artifact-name")
	if artifact == "" {
		artifact = prefix + ".tar.zst"
	}
	if !beginsWithSHA1(revision.Str()) {
		return nil, diag.Errorf(diag.BadTask, revision.Pos(), "want the 40 hex digits of a commit, got %q", revision.Str()).WithPath("fetch.revision").
			WithHint("branches and tags move; a fetch must always give the same content")
	}
	command := value.NewStrings("fetch-content", "git-checkout-archive", "--path-prefix", prefix, repo, revision.Str(), fetchUploads+"/"+artifact)
	digest := []string{revision.Str(), prefix, artifact}
	secret := fetch.Str("ssh-key")
	if secret != "" {
		command.AppendStrings("--ssh-key-secret", secret)
	}
	if fetch.At("include-dot-git").Truthy() {
		command.AppendStrings("--include-dot-git")
		digest = append(digest, ".git")
	}
	return &taskgraph.FetchCommand{Command: command, ArtifactName: artifact, DigestData: digest, Secret: secret}, nil
}

// beginsWithSHA1 says whether 40 hex digits come first; as in the reference, more may follow.
func beginsWithSHA1(s string) bool {
	if len(s) < 40 {
		return false
	}
	for _, c := range []byte(s[:40]) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
			return false
		}
	}
	return true
}
