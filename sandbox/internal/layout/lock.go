package layout

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrLocked is returned by TryLock when another process holds the lock.
var ErrLocked = errors.New("locked by another process")

// Lock is a file lock; the kernel releases it when its holder ends.
type Lock struct{ file *os.File }

// TryLock takes a lock or returns ErrLocked.
func TryLock(path string) (*Lock, error) { return flock(path, syscall.LOCK_EX|syscall.LOCK_NB) }

// WaitLock waits for a lock.
func WaitLock(path string) (*Lock, error) { return flock(path, syscall.LOCK_EX) }

// Unlock releases the lock.
func (l *Lock) Unlock() { _ = l.file.Close() }

func flock(path string, how int) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	err = syscall.Flock(int(file.Fd()), how)
	if err == nil {
		return &Lock{file: file}, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, ErrLocked
	}
	return nil, fmt.Errorf("locking %s: %w", path, err)
}
