package value

import "unsafe"

// Identity is the address of a container: equal for two Values exactly when they are the same list or map in memory.
// It is nil for scalars. Whoever keeps one keeps the container alive, so that nothing else can get its address. A container in an
// [Arena], whose address others get, has another identity each time: see [Value.Kept].
func (v Value) Identity() unsafe.Pointer {
	if v.Kind() < ListKind {
		return nil
	}
	if v.arena() != 0 {
		return unsafe.Pointer(new(byte))
	}
	return v.ptr
}

// Shared says whether v, as it was read from the container that holds it, is one that nobody may change in
// place any more: its holder would make a copy first, and it does not live in an [Arena]. What is known of a shared
// container stays true for as long as it is alive. Only Values that were read from a Map or a List can be asked; one
// that was just made with [Map.Value] or [List.Value] says true although its maker may still be at work.
func (v Value) Shared() bool { return v.meta&ownedFlag == 0 && v.arena() == 0 }
