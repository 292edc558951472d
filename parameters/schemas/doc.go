// Package schemas holds the JSON Schema document of the base parameters.
package schemas
