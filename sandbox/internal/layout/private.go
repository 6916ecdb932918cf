package layout

import (
	"fmt"
	"os"
	"syscall"
)

// MakePrivate makes a directory that only this user can enter. One that is
// there already must be so too: directories with names that can be guessed, in
// a directory that all may write to, could be somebody else's.
func MakePrivate(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("making a private directory: %w", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("making a private directory: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !ok || int(owner.Uid) != os.Getuid() {
		return fmt.Errorf("making a private directory: %s is there already and others can enter it", path)
	}
	return nil
}
