package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shopset.dev/shopset/sandbox/internal/control"
	"shopset.dev/shopset/sandbox/internal/controlplane"
	"shopset.dev/shopset/sandbox/internal/edge"
	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/process"
	"shopset.dev/shopset/sandbox/internal/state"
)

const followInterval = 100 * time.Millisecond

// partsDir is the directory of programs beside this one.
const partsDir = "sandbox-parts"

// clusterName is a DNS label that is short enough to name nodes and certificates.
var clusterName = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$`)

func newUp(o *options) *cobra.Command {
	var clusters []string
	var parts string
	var edges bool
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start the sandbox, or what of it does not run",
		Long: `up starts the sandbox and returns when all of it is ready. On a sandbox that is
ready it does nothing; on one that was killed it goes on with the data it had.`,
		Example: `  shopset-sandbox up
  shopset-sandbox up --clusters cluster-a --edges=false --dir /tmp/small`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := o.sandbox()
			if err != nil {
				return err
			}
			if err := checkClusters(clusters); err != nil {
				return codedError{exitUsage, err}
			}
			u := up{dir: dir, parts: parts, clusters: clusters, out: cmd.ErrOrStderr()}
			if cmd.Flags().Changed("edges") {
				u.edges = &edges
			}
			return u.run(cmd.Context())
		},
	}
	cmd.Flags().StringSliceVar(&clusters, "clusters", nil, "workload clusters to run, beside mgmt (default those of the last time, at first cluster-a,cluster-b,cluster-c)")
	cmd.Flags().StringVar(&parts, "parts", "", "directory of the programs (default "+partsDir+" beside this program)")
	cmd.Flags().BoolVar(&edges, "edges", false, "run two edges (default: if "+edge.Program+" is beside this program)")
	return cmd
}

func checkClusters(names []string) error {
	for _, name := range names {
		if !clusterName.MatchString(name) || name == state.Management {
			return fmt.Errorf("%q is no name for a workload cluster: want lower-case letters, digits and '-', and not %q", name, state.Management)
		}
	}
	return nil
}

// up is one run of the verb.
type up struct {
	dir      layout.Dir
	parts    string
	clusters []string // empty: as last time
	edges    *bool    // nil: if their program is there
	out      io.Writer
}

func (u up) run(ctx context.Context) error {
	if err := os.MkdirAll(u.dir.Path("logs"), 0o700); err != nil {
		return fmt.Errorf("making the sandbox's directory: %w", err)
	}
	// Two that start at the same time start one supervisor.
	lock, err := layout.WaitLock(u.dir.UpLock())
	if err != nil {
		return err
	}
	defer lock.Unlock()
	if running(u.dir) {
		return u.join(ctx)
	}
	ended, err := u.launch()
	if err != nil {
		return err
	}
	return u.follow(ctx, ended)
}

// join waits for a sandbox that somebody else has started.
func (u up) join(ctx context.Context) error {
	s, err := state.Load(u.dir.State())
	if err != nil {
		return err
	}
	if len(u.clusters) > 0 && !slices.Equal(enabled(s), slices.Sorted(slices.Values(u.clusters))) {
		return fmt.Errorf("the sandbox runs the clusters %s; to change them: shopset-sandbox down --dir %s, then up again",
			strings.Join(enabled(s), ","), u.dir)
	}
	if stages, err := readProgress(u.dir.Progress()); err == nil && len(stages) > 0 && stages[len(stages)-1].Ready {
		fmt.Fprintf(u.out, "the sandbox in %s runs already\n", u.dir)
		return u.settle(ctx)
	}
	gone := make(chan struct{})
	defer close(gone)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for running(u.dir) {
			select {
			case <-gone:
				return
			case <-time.After(followInterval):
			}
		}
	}()
	if err := u.follow(ctx, ended); err != nil {
		return err
	}
	return u.settle(ctx)
}

// settle waits until what is started again just now is back, and mentions what
// was made to fail.
func (u up) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		status, err := control.NewClient(u.dir.ControlSocket()).Status(ctx)
		if err != nil {
			return err
		}
		waiting := ""
		for _, c := range status.Clusters {
			switch c.Condition {
			case control.Running:
			case control.Unready, control.Starting:
				waiting = c.Name
			default:
				fmt.Fprintf(u.out, "%s is %s, as was asked for; undo that with: shopset-sandbox recover %s --dir %s\n", c.Name, c.Condition, c.Name, u.dir)
			}
		}
		if waiting == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return codedError{exitUnhealthy, fmt.Errorf("cluster %q is not ready; logs are %s", waiting, u.dir.Log(waiting+"-*"))}
		case <-time.After(followInterval):
		}
	}
}

// enabled are the workload clusters of a sandbox, sorted.
func enabled(s *state.State) []string {
	var names []string
	for _, c := range s.Enabled() {
		if c.Name != state.Management {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	return names
}

// launch starts the supervisor. The channel is closed when it ends.
func (u up) launch() (<-chan struct{}, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	parts, err := u.findParts(self)
	if err != nil {
		return nil, err
	}
	edgeProgram, err := u.findEdge(self)
	if err != nil {
		return nil, err
	}
	clusters := u.clusters
	if len(clusters) == 0 {
		s, err := state.LoadOrNew(u.dir.State())
		if err != nil {
			return nil, err
		}
		if clusters = enabled(s); len(clusters) == 0 {
			clusters = []string{"cluster-a", "cluster-b", "cluster-c"}
		}
	}
	if err := os.RemoveAll(u.dir.Progress()); err != nil {
		return nil, fmt.Errorf("removing the last progress file: %w", err)
	}
	log, err := os.OpenFile(u.dir.Log("supervisor"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the supervisor's log: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(self, "supervise", "--dir", string(u.dir), "--parts", parts, "--clusters", strings.Join(clusters, ","), "--edge", edgeProgram)
	cmd.Stdout, cmd.Stderr = log, log
	process.Detach(cmd)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the supervisor: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // the progress file says why it ended
	}()
	return ended, nil
}

// findParts returns the directory of programs with links resolved, so that a
// rebuild does not change what a running sandbox starts.
func (u up) findParts(self string) (string, error) {
	parts := u.parts
	if parts == "" {
		parts = filepath.Join(filepath.Dir(self), partsDir)
	}
	resolved, err := filepath.EvalSymlinks(parts)
	if err == nil {
		resolved, err = filepath.Abs(resolved)
	}
	if err == nil {
		_, err = os.Stat(filepath.Join(resolved, controlplane.APIServer))
	}
	if err != nil {
		return "", fmt.Errorf("finding the sandbox's programs: %w; build them with sandbox/build.sh or name their directory with --parts", err)
	}
	return resolved, nil
}

// findEdge returns the edges' program, empty where none is wanted.
func (u up) findEdge(self string) (string, error) {
	if u.edges != nil && !*u.edges {
		return "", nil
	}
	program, err := filepath.EvalSymlinks(filepath.Join(filepath.Dir(self), edge.Program))
	if errors.Is(err, fs.ErrNotExist) && u.edges == nil {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("finding the edges' program: %w; build it with: make bin/%s", err, edge.Program)
	}
	return program, nil
}

// follow prints the stages of a start until the last one.
func (u up) follow(ctx context.Context, ended <-chan struct{}) error {
	printed := 0
	over := false
	for {
		stages, err := readProgress(u.dir.Progress())
		if err != nil {
			return err
		}
		for ; printed < len(stages); printed++ {
			stage := stages[printed]
			if stage.Error != "" {
				return fmt.Errorf("starting the sandbox: %s", stage.Error)
			}
			fmt.Fprintf(u.out, "%6.1f s  %s\n", stage.Seconds, stage.Text)
			if stage.Ready {
				return nil
			}
		}
		if over {
			return fmt.Errorf("starting the sandbox: its supervisor has ended; its log is %s", u.dir.Log("supervisor"))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("starting the sandbox: %w; it goes on by itself, see: shopset-sandbox status --dir %s", ctx.Err(), u.dir)
		case <-ended:
			over = true // but read what it wrote last
		case <-time.After(followInterval):
		}
	}
}

// readProgress reads the stages that are written whole.
func readProgress(path string) ([]control.Stage, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the progress file: %w", err)
	}
	whole := data[:bytes.LastIndexByte(data, '\n')+1]
	var stages []control.Stage
	lines := bufio.NewScanner(bytes.NewReader(whole))
	lines.Buffer(nil, 1<<20) // an error may be long
	for lines.Scan() {
		var stage control.Stage
		if err := json.Unmarshal(lines.Bytes(), &stage); err != nil {
			return nil, fmt.Errorf("decoding the progress file: %w", err)
		}
		stages = append(stages, stage)
	}
	return stages, lines.Err()
}
