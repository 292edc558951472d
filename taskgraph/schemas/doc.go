// Package schemas holds the JSON Schema documents of the files that a project consists of: config.yml (config) and kind.yml
// (kind).
//
// The reference has a schema for the first only. That of kind.yml checks what every loader needs, and for the
// built-in loaders where the tasks come from; anything else may be there for a project's own loaders and
// transforms.
package schemas
