package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// journal writes what changes to the store, in the order in which it changed. What one request changes is never cut
// in two. Several requests share a transaction, so that many can be served at once although each waits for the disk.
type journal struct {
	db   *bbolt.DB   // nil: nothing is kept
	gate sync.Locker // held by whoever puts several changes that belong together

	mu      sync.Mutex
	pending []change
	batch   *batch // of the pending changes; nil if there are none
	writing *batch // what is being written; nil if nothing is
	failed  error  // since this, nothing can be served any more
	wake    chan struct{}
	quit    chan struct{} // closed to end the writing
	done    chan struct{} // closed when it has ended
}

// errClosed is what requests get that come too late.
var errClosed = errors.New("the services are closed")

type change struct {
	bucket, key string
	value       []byte // nil: the row goes
}

// batch is a transaction that others wait for.
type batch struct {
	written chan struct{}
	err     error // valid when written is closed
}

// openJournal opens the store of a directory, or makes one.
func openJournal(dir string, gate sync.Locker) (*journal, error) {
	if dir == "" {
		return &journal{}, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "state.db")
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, fmt.Errorf("%s: %w (is it in use by another process?)", file, err)
	}
	j := &journal{db: db, gate: gate, wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{})}
	go j.run()
	return j, nil
}

// put notes a change. The value must not change later; nil deletes the row.
func (j *journal) put(bucket, key string, value []byte) {
	if j.db == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.batch == nil {
		j.batch = &batch{written: make(chan struct{})}
	}
	j.pending = append(j.pending, change{bucket, key, value})
}

// commit lets go what was put. It is called when a request has put all that it changes.
func (j *journal) commit() {
	if j.db == nil {
		return
	}
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// wait returns when everything that was put is on the disk. The gate must not be held.
func (j *journal) wait() error {
	if j.db == nil {
		return nil
	}
	j.mu.Lock()
	b, err := j.batch, j.failed
	if b == nil {
		b = j.writing
	}
	j.mu.Unlock()
	if err != nil || b == nil {
		return err
	}
	j.commit()
	<-b.written
	return b.err
}

func (j *journal) run() {
	defer close(j.done)
	for {
		select {
		case <-j.quit:
			return
		case <-j.wake:
		}
		j.gate.Lock()
		j.mu.Lock()
		changes, b := j.pending, j.batch
		j.pending, j.batch, j.writing = nil, nil, b
		err := j.failed
		j.mu.Unlock()
		j.gate.Unlock()
		if b == nil {
			continue
		}
		if err == nil {
			err = j.write(changes)
		}
		j.mu.Lock()
		j.writing = nil
		if err != nil {
			j.failed = fmt.Errorf("the state cannot be written: %w", err)
		}
		b.err = j.failed
		j.mu.Unlock()
		close(b.written)
	}
}

func (j *journal) write(changes []change) error {
	return j.db.Update(func(tx *bbolt.Tx) error {
		for _, c := range changes {
			b, err := tx.CreateBucketIfNotExists([]byte(c.bucket))
			if err != nil {
				return err
			}
			if c.value == nil {
				err = b.Delete([]byte(c.key))
			} else {
				err = b.Put([]byte(c.key), c.value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// close writes what is left and closes the store. Nothing may be put any more.
func (j *journal) close() error {
	if j.db == nil {
		return nil
	}
	err := j.wait()
	j.mu.Lock()
	if j.failed == nil {
		j.failed = errClosed
	}
	j.mu.Unlock()
	close(j.quit)
	<-j.done
	if e := j.db.Close(); err == nil {
		err = e
	}
	return err
}

// each gives every row of a bucket.
func (j *journal) each(bucket string, f func(key string, value []byte) error) error {
	if j.db == nil {
		return nil
	}
	return j.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, v []byte) error {
			if err := f(string(k), v); err != nil {
				return fmt.Errorf("the row %q of %s: %w", k, bucket, err)
			}
			return nil
		})
	})
}

// table is rows in memory that the journal keeps.
type table[V any] struct {
	bucket string
	rows   map[string]V
	j      *journal
}

func newTable[V any](j *journal, bucket string) (*table[V], error) {
	t := &table[V]{bucket: bucket, rows: map[string]V{}, j: j}
	return t, j.each(bucket, func(key string, text []byte) error {
		var v V
		err := json.Unmarshal(text, &v)
		t.rows[key] = v
		return err
	})
}

// set stores a row. Changes of a stored row count when it is set again.
func (t *table[V]) set(key string, v V) {
	t.rows[key] = v
	if t.j.db != nil {
		t.j.put(t.bucket, key, mustJSON(v))
	}
}

func (t *table[V]) delete(key string) {
	if _, ok := t.rows[key]; ok {
		delete(t.rows, key)
		t.j.put(t.bucket, key, nil)
	}
}
