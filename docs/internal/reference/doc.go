// Package reference writes the pages of docs/reference, from what the program itself says: the commands, the schemas
// with their descriptions, the error codes with their comments, and the names that are registered.
//
//	pages, err := reference.Pages(root)
//	for name, text := range pages { ... } // name is relative to docs/reference
//
// A test of docs compares them with the files, and writes them when it is run with -update.
package reference
