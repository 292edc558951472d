// Package pyyaml asks PyYAML on top of libyaml, and Python's json, what they make of a text. Tests use it as a second
// opinion where both are installed; nothing else does.
package pyyaml
