package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/utils/clock"

	"shopset.dev/shopset/sandbox/internal/demo/console"
	"shopset.dev/shopset/sandbox/internal/demo/fleet"
	"shopset.dev/shopset/sandbox/internal/demo/ladder"
	"shopset.dev/shopset/sandbox/internal/demo/report"
	"shopset.dev/shopset/sandbox/internal/demo/repos"
	"shopset.dev/shopset/sandbox/internal/demo/sandbox"
	"shopset.dev/shopset/sandbox/internal/demo/shopper"
	"shopset.dev/shopset/sandbox/internal/layout"
)

// Options say how the demo runs.
type Options struct {
	// Root is the project's folder, with config/, examples/ and docs/; Bin the folder of the
	// built programs.
	Root, Bin string
	// Dir is the sandbox's directory; empty means .sandbox/demo below Root.
	Dir string
	// Keep leaves the sandbox running at the end.
	Keep bool
	// Report is the file that the report is written to.
	Report string
	// Acts are the names of the acts to play after the first two; empty means all.
	Acts []string
	// Rate is how many requests a second shoppers make through the edges.
	Rate int
	Out  io.Writer
}

// act is one part of the demo.
type act struct {
	name, title string
	play        func(*demo, context.Context) error
}

// opening are the acts that all others need.
func opening() []act {
	return []act{
		{"install", "A sandbox with ShopSet on it", (*demo).install},
		{"first", "The first release", (*demo).firstRelease},
	}
}

// choice are the acts that can be left out.
func choice() []act {
	return []act{
		{"commit", "A commit climbs", (*demo).commitClimbs},
		{"configuration", "A Configuration climbs the same way", (*demo).configurationClimbs},
		{"bad", "A bad commit", (*demo).badCommit},
		{"hand", "By hand", (*demo).byHand},
		{"shops", "500 shops", (*demo).shopsOpen},
		{"dies", "A cluster dies", (*demo).clusterDies},
		{"silent", "A cluster falls silent", (*demo).clusterFallsSilent},
		{"upgrade", "A cluster is upgraded", (*demo).clusterIsUpgraded},
		{"alone", "A cluster dies, and nobody is there to help", (*demo).edgesAlone},
	}
}

// Acts lists the names of the acts that can be chosen.
func Acts() []string {
	var names []string
	for _, a := range choice() {
		names = append(names, a.name)
	}
	return names
}

// demo is what all acts share.
type demo struct {
	Options
	clock   clock.WithTicker
	out     *console.Console
	sandbox sandbox.Sandbox
	report  *report.Report
	act     *report.Act

	repos  repos.Repos
	fleet  fleet.Fleet
	ladder ladder.Ladder
	crowd  *shopper.Crowd
	// street is nil until an act about traffic has opened it.
	street *street
	// tag and commit are the release that all tiers run between two acts.
	tag, commit string
}

// Run plays the demo and takes the sandbox down again. The error says what went wrong, or which
// claims did not hold.
func Run(ctx context.Context, o Options) error {
	acts, err := chosen(o.Acts)
	if err != nil {
		return err
	}
	d, err := prepare(o)
	if err != nil {
		return err
	}
	if err := d.sandbox.Fresh(ctx); err != nil {
		return err
	}
	for _, a := range acts {
		if err = d.run(ctx, a); err != nil {
			break
		}
	}
	return d.end(ctx, err)
}

func prepare(o Options) (*demo, error) {
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return nil, fmt.Errorf("finding the project's folder: %w", err)
	}
	o.Root = root
	if o.Dir == "" {
		o.Dir = filepath.Join(root, ".sandbox", "demo")
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("finding the sandbox's directory: %w", err)
	}
	if o.Bin, err = filepath.Abs(o.Bin); err != nil {
		return nil, fmt.Errorf("finding the programs: %w", err)
	}
	program, parts, err := sandbox.Locate(o.Bin)
	if err != nil {
		return nil, err
	}
	clk := clock.RealClock{}
	return &demo{
		Options: o, clock: clk, out: console.New(o.Out, clk),
		sandbox: sandbox.Sandbox{Program: program, Parts: parts, Dir: layout.Dir(o.Dir), Progress: console.Indent(o.Out)},
		report: &report.Report{
			Started: clk.Now(), Machine: report.ThisMachine(), Versions: map[string]string{},
			Acts: []*report.Act{}, Figures: []report.Figure{},
		},
	}, nil
}

// chosen are the opening and the named acts, in the order of the play.
func chosen(names []string) ([]act, error) {
	for _, name := range names {
		if !slices.Contains(Acts(), name) {
			return nil, fmt.Errorf("%w %q: choose among %s", ErrNoSuchAct, name, strings.Join(Acts(), ","))
		}
	}
	acts := opening()
	for _, a := range choice() {
		if len(names) == 0 || slices.Contains(names, a.name) {
			acts = append(acts, a)
		}
	}
	return acts, nil
}

func (d *demo) run(ctx context.Context, a act) error {
	d.act = d.report.Begin(a.name, a.title)
	d.out.Title("%d. %s", len(d.report.Acts), a.title)
	begun := d.clock.Now()
	err := a.play(d, ctx)
	d.act.Seconds = d.clock.Since(begun).Seconds()
	if err != nil {
		return fmt.Errorf("playing act %q: %w", a.name, err)
	}
	return nil
}

// claim notes a claim and tells of it.
func (d *demo) claim(text string, against ...string) {
	c := d.act.Claim(text, against...)
	if c.Held {
		d.out.Event("held: %s", text)
		return
	}
	d.out.Event("BROKEN: %s", text)
	d.out.Lines(strings.Join(against, "\n"))
}

// unless gives a claim's counter-evidence in the form that claim takes it.
func unless(ok bool, format string, args ...any) []string {
	if ok {
		return nil
	}
	return []string{fmt.Sprintf(format, args...)}
}

// await looks every now and then until look is done. What it returns instead is what the error
// says was seen last. An error of look is one more thing to wait for the end of.
func (d *demo) await(ctx context.Context, what string, limit time.Duration, look func(context.Context) (seen string, done bool, err error)) error {
	const every = 200 * time.Millisecond
	end := d.clock.Now().Add(limit)
	for {
		seen, done, err := look(ctx)
		if err == nil && done {
			return nil
		}
		if err != nil {
			seen = err.Error()
		}
		if d.clock.Now().After(end) {
			return fmt.Errorf("waited %s for %s; last seen: %s", limit, what, seen)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, context.Cause(ctx))
		case <-d.clock.After(every):
		}
	}
}

// ErrNoSuchAct is what Run returns for Options that name an act that there is not.
var ErrNoSuchAct = errors.New("there is no act")

// errClaims is what the demo fails with when all was played and not all held.
var errClaims = errors.New("not all claims held")
