package submit

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/taskcluster"
)

// The variables that make this test program submit a graph instead of testing.
const (
	queueVariable = "SUBMIT_TEST_QUEUE" // where the queue is
	skewVariable  = "SUBMIT_TEST_SKEW"  // how far the clock is off
	runsVariable  = "SUBMIT_KILL_RUNS"  // how often to kill, if not a few times
)

func TestMain(m *testing.M) {
	if queue := os.Getenv(queueVariable); queue != "" {
		os.Exit(submitAndExit(queue))
	}
	os.Exit(m.Run())
}

func submitAndExit(queue string) int {
	skew, err := time.ParseDuration(os.Getenv(skewVariable))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	o := Options{
		Graph: layers(killTasks, 8), Group: group, Clock: func() time.Time { return time.Now().Add(skew) },
		Queue: taskcluster.NewClient(taskcluster.Options{RootURL: queue, Patience: time.Minute}),
	}
	fmt.Println("begin")
	r, err := Run(context.Background(), o)
	if err == nil {
		err = r.Err(nil)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("created", r.Count(Created), "existed", r.Count(Existed))
	return 0
}

const killTasks = 2000

// TestKill kills a submission at a random moment and runs it again, with a clock that has moved on. The set of tasks is
// then complete, with none twice and none different from what one run would have made.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	runs := 3
	if n, err := strconv.Atoi(os.Getenv(runsVariable)); err == nil {
		runs = n
	}
	program, err := os.Executable()
	require.NoError(t, err)
	start := func(q *fakeQueue, skew time.Duration) *exec.Cmd {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), queueVariable+"="+q.URL, skewVariable+"="+skew.String())
		return cmd
	}
	whole := newFakeQueue(t)
	begin := time.Now()
	out, err := start(whole, 0).CombinedOutput()
	require.NoError(t, err, string(out))
	took := time.Since(begin)
	want := withoutClock(t, whole)
	require.Len(t, want, killTasks)

	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	midway := 0
	for i := range runs {
		q := newFakeQueue(t)
		first := start(q, 0)
		require.NoError(t, first.Start())
		time.Sleep(time.Duration(random.Float64() * float64(took)))
		first.Process.Kill()
		first.Wait()
		q.mu.Lock()
		left := len(q.created)
		q.mu.Unlock()
		if left > 0 && left < killTasks {
			midway++
		}
		skew := time.Duration(random.IntN(8*60*1000)) * time.Millisecond
		out, err := start(q, skew).CombinedOutput()
		require.NoError(t, err, "run %d, killed after %d tasks: %s", i, left, out)
		q.mu.Lock()
		assert.Len(t, q.created, killTasks, "run %d, killed after %d tasks", i, left)
		q.mu.Unlock()
		require.Equal(t, want, withoutClock(t, q), "run %d, killed after %d tasks", i, left)
		q.Close()
	}
	t.Logf("%d runs, %d of them killed between the first task and the last", runs, midway)
}

// withoutClock gives the definitions with all times relative to the creation of the task.
func withoutClock(t *testing.T, q *fakeQueue) map[string]string {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	out := map[string]string{}
	for id, def := range q.tasks {
		created, err := time.Parse(taskcluster.TimeFormat, def["created"].(string))
		require.NoError(t, err)
		text, err := json.Marshal(def)
		require.NoError(t, err)
		s := string(text)
		for _, days := range []int{0, 1, 28} {
			s = strings.ReplaceAll(s, created.AddDate(0, 0, days).Format(taskcluster.TimeFormat), fmt.Sprintf("created+%dd", days))
		}
		require.NotRegexp(t, `\d{4}-\d\d-\d\dT`, s, "a time that is relative to another moment")
		out[id] = s
	}
	return out
}
