//go:build !unix

package gitrepo

import (
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

func terminate(p *os.Process) error { return p.Kill() }

func kill(p *os.Process) error { return p.Kill() }

// tryLock trusts that nobody else uses the directory, where the system has no
// lock that ends with its process.
func tryLock(*os.File) (bool, error) { return true, nil }
