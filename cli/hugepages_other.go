//go:build !linux

package cli

// adviseHugePages does nothing where there is no such advice.
func adviseHugePages() {}
