package local_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/taskcluster/slugid-go/slugid"
	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"

	"github.com/taskgraph-go/decision/taskcluster/local"
)

func ExampleNew() {
	s, err := local.New(local.Options{CheckReplies: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	web := httptest.NewServer(s.Handler())
	defer web.Close()

	credentials := s.Credentials("queue:create-task:lowest:demo/linux", "queue:create-task:project:none", "queue:scheduler-id:demo")
	queue := tcqueue.New(credentials, web.URL)
	now := time.Now()
	task := &tcqueue.TaskDefinitionRequest{
		TaskQueueID: "demo/linux", SchedulerID: "demo", Created: tcclient.Time(now), Deadline: tcclient.Time(now.Add(time.Hour)),
		Payload:  json.RawMessage(`{"command": ["true"]}`),
		Metadata: tcqueue.TaskMetadata{Name: "demo", Description: "does nothing", Owner: "you@example.com", Source: "https://example.com"},
	}
	made, err := queue.CreateTask(slugid.Nice(), task)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(made.Status.State)
	// Output: pending
}
