package diag

// Placed gives an error whose diagnostics have the place pos, and the path, where they have no line of their own. What
// names only a file then says so in its message. The diagnostics are copies: one error that several meet, such as that
// of a file which cannot be read, can be placed by each of them.
func Placed(err error, pos Pos, path string) error {
	found := Flatten(err)
	if len(found) == 0 {
		return nil
	}
	out := make([]*Diagnostic, len(found))
	for i, d := range found {
		c := *d
		if c.Pos == 0 && c.Where.Line == 0 {
			if c.Where.File != "" {
				c.Message = c.Where.File + ": " + c.Message
			}
			c.Pos, c.Where = pos, Position{}
			if c.Path == "" {
				c.Path = path
			}
		}
		out[i] = &c
	}
	return &Errors{All: out}
}
