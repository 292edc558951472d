package python

import (
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/taskgraph-go/decision/taskgraph"
)

// TestOffline sees that code of the tree finds nothing in the index and the queue of a preview that uses no network, and that all other
// requests fail at once, even those that are to be tried again.
func TestOffline(t *testing.T) {
	tr := plant(t, map[string]string{
		"taskcluster/own/tasks.py": finish + `
def ask(config, tasks):
    import requests
    from requests.adapters import HTTPAdapter
    try:
        from urllib3.util.retry import Retry
        adapter = HTTPAdapter(max_retries=Retry(total=9, connect=9, backoff_factor=3))
    except ImportError:
        adapter = HTTPAdapter()
    session = requests.Session()
    session.mount("https://", adapter)
    index = "https://tc.example.com/api/index/v1"
    for task in tasks:
        one = session.get(index + "/task/a.b?x=1")
        task["found"] = [one.status_code, one.json()["code"], session.post(index + "/tasks/indexes").json(), session.get(index + "/tasks/a.b").json(), session.get(index + "/namespaces/a.b").json()]
        task["states"] = session.post("https://tc.example.com/api/queue/v1/tasks/status").json()
        try:
            session.get("https://example.com/other")
        except requests.exceptions.ConnectionError as e:
            task["other"] = str(e)
        yield task
`,
		"taskcluster/kinds/k/kind.yml": "loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:ask, own.tasks:finish]\ntasks: {a: {}}\n",
	})
	if exec.Command(tr.env["TASKGRAPH_PYTHON"], "-c", "import requests").Run() != nil {
		t.Skip("this Python has no package requests")
	}
	tr.options = taskgraph.Options{Offline: true}
	began := time.Now()
	payload := tr.full().At(0).Task.At("payload")
	assert.JSONEq(t, `{"found": [404, "ResourceNotFound", {"tasks": []}, {"tasks": []}, {"namespaces": []}], "states": {"statuses": []}, "other": "offline: no network (https://example.com/other)"}`, json(t, payload))
	assert.Less(t, time.Since(began), 5*time.Second)
}
