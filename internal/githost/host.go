package githost

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Config says where a Host keeps its repositories and whom it lets in.
type Config struct {
	// Root is the directory below which all repositories live. It is made when missing.
	Root string
	// Username and Password are asked for (basic) when Username is set.
	Username, Password string
	// BearerToken is accepted when set. With both set, either lets a client in;
	// with neither, everybody may read and write.
	BearerToken string
	// Hook, when set, is called once per ref that a push changed, after Git
	// stored it and before the client's push returns. Calls of one push come one
	// after another; those of concurrent pushes may overlap.
	Hook func(Push)
}

// Push is one ref that a push changed. Old is forty zeros for a new ref, New
// for a deleted one.
type Push struct {
	// Repository is the name given to Create.
	Repository, Ref, Old, New string
}

// Host is an http.Handler that serves the repositories below its root at
// /<name>.git.
type Host struct {
	cfg     Config
	root    string
	git     string
	backend string
	creates sync.Mutex
}

// New finds Git's http-backend and prepares the root directory.
func New(cfg Config) (*Host, error) {
	if cfg.Root == "" {
		return nil, errors.New("configuring the Git host: Root is empty")
	}
	if cfg.Username == "" && cfg.Password != "" {
		return nil, errors.New("configuring the Git host: Password is set without Username")
	}
	root, err := filepath.Abs(cfg.Root)
	if err != nil {
		return nil, fmt.Errorf("resolving the Git host's root %q: %w", cfg.Root, err)
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, fmt.Errorf("making the Git host's root: %w", err)
	}
	git, backend, err := findBackend()
	if err != nil {
		return nil, err
	}
	return &Host{cfg: cfg, root: root, git: git, backend: backend}, nil
}

func findBackend() (git, backend string, err error) {
	if git, err = exec.LookPath("git"); err != nil {
		return "", "", fmt.Errorf("finding git: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir, err := exec.CommandContext(ctx, git, "--exec-path").Output()
	if err != nil {
		return "", "", fmt.Errorf("asking git for its exec path: %w", err)
	}
	backend = filepath.Join(strings.TrimSpace(string(dir)), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		return "", "", fmt.Errorf("finding git's http-backend: %w", err)
	}
	return git, backend, nil
}

// A segment never starts with a dot, so neither ".." nor a hidden file is a name.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}){0,7}$`)

func checkName(name string) error {
	if !namePattern.MatchString(name) {
		return fmt.Errorf("repository name %q: want letters, digits, '.', '_' and '-', in segments that start with none of '.' and '-'", name)
	}
	for segment := range strings.SplitSeq(name, "/") {
		if strings.HasSuffix(segment, ".git") {
			return fmt.Errorf("repository name %q: a segment ends in .git, which is added to the name", name)
		}
	}
	return nil
}

// Path is the directory of the repository of that name, which need not exist.
// The name must be one that Create accepts.
func (h *Host) Path(name string) (string, error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	return filepath.Join(h.root, filepath.FromSlash(name)+".git"), nil
}

// Create makes the bare repository <name>.git with HEAD at refs/heads/main, or
// brings the settings of an existing one up to date and leaves its content.
func (h *Host) Create(name string) error {
	dir, err := h.Path(name)
	if err != nil {
		return err
	}
	h.creates.Lock()
	defer h.creates.Unlock()
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("creating repository %q: %w", name, err)
	}
	commands := [][]string{{"init", "--quiet", "--bare", "--template=", "--initial-branch=main", dir}}
	for _, setting := range settings {
		commands = append(commands, []string{"--git-dir=" + dir, "config", setting[0], setting[1]})
	}
	for _, args := range commands {
		if err := h.run(args...); err != nil {
			return fmt.Errorf("creating repository %q: %w", name, err)
		}
	}
	return installHook(dir)
}

var settings = [][2]string{
	{"http.receivepack", "true"},
	{"http.getanyfile", "false"},
	{"uploadpack.allowFilter", "true"},
	{"uploadpack.allowAnySHA1InWant", "true"},
	{"uploadpack.allowReachableSHA1InWant", "true"},
	{"receive.denyNonFastForwards", "false"},
	// A collector in the background would outlive the request and the Host.
	{"receive.autogc", "false"},
	{"gc.auto", "0"},
}

func (h *Host) run(args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, h.git, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, h.isolation()...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running git: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// isolation keeps the configuration of the machine and its user away from the
// served repositories.
func (h *Host) isolation() []string {
	return []string{
		"HOME=" + h.root,
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_CONFIG_COUNT=1",
		"GIT_CONFIG_KEY_0=safe.directory",
		"GIT_CONFIG_VALUE_0=*",
		"LC_ALL=C",
	}
}

var _ http.Handler = (*Host)(nil)
