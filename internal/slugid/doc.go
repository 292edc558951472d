// Package slugid makes slugids: version 4 UUIDs in URL-safe base64 without padding, 22 characters long, which name tasks.
package slugid
