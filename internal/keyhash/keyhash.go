package keyhash

// Mix gives a number for a key that is not empty. Names in one map mostly have different ones. Who needs few bits of it spreads it.
func Mix(key string) uint32 {
	n := len(key)
	return uint32(n)<<24 ^ uint32(key[0])<<16 ^ uint32(key[n/2])<<8 ^ uint32(key[n-1])
}
