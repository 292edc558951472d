package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// mustJSON encodes what is known to be encodable: our own structures, and what came from JSON. The text is that of
// encoding/json without escapes for HTML. Every request has its definition and its reply encoded, so what these are made of
// is done here, in less than half the time.
func mustJSON(v any) []byte {
	scratch, _ := scratches.Get().(*[]byte)
	if scratch == nil {
		scratch = new([]byte)
	}
	text := appendJSON((*scratch)[:0], v)
	out := bytes.Clone(text) // of the right size, because much of it is kept
	if cap(text) <= maxScratch {
		*scratch = text
		scratches.Put(scratch)
	}
	return out
}

// scratches are buffers to encode in. Large ones are thrown away.
var scratches sync.Pool

const maxScratch = 64 << 10

// appendJSON appends the text of a value.
func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return appendText(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e15 && (v != 0 || !math.Signbit(v)) {
			return strconv.AppendInt(b, int64(v), 10)
		}
	case object:
		if v != nil {
			return appendObject(b, v)
		}
	case []any:
		if v != nil {
			return appendList(b, v)
		}
	case []string:
		if v != nil {
			return appendTexts(b, v)
		}
	case stamp:
		return appendStamp(b, v)
	case status:
		return appendStatus(b, &v)
	}
	return appendOther(b, v)
}

// appendOther appends what is rare.
func appendOther(b []byte, v any) []byte {
	buffer := bytes.NewBuffer(b)
	e := json.NewEncoder(buffer)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("a structure that is no JSON: %v", err))
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
}

// appendText appends a text. Only the usual characters stand for themselves.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return appendOther(b, s)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func appendObject(b []byte, o object) []byte {
	var few [24]string // most objects need no more
	keys := few[:0]
	for key := range o {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, strings.Compare)
	b = append(b, '{')
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, key), ':')
		b = appendJSON(b, o[key])
	}
	return append(b, '}')
}

func appendList(b []byte, list []any) []byte {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(b, v)
	}
	return append(b, ']')
}

func appendTexts(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, s)
	}
	return append(b, ']')
}

// appendStamp appends a time, or null for none.
func appendStamp(b []byte, s stamp) []byte {
	if s.IsZero() {
		return append(b, "null"...)
	}
	b = s.UTC().AppendFormat(append(b, '"'), stampFormat)
	return append(b, '"')
}

// appendStatus appends the status of a task.
func appendStatus(b []byte, s *status) []byte {
	b = append(b, '{')
	for _, f := range [...]struct{ name, text string }{
		{`"taskId":`, s.TaskID}, {`,"provisionerId":`, s.ProvisionerID}, {`,"workerType":`, s.WorkerType}, {`,"taskQueueId":`, s.TaskQueueID},
		{`,"schedulerId":`, s.SchedulerID}, {`,"projectId":`, s.ProjectID}, {`,"taskGroupId":`, s.TaskGroupID}, {`,"priority":`, s.Priority},
	} {
		b = appendText(append(b, f.name...), f.text)
	}
	b = appendStamp(append(b, `,"deadline":`...), s.Deadline)
	b = appendStamp(append(b, `,"expires":`...), s.Expires)
	b = strconv.AppendInt(append(b, `,"retriesLeft":`...), int64(s.RetriesLeft), 10)
	b = appendText(append(b, `,"state":`...), s.State)
	b = append(b, `,"runs":`...)
	if s.Runs != nil && len(s.Runs) == 0 {
		b = append(b, "[]"...)
	} else {
		b = appendOther(b, s.Runs)
	}
	return append(b, '}')
}
