package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

const (
	// outputLimit bounds what one command may print: 256 MiB.
	outputLimit = 256 << 20
	// grace is how long an interrupted git may take to remove its lock files.
	grace = 3 * time.Second
)

// command is one run of git on the repository.
type command struct {
	args  []string
	stdin io.Reader
	// config is set for this command alone.
	config [][2]string
	// remote lets the command reach the remote, with the credentials. Other
	// commands cannot reach any network, so a missing object is an error and
	// never a download.
	remote bool
	env    []string
	// read consumes the output as it comes; without it, the output is returned.
	read func(io.Reader) error
}

// errTimeout is the cause of a context that our own limit ended.
var errTimeout = errors.New("operation timed out")

// run executes git. Its error is a *failure, or the context's own.
func (r *Repository) run(ctx context.Context, c command) (string, error) {
	limited, stop := context.WithCancel(ctx)
	defer stop()
	if c.remote {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeoutCause(limited, r.cfg.Timeout, errTimeout)
		defer cancel()
	}
	a := r.acquire()
	defer a.release()
	stderr := &excerpt{}
	cmd := r.prepare(limited, a, c)
	cmd.Stderr = stderr
	var out strings.Builder
	if c.read == nil {
		c.read = func(in io.Reader) error { return copyLimited(&out, in, outputLimit) }
	}
	readErr, runErr := execute(cmd, stop, c.read)
	if cmd.ProcessState == nil || !cmd.ProcessState.Exited() {
		r.untidy.Store(true) // a killed process leaves its lock files
	}
	if readErr == nil && runErr == nil {
		return out.String(), nil
	}
	detail := a.redactor.Replace(stderr.String())
	return a.redactor.Replace(out.String()), r.explain(ctx, limited, c, detail, readErr, runErr)
}

// prepare builds the process with an environment of its own.
func (r *Repository) prepare(ctx context.Context, a *access, c command) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.git, append([]string{"--git-dir=" + r.dir}, c.args...)...)
	cmd.Dir = r.home
	cmd.Stdin = c.stdin
	ownGroup(cmd)
	config := append(r.settings(), c.config...)
	allow := "none"
	if c.remote {
		config = append(config, a.config...)
		allow = "http:https:ssh:file"
	}
	cmd.Env = append(r.environment(), "GIT_ALLOW_PROTOCOL="+allow)
	if c.remote {
		cmd.Env = append(cmd.Env, a.env...)
	} else {
		cmd.Env = append(cmd.Env, "GIT_NO_LAZY_FETCH=1")
	}
	cmd.Env = append(append(cmd.Env, c.env...), configEnv(config)...)
	return cmd
}

// execute runs the command and feeds its output to read. When the context ends,
// the whole process group is asked to end, and made to after a grace.
func execute(cmd *exec.Cmd, stop func(), read func(io.Reader) error) (readErr, runErr error) {
	var killing *time.Timer
	cmd.Cancel = func() error {
		killing = time.AfterFunc(grace, func() { _ = kill(cmd.Process) })
		return terminate(cmd.Process)
	}
	cmd.WaitDelay = 2 * grace
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if readErr = read(out); readErr != nil {
		stop()
	}
	runErr = cmd.Wait() // after which nobody writes killing
	if killing != nil {
		killing.Stop()
	}
	return readErr, runErr
}

// explain turns a run that went wrong into an error with its class.
func (r *Repository) explain(ctx, limited context.Context, c command, stderr string, readErr, runErr error) error {
	var exit *exec.ExitError
	f := &failure{detail: summary(stderr), stderr: stderr, code: -1, cause: runErr}
	if errors.As(runErr, &exit) {
		f.code = exit.ExitCode()
	}
	switch {
	case ctx.Err() != nil:
		f.cause, f.detail = ctx.Err(), "interrupted: "+ctx.Err().Error()
		if c.remote && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			f.class = ErrUnreachable
		}
	case errors.Is(context.Cause(limited), errTimeout):
		f.class, f.detail = ErrUnreachable, fmt.Sprintf("no end after %s", r.cfg.Timeout)
	case readErr != nil && f.code < 0, errors.Is(readErr, ErrTooLarge):
		return readErr
	default:
		f.class = classify(stderr, c.remote)
	}
	if errors.Is(f.class, ErrCorrupt) {
		r.markDamaged()
	}
	return f
}

// environment holds nothing of the user's own git.
func (r *Repository) environment() []string {
	env := []string{
		"HOME=" + r.home, "XDG_CONFIG_HOME=" + r.home, "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "GIT_LITERAL_PATHSPECS=1", "GIT_OPTIONAL_LOCKS=0",
	}
	for _, name := range []string{
		"PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR",
		"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
	} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func (r *Repository) settings() [][2]string {
	stall := strconv.Itoa(max(1, int(r.cfg.StallTimeout/time.Second)))
	return [][2]string{
		{"core.hooksPath", os.DevNull},
		{"core.fsmonitor", "false"},
		{"core.askPass", ""},
		{"credential.helper", ""},
		{"gc.auto", "0"},
		{"maintenance.auto", "false"},
		{"submodule.recurse", "false"},
		{"protocol.version", "2"},
		// A redirect could carry the credentials to another host.
		{"http.followRedirects", "false"},
		{"http.sslVerify", "true"},
		// Servers send a byte now and then while they think.
		{"http.lowSpeedLimit", "1"},
		{"http.lowSpeedTime", stall},
	}
}

func configEnv(config [][2]string) []string {
	env := []string{"GIT_CONFIG_COUNT=" + strconv.Itoa(len(config))}
	for i, pair := range config {
		n := strconv.Itoa(i)
		env = append(env, "GIT_CONFIG_KEY_"+n+"="+pair[0], "GIT_CONFIG_VALUE_"+n+"="+pair[1])
	}
	return env
}

func copyLimited(to io.Writer, from io.Reader, limit int64) error {
	n, err := io.Copy(to, io.LimitReader(from, limit+1))
	if err == nil && n > limit {
		return fmt.Errorf("output over %d bytes: %w", limit, ErrTooLarge)
	}
	return err
}
