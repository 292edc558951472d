package local

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/taskcluster/slugid-go/slugid"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"
)

// Tasks created over HTTP by the official client, 50 at a time.
func BenchmarkCreateTask(b *testing.B) {
	for name, dir := range map[string]string{"memory": "", "disk": b.TempDir()} {
		b.Run(name, func(b *testing.B) {
			s, err := New(Options{State: dir})
			require.NoError(b, err)
			web := httptest.NewServer(s.Handler())
			b.Cleanup(func() {
				web.Close()
				require.NoError(b, s.Close())
			})
			w := &world{Server: s, url: web.URL, clock: newFakeClock()}
			transport := &http.Transport{MaxIdleConnsPerHost: 50}
			b.Cleanup(transport.CloseIdleConnections)
			queue := w.root().queue
			queue.HTTPClient = &http.Client{Transport: transport}
			var left atomic.Int64
			left.Store(int64(b.N))
			var group sync.WaitGroup
			b.ResetTimer()
			for range 50 {
				group.Go(func() {
					for left.Add(-1) >= 0 {
						_, err := queue.CreateTask(slugid.Nice(), w.task(func(d *tcqueue.TaskDefinitionRequest) { d.Routes = []string{"index.a.b.c"} }))
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			group.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
		})
	}
}
