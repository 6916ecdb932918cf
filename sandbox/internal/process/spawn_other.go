//go:build !linux

package process

import (
	"errors"
	"os/exec"
)

// Spawner exists on Linux only: elsewhere no child dies with its parent, and
// only one loopback address answers.
type Spawner struct{}

// NewSpawner returns a Spawner that refuses.
func NewSpawner() *Spawner { return &Spawner{} }

// Start refuses.
func (s *Spawner) Start(*exec.Cmd) error {
	return errors.New("a sandbox runs on Linux only")
}

// Yield does nothing.
func Yield(int, int) error { return nil }

// Detach does nothing.
func Detach(*exec.Cmd) {}
