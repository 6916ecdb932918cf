package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"
)

// Repository is a bare local image of one remote. It may be used by several
// goroutines; operations that write wait for each other, reads do not wait.
type Repository struct {
	cfg  Config
	git  string
	home string // the directory given to Open
	dir  string // the bare repository in it
	lock *os.File
	// writing holds one token, which a writer has.
	writing chan struct{}
	damaged atomic.Bool
	// untidy is set when a process was killed.
	untidy atomic.Bool

	mu     sync.Mutex
	access *access
}

const (
	defaultStall   = time.Minute
	defaultTimeout = 15 * time.Minute
	defaultMaxBlob = 16 << 20
	allBranches    = "+refs/heads/*:refs/remotes/origin/*"
	lockPatience   = 10 * time.Second
	lockInterval   = 50 * time.Millisecond
)

func (cfg Config) withDefaults() (Config, error) {
	switch cfg.Filter {
	case "", WithoutBlobs, CommitsOnly:
	default:
		return cfg, fmt.Errorf("filter %q: want %s, %s or none", cfg.Filter, WithoutBlobs, CommitsOnly)
	}
	if len(cfg.RefSpecs) == 0 {
		cfg.RefSpecs = []string{allBranches}
	}
	for _, text := range cfg.RefSpecs {
		if _, err := parseRefspec(text); err != nil {
			return cfg, err
		}
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.RealClock{}
	}
	if cfg.StallTimeout <= 0 {
		cfg.StallTimeout = defaultStall
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.MaxBlobBytes <= 0 {
		cfg.MaxBlobBytes = defaultMaxBlob
	}
	if cfg.Git == "" {
		cfg.Git = "git"
	}
	return cfg, nil
}

// Open opens the repository in dir, a directory of its own, and makes it when
// there is none, when it is half made or damaged, or when it belongs to another
// URL or filter. It touches no network. One process at a time has a directory
// open; a second gets ErrInUse after waiting ten seconds. Close releases it.
func Open(ctx context.Context, dir string, cfg Config) (*Repository, error) {
	r, err := newRepository(dir, cfg)
	if err != nil {
		return nil, fmt.Errorf("opening the repository in %q: %w", dir, err)
	}
	if err := r.open(ctx); err != nil {
		_ = r.Close()
		return nil, fmt.Errorf("opening the repository in %q: %w", dir, err)
	}
	return r, nil
}

func newRepository(dir string, cfg Config) (*Repository, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	home, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("resolving the directory: %w", err)
	}
	git, err := exec.LookPath(cfg.Git)
	if err != nil {
		return nil, fmt.Errorf("finding git: %w", err)
	}
	access, err := newAccess(cfg.Remote)
	if err != nil {
		return nil, err
	}
	cfg.Remote = Remote{} // the credentials live in access alone
	return &Repository{
		cfg: cfg, git: git, home: home, dir: filepath.Join(home, "repository.git"),
		writing: make(chan struct{}, 1), access: access,
	}, nil
}

func (r *Repository) open(ctx context.Context) error {
	if err := os.MkdirAll(r.home, 0o700); err != nil {
		return fmt.Errorf("making the directory: %w", err)
	}
	if err := r.takeLock(ctx); err != nil {
		return err
	}
	return r.recover(ctx)
}

// takeLock makes every lock file of git in here a dead process's.
func (r *Repository) takeLock(ctx context.Context) error {
	file, err := os.OpenFile(filepath.Join(r.home, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("opening the lock: %w", err)
	}
	r.lock = file
	deadline := time.NewTimer(lockPatience)
	defer deadline.Stop()
	for {
		if ok, err := tryLock(file); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the lock: %w", errors.Join(ErrInUse, ctx.Err()))
		case <-deadline.C:
			return ErrInUse
		case <-time.After(lockInterval):
		}
	}
}

// Close removes the temporary files of the credentials and releases the
// directory. No operation may be running.
func (r *Repository) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.access.retire()
	if r.lock == nil {
		return nil
	}
	err := r.lock.Close()
	r.lock = nil
	return err
}

// Dir is the bare repository's directory, for a person's own git commands.
func (r *Repository) Dir() string { return r.dir }

// URL is the remote's URL, without credentials.
func (r *Repository) URL() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.access.location.String()
}

// SetRemote replaces the credentials. The URL must be the one that was opened.
// Commands that run keep the old ones.
func (r *Repository) SetRemote(remote Remote) error {
	next, err := newAccess(remote)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if had := r.access.location.String(); next.location.String() != had {
		next.retire()
		return fmt.Errorf("changing the remote from %s to %s: open another directory for it", had, next.location)
	}
	r.access.retire()
	r.access = next
	return nil
}

// acquire returns the present access; the caller releases it.
func (r *Repository) acquire() *access {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.access.use()
	return r.access
}

// write waits for its turn among the writers. The caller calls the function returned.
func (r *Repository) write(ctx context.Context) (func(), error) {
	select {
	case r.writing <- struct{}{}:
		if r.untidy.Swap(false) {
			_ = r.sweep() // of what cannot be removed, git says more
		}
		return func() { <-r.writing }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for another operation on the repository: %w", ctx.Err())
	}
}

// observe reports an operation when the function it returns is called.
func (r *Repository) observe(op string, err *error) func() {
	start := r.cfg.Clock.Now()
	return func() {
		if r.cfg.Observe != nil {
			r.cfg.Observe(op, *err, r.cfg.Clock.Since(start))
		}
	}
}

// Maintain repacks and prunes when enough has piled up. Call it now and then;
// writers wait for it.
func (r *Repository) Maintain(ctx context.Context) (err error) {
	defer r.observe("maintain", &err)()
	done, err := r.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	config := append(r.promisor(), [2]string{"gc.auto", "2000"}, [2]string{"gc.autoPackLimit", "30"},
		[2]string{"gc.autoDetach", "false"}, [2]string{"gc.pruneExpire", "1.hour.ago"}, [2]string{"gc.writeCommitGraph", "true"})
	args := []string{"gc", "--auto", "--quiet"}
	if _, err := r.run(ctx, command{args: args, config: config}); err != nil {
		return fmt.Errorf("maintaining the repository of %s: %w", r.URL(), err)
	}
	return nil
}
