//go:build !arenacheck

package value

// checked says that what uses a container after its arena was reset is to be found: see [ended].
const checked = false

func ended[T any]([][]T) {}
