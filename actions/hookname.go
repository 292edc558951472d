package actions

import (
	"crypto/sha256"
	"encoding/hex"
)

// What the ids of hooks for actions begin with. Those of pull requests are apart: anybody may have written the code.
const (
	PushHooks        = "in-tree-action"
	PullRequestHooks = "in-tree-pr-action"
)

// HookGroupID gives the group of the hooks of a trust domain's actions.
func HookGroupID(trustDomain string) string { return "project-" + trustDomain }

// HookID gives the hook that runs actions of a permission for pushes of a level, or for pull requests: prefix is [PushHooks] or
// [PullRequestHooks]. digest is that of the .taskcluster.yml of which the hook was made: see [Digest].
func HookID(prefix, level, permission, digest string) string {
	return prefix + "-" + level + "-" + permission + "/" + digest
}

// Digest gives what the names of hooks that were made of a .taskcluster.yml end with: the first ten digits of its SHA-256.
func Digest(taskclusterYML []byte) string {
	sum := sha256.Sum256(taskclusterYML)
	return hex.EncodeToString(sum[:])[:10]
}
