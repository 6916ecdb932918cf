package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// MaxLog is the size at which a log file is rotated, in bytes; one older file is kept.
const MaxLog = 10 << 20

// Log is the bounded log file of one run of a container.
type Log struct {
	path string

	mu   sync.Mutex
	file *os.File
	size int64
}

// OldLog is the file that a full log at path is moved to.
func OldLog(path string) string { return path + ".1" }

// PreviousLog is the file that keeps the log at path of the run before.
func PreviousLog(path string) string { return path + ".previous" }

// OpenLog begins a new log at path and keeps that of the run before.
func OpenLog(path string) (*Log, error) {
	if err := os.Rename(path, PreviousLog(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("keeping the previous log %s: %w", path, err)
	}
	if err := os.Remove(OldLog(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("removing the rotated log of %s: %w", path, err)
	}
	file, err := create(path)
	if err != nil {
		return nil, fmt.Errorf("opening log %s: %w", path, err)
	}
	return &Log{path: path, file: file}, nil
}

func create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
}

// Write appends, and rotates first when the file is full. It never reports an
// error: a full disk must not make the process lose its output pipe.
func (l *Log) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return len(data), nil
	}
	if l.size > 0 && l.size+int64(len(data)) > MaxLog {
		l.rotate()
	}
	n, _ := l.file.Write(data)
	l.size += int64(n)
	return len(data), nil
}

func (l *Log) rotate() {
	if err := os.Rename(l.path, OldLog(l.path)); err != nil {
		return
	}
	next, err := create(l.path)
	if err != nil {
		return
	}
	_ = l.file.Close()
	l.file, l.size = next, 0
}

// Close ends the log.
func (l *Log) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		_ = l.file.Close()
		l.file = nil
	}
}
