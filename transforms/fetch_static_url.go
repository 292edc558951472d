package transforms

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// fetchStaticURL makes the command that downloads a file of known content.
func fetchStaticURL(cfg *taskgraph.Config, _ string, fetch *value.Map) (*taskgraph.FetchCommand, error) {
	url := fetch.Str("url")
	artifact := fetch.Str("artifact-name")
	if artifact == "" {
		artifact = url[strings.LastIndexByte(url, '/')+1:]
	}
	args := []string{"--sha256", fetch.Str("sha256"), "--size", value.PyStr(fetch.At("size"))}
	if n := fetch.At("strip-components"); n.Truthy() {
		args = append(args, "--strip-components", value.PyStr(n))
	}
	if prefix := fetch.Str("add-prefix"); prefix != "" {
		args = append(args, "--add-prefix", prefix)
	}
	// What follows decides how the content is got and checked, not what it is, and stays out of the digest.
	digest := append(slices.Clone(args), artifact)
	env := value.NewMap(2)
	if signature := fetch.At("gpg-signature"); !signature.IsNull() {
		signatureURL, key, err := gpgSignature(cfg, signature.Map(), fetch.At("url"))
		if err != nil {
			return nil, err
		}
		env.Set("FETCH_GPG_KEY", value.NewString(key))
		args = append(args, "--gpg-sig-url", signatureURL, "--gpg-key-env", "FETCH_GPG_KEY")
	}
	for header, v := range fetch.At("headers").Map().All() {
		args = append(args, "-H", header+":"+v.Str())
	}
	command := value.NewStrings("fetch-content", "static-url")
	command.AppendStrings(args...)
	command.AppendStrings(url, fetchUploads+"/"+artifact)
	return &taskgraph.FetchCommand{Command: command, ArtifactName: artifact, Env: env, DigestData: digest}, nil
}

// gpgSignature gives the address of a signature and the key to check it with, from a file of the repository. The
// reference means to do the same but looks the key up below a directory that it does not define.
func gpgSignature(cfg *taskgraph.Config, signature *value.Map, url value.Value) (signatureURL, key string, err error) {
	v := signature.At("sig-url")
	signatureURL, err = value.Format(v.Str(), func(name string) (value.Value, bool) { return url, name == "url" })
	if err != nil {
		return "", "", value.WithNames(at(err, v, "fetch.gpg-signature.sig-url"), []string{"url"})
	}
	name := signature.At("key-path")
	file := name.Str()
	if !path.IsAbs(file) {
		file = path.Clean(file)
	}
	text, err := cfg.Project.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", "", diag.Errorf(diag.Unreadable, name.Pos(), "there is no file %q in the repository", file).WithPath("fetch.gpg-signature.key-path")
	case err != nil:
		return "", "", diag.Placed(err, name.Pos(), "fetch.gpg-signature.key-path")
	}
	return signatureURL, string(text), nil
}
