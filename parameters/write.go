package parameters

import (
	"io"

	"github.com/taskgraph-go/decision/value"
)

// WriteYAML writes the parameters as the artifact parameters.yml holds them: sorted by name, to the byte what the
// reference writes.
func (p *Params) WriteYAML(w io.Writer) error {
	text, err := value.YAMLStyle{SortKeys: true, Unicode: true}.Append(nil, p.all().values.Value())
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}
