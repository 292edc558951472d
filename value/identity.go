package value

import "unsafe"

// Identity is the address of a container: equal for two Values exactly when they are the same list or map in memory.
// It is nil for scalars. Whoever keeps one keeps the container alive, so that nothing else can get its address.
func (v Value) Identity() unsafe.Pointer {
	if v.Kind() < ListKind {
		return nil
	}
	return v.ptr
}

// Shared says whether v, as it was read from the container that holds it, is one that nobody may change in
// place any more: its holder would make a copy first. What is known of a shared container stays true for as long
// as it is alive. Only Values that were read from a Map or a List can be asked; one that was just made with
// [Map.Value] or [List.Value] says true although its maker may still be at work.
func (v Value) Shared() bool { return v.meta&ownedFlag == 0 }
