package image

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// Command is a program to start: the file, and its arguments with argv[0].
type Command struct {
	Path string
	Args []string
}

// Command applies a container's command and args to the image as Kubernetes does:
// a command replaces the entrypoint and its arguments, args alone only the latter.
func (i Image) Command(command, args []string) (Command, error) {
	if len(command) > 0 {
		return i.Locate(append(append([]string{}, command...), args...))
	}
	entrypoint := i.Entrypoint
	if len(entrypoint) == 0 {
		entrypoint = []string{"binary"}
	}
	return i.Locate(append(append([]string{}, entrypoint...), args...))
}

// Locate finds the program that argv names. There is no image file system, so it
// is, in this order: a file of the image's directory; the image's only binary,
// when the name is that of the repository ("/usr/bin/cart" in ".../cart:v1"); a
// file of this machine.
func (i Image) Locate(argv []string) (Command, error) {
	if len(argv) == 0 {
		return Command{}, fmt.Errorf("starting image %q: the command is empty", i.Ref)
	}
	name := argv[0]
	if inside := filepath.Join(i.Dir, name); within(i.Dir, inside) && isProgram(inside) {
		return Command{Path: inside, Args: argv}, nil
	}
	if path.Base(name) == path.Base(Repository(i.Ref)) {
		return Command{Path: filepath.Join(i.Dir, "binary"), Args: argv}, nil
	}
	found, err := exec.LookPath(name)
	if err != nil {
		return Command{}, fmt.Errorf("finding program %q of image %q: %w", name, i.Ref, err)
	}
	return Command{Path: found, Args: argv}, nil
}

func within(dir, file string) bool {
	relative, err := filepath.Rel(dir, file)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

func isProgram(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
