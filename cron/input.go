package cron

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// validInput checks the input of a job against what its action says about input. An action without a schema takes none, and
// then it does not matter.
func validInput(action, input *value.Map, job *Job) error {
	schema, ok := action.Get("schema")
	if !ok {
		return nil
	}
	if err := affordable(schema, input); err != nil {
		return badSchema(job, err)
	}
	text, err := value.AppendJSON(nil, schema, value.JSONStyle{}, 0)
	if err != nil {
		return diag.Placed(err, job.pos, "")
	}
	const name = "taskgraph:///schema"
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft7 // where the schema does not say
	c.LoadURL = func(address string) (io.ReadCloser, error) { return nil, fmt.Errorf("%s is not loaded", address) }
	if err := c.AddResource(name, bytes.NewReader(text)); err != nil {
		return badSchema(job, err)
	}
	compiled, err := c.Compile(name)
	if err != nil {
		return badSchema(job, err)
	}
	if text, err = value.AppendJSON(nil, input.Value(), value.JSONStyle{}, 0); err != nil {
		return diag.Placed(err, job.pos, "")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		return diag.Placed(err, job.pos, "")
	}
	err = compiled.Validate(plain)
	wrong, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return diag.Placed(err, job.pos, "")
	}
	var errs diag.List
	for _, leaf := range leaves(wrong) {
		errs.Add(diag.Errorf(diag.BadCron, job.pos, "the input of action %q: %s", job.Action.Name, leaf.Message).WithPath("input" + leaf.InstanceLocation))
	}
	return errs.Err(nil)
}

func badSchema(job *Job, err error) error {
	return diag.Errorf(diag.BadCron, job.pos, "the schema of action %q cannot be used: %w", job.Action.Name, err)
}

// leaves gives the mistakes that others consist of.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var out []*jsonschema.ValidationError
	for _, c := range e.Causes {
		out = append(out, leaves(c)...)
	}
	return out
}
