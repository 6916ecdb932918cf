package podrun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	utilexec "k8s.io/utils/exec"

	"shopset.dev/shopset/sandbox/internal/node/image"
	"shopset.dev/shopset/sandbox/internal/node/process"
)

// maxExecOutput bounds what is kept of the output of a probe or hook, in bytes.
const maxExecOutput = 10 << 10

// start starts a run of the container.
func (c *container) start() (instance, error) {
	spec := c.latest()
	img, err := c.pod.Images.Find(spec.Image)
	switch {
	case errors.Is(err, image.ErrUnknown):
		return c.startSimulated(), nil
	case err != nil:
		return nil, waitError{reason: "ErrImagePull", later: "ImagePullBackOff", err: err}
	}
	env, root, err := c.environment(spec, img)
	if err != nil {
		return nil, waitError{reason: "CreateContainerConfigError", err: err}
	}
	lookup := env.Lookup
	command, err := img.Command(prepared(spec.Command, root, lookup), prepared(spec.Args, root, lookup))
	if err != nil {
		return nil, err
	}
	dir, err := root.WorkingDir(spec.WorkingDir)
	if err != nil {
		return nil, err
	}
	log, err := process.OpenLog(c.logPath())
	if err != nil {
		return nil, err
	}
	started, err := c.pod.Launcher.Start(process.Spec{
		Path: command.Path, Args: command.Args, Env: env.List(), Dir: dir, Stdout: log, Stderr: log,
	})
	if err != nil {
		log.Close()
		return nil, err
	}
	go func() { <-started.Done(); log.Close() }()
	c.note(func(status *corev1.ContainerStatus) {
		status.ImageID = "sandbox://" + image.Key(img.Ref)
		c.env = env.List()
	})
	return started, nil
}

func (c *container) startSimulated() instance {
	c.pod.markSimulated()
	switch {
	case c.kind == initContainer:
		return simulate(0)
	case c.kind == appContainer && c.policy() != corev1.RestartPolicyAlways:
		return simulate(simulatedRun)
	}
	return simulate(-1)
}

func (c *container) logPath() string { return filepath.Join(c.pod.dir, c.name+".log") }

// exec runs a command beside the current run, for a probe or a hook.
func (c *container) exec(ctx context.Context, command []string) error {
	output := &limitedBuffer{}
	err := c.execWith(ctx, command, process.Spec{Stdout: output, Stderr: output})
	if err != nil {
		return fmt.Errorf("%w: %.200s", err, strings.TrimSpace(output.String()))
	}
	return nil
}

// execWith runs a command in the environment of the current run with the streams
// of spec. An exit code other than 0 is a utilexec.CodeExitError.
func (c *container) execWith(ctx context.Context, command []string, spec process.Spec) error {
	c.pod.mu.Lock()
	env, latest := c.env, c.spec
	c.pod.mu.Unlock()
	img, err := c.pod.Images.Find(latest.Image)
	if err != nil {
		return fmt.Errorf("running a command in container %q: %w", c.name, err)
	}
	root, err := c.pod.volumes.Root(latest, lookupIn(env))
	if err != nil {
		return err
	}
	located, err := img.Locate(root.RewriteAll(command))
	if err != nil {
		return utilexec.CodeExitError{Err: err, Code: 127}
	}
	spec.Path, spec.Args, spec.Env, spec.Dir = located.Path, located.Args, env, root.Dir
	started, err := c.pod.Launcher.Start(spec)
	if err != nil {
		return utilexec.CodeExitError{Err: err, Code: 126}
	}
	select {
	case <-started.Done():
	case <-ctx.Done():
		started.Kill()
		<-started.Done()
		return fmt.Errorf("running %q: %w", command, ctx.Err())
	}
	if exit := started.Exit(); exit.Code != 0 {
		return utilexec.CodeExitError{Err: fmt.Errorf("command terminated with exit code %d", exit.Code), Code: exit.Code}
	}
	return nil
}

// Exec runs a command in a container of a running pod.
func (r *Runtime) Exec(ctx context.Context, namespace, name, container string, command []string, stdin io.Reader, stdout, stderr io.Writer) error {
	found, ok := r.find(namespace, name)
	if !ok {
		return fmt.Errorf("finding pod %s/%s: it is not running here", namespace, name)
	}
	target, ok := found.container(container)
	if !ok {
		return fmt.Errorf("finding container %q of pod %s/%s: there is none", container, namespace, name)
	}
	return target.execWith(ctx, command, process.Spec{Stdin: stdin, Stdout: stdout, Stderr: stderr})
}

// LogPath is where the log of a container is.
func (r *Runtime) LogPath(namespace, name, container string) (string, bool) {
	found, ok := r.find(namespace, name)
	if !ok {
		return "", false
	}
	target, ok := found.container(container)
	if !ok {
		return "", false
	}
	return target.logPath(), true
}

// IsRunning tells whether a container is between the start and the end of a run.
func (r *Runtime) IsRunning(namespace, name, container string) bool {
	found, ok := r.find(namespace, name)
	if !ok {
		return false
	}
	target, ok := found.container(container)
	if !ok {
		return false
	}
	found.mu.Lock()
	defer found.mu.Unlock()
	return target.current != nil
}

func lookupIn(env []string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, line := range env {
			if value, ok := strings.CutPrefix(line, name+"="); ok {
				return value, true
			}
		}
		return "", false
	}
}

// limitedBuffer keeps the beginning of what is written to it.
type limitedBuffer struct {
	kept bytes.Buffer // a field: its ReadFrom would take everything
}

func (b *limitedBuffer) Write(data []byte) (int, error) {
	if room := maxExecOutput - b.kept.Len(); room > 0 {
		b.kept.Write(data[:min(room, len(data))])
	}
	return len(data), nil
}

func (b *limitedBuffer) String() string { return b.kept.String() }
