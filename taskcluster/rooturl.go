package taskcluster

import (
	"strings"

	tcurls "github.com/taskcluster/taskcluster-lib-urls"

	"github.com/taskgraph-go/decision/diag"
)

// The environment variables that say where the deployment is and who asks.
const (
	ProxyURLVariable    = "TASKCLUSTER_PROXY_URL"
	RootURLVariable     = "TASKCLUSTER_ROOT_URL"
	ClientIDVariable    = "TASKCLUSTER_CLIENT_ID"
	AccessTokenVariable = "TASKCLUSTER_ACCESS_TOKEN"
	CertificateVariable = "TASKCLUSTER_CERTIFICATE"
	TaskIDVariable      = "TASK_ID"
)

// TimeFormat is how the services write times, in UTC, for time.Time.Format.
const TimeFormat = "2006-01-02T15:04:05.000Z"

// RootURL gives the address of the deployment, without a slash at the end: that of the proxy that a task may
// have, or else that of the deployment itself. With public the proxy does not count, as its address is of no use
// to anybody outside of the task: links for people are made with it.
func RootURL(env func(name string) string, public bool) (string, error) {
	if proxy := env(ProxyURLVariable); proxy != "" && !public {
		return tcurls.NormalizeRootURL(proxy), nil
	}
	if root := env(RootURLVariable); root != "" {
		return tcurls.NormalizeRootURL(root), nil
	}
	err := diag.Errorf(diag.Network, 0, "it is not known where Taskcluster is: %s is not set", RootURLVariable)
	if env(TaskIDVariable) != "" {
		return "", err.WithHint("every task has it: the environment of the task was cleared before this program")
	}
	return "", err.WithHint("export %s=https://... with the address of your deployment", RootURLVariable)
}

// APIURL gives the address of something that a service offers.
func APIURL(root, service, version, path string) string {
	return tcurls.API(root, service, version, path)
}

// DocsURL gives the address of a page of the manual.
func DocsURL(root, path string) string { return tcurls.Docs(root, path) }

// SchemaURL gives the address of a schema of a service.
func SchemaURL(root, service, name string) string { return tcurls.Schema(root, service, name) }

// UIURL gives the address of a page of the web site.
func UIURL(root, path string) string { return tcurls.UI(root, path) }

// ArtifactURL gives the address of the newest artifact of a task, for those who may read it.
func ArtifactURL(root, taskID, name string) string {
	return APIURL(root, "queue", "v1", strings.Join([]string{"task", taskID, "artifacts", name}, "/"))
}

// TaskURL gives the address of a task's definition.
func TaskURL(root, taskID string) string { return APIURL(root, "queue", "v1", "task/"+taskID) }

// IndexURL gives the address of the entry for an index path.
func IndexURL(root, path string) string { return APIURL(root, "index", "v1", "task/"+path) }
