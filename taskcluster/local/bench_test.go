package local

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/taskcluster/slugid-go/slugid"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"
)

// Ten thousand tasks over HTTP with 20 ms latency, 50 at a time: four seconds are the bound.
func BenchmarkLatency(b *testing.B) {
	for b.Loop() {
		s, err := New(Options{Faults: []Fault{{Route: "*", Kind: Latency, Probability: 1, Delay: 20 * time.Millisecond}}})
		require.NoError(b, err)
		web := httptest.NewServer(s.Handler())
		w := &world{Server: s, url: web.URL, clock: newFakeClock()}
		transport := &http.Transport{MaxIdleConnsPerHost: 50}
		queue := w.root().queue
		queue.HTTPClient = &http.Client{Transport: transport}
		var left atomic.Int64
		left.Store(10_000)
		var group sync.WaitGroup
		start := time.Now()
		for range 50 {
			group.Go(func() {
				for left.Add(-1) >= 0 {
					if _, err := queue.CreateTask(slugid.Nice(), w.task()); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
		b.ReportMetric(10_000/time.Since(start).Seconds(), "tasks/s")
		transport.CloseIdleConnections()
		web.Close()
		require.NoError(b, s.Close())
	}
}

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
