package taskcluster

// namespaceBytes are the bytes that may stand between the dots of an index path.
var namespaceBytes = func() (t [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_!~*'()%-") {
		t[c] = true
	}
	return
}()

// IsNamespace says whether a text is an index path: parts of allowed characters with dots between, none of them empty.
func IsNamespace(s string) bool {
	empty := true
	for i := range len(s) {
		switch c := s[i]; {
		case namespaceBytes[c]:
			empty = false
		case c == '.' && !empty:
			empty = true
		default:
			return false
		}
	}
	return !empty
}
