// Package keyhash mixes what tells the keys of documents apart: the length and three bytes.
package keyhash
