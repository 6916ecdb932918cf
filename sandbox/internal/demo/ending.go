package demo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"shopset.dev/shopset/sandbox/internal/demo/report"
)

const (
	// explainLimit bounds what is asked for after a failure.
	explainLimit = 30 * time.Second
	// downLimit bounds the stop of the sandbox.
	downLimit = 2 * time.Minute
)

// end tells what came of it, writes the report, and takes the sandbox down. err is what ended
// the play early, if something did.
func (d *demo) end(ctx context.Context, err error) error {
	if d.crowd != nil {
		d.crowd.Stop()
	}
	if d.street != nil {
		d.street.close()
	}
	interrupted := ctx.Err() != nil
	ctx = context.WithoutCancel(ctx)
	d.report.Seconds = d.out.Elapsed().Seconds()
	d.report.Sum()
	broken := d.report.Broken()
	switch {
	case err != nil:
		d.report.Failure = err.Error()
	case len(broken) > 0:
		err = fmt.Errorf("%w: %d are broken", errClaims, len(broken))
	default:
		d.report.Passed = true
	}
	if err != nil && !interrupted {
		d.explain(ctx, err)
	}
	if !interrupted {
		d.summary()
	}
	if writeErr := d.report.Write(d.Report); writeErr != nil {
		err = errors.Join(err, writeErr)
	} else {
		d.out.Event("the report is %s", d.Report)
	}
	return errors.Join(err, d.leave(ctx, err))
}

func (d *demo) summary() {
	d.out.Title("What was claimed")
	d.out.Table(report.ClaimHeader(), d.report.ClaimRows())
	d.out.Title("What was measured")
	d.out.Table(report.FigureHeader(), d.report.FigureRows())
	m := d.report.Machine
	d.out.Say("Measured on %d CPUs of %s/%s, load %s at the start. Times of shoppers are known to about 0.2 s, "+
		"those of pods to 1 s. A limit that is not held is shown and fails nothing; a broken claim does.",
		m.CPUs, m.OS, m.Architecture, m.Load)
}

// leave stops the sandbox, or says how to look around in it.
func (d *demo) leave(ctx context.Context, err error) error {
	if d.Keep {
		d.lookAround()
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, downLimit, fmt.Errorf("not within %s", downLimit))
	defer cancel()
	if err != nil {
		d.out.Event("the sandbox stops; its logs stay in %s", d.sandbox.Dir.Path("logs"))
		return d.sandbox.Down(ctx)
	}
	d.out.Event("the sandbox stops and is deleted")
	if err := d.sandbox.Purge(ctx); err != nil {
		return err
	}
	d.out.Event("nothing is left of it")
	return nil
}

func (d *demo) lookAround() {
	d.out.Say("The sandbox goes on. To look around:")
	program := d.sandbox.Program
	d.out.Command(fmt.Sprintf("eval \"$(%s env --dir %s)\"\nkubectl -n %s get tiers,shopsets,configurations,promotions\n"+
		"kubectl -n argocd get applications\ngit clone \"$SHOPSET_SYSTEM_URL\"", program, d.Dir, namespace))
	d.out.Say("Where a ShopSet is entered, under any host name such as tea-house.example.com:")
	for _, name := range d.ladder.ShopSets() {
		if at := d.crowd.Address(name); at != "" {
			d.out.Lines(fmt.Sprintf("%s  curl -H 'Host: tea-house.example.com' %s/", name, at))
		}
	}
	d.out.Say("To end it:")
	d.out.Command(fmt.Sprintf("%s down --purge --dir %s", program, d.Dir))
}

// explain shows what a person would ask for first after a failure.
func (d *demo) explain(ctx context.Context, err error) {
	ctx, cancel := context.WithTimeout(ctx, explainLimit)
	defer cancel()
	d.out.Title("What went wrong")
	d.out.Say("%s", err)
	if d.fleet.Management == nil {
		return
	}
	for _, args := range [][]string{
		{"-n", namespace, "get", "fleets,tiers,shopsets"},
		{"-n", namespace, "get", "promotions", "--sort-by=.metadata.creationTimestamp"},
		{"-n", "argocd", "get", "applications"},
		{"-n", system, "get", "pods"},
		{"-n", system, "logs", "-l", "app.kubernetes.io/component=controller", "--prefix", "--tail=15"},
	} {
		out, err := d.kubectl(ctx, args...)
		if err != nil {
			out = err.Error()
		}
		d.out.Lines(out)
	}
	for _, cluster := range clusters() {
		d.explainPods(ctx, cluster)
	}
}

// explainPods shows the pods of a cluster that are not ready.
func (d *demo) explainPods(ctx context.Context, cluster string) {
	out, err := d.sandbox.Kubectl(cluster).Run(ctx, filepath.Join(d.sandbox.Parts, "kubectl"), "get", "pods", "-A", "--no-headers")
	if err != nil {
		d.out.Lines(cluster + ": " + err.Error())
		return
	}
	for line := range strings.SplitSeq(out, "\n") {
		if fields := strings.Fields(line); len(fields) > 2 {
			if ready, all, _ := strings.Cut(fields[2], "/"); ready != all {
				d.out.Lines(cluster + ": " + line)
			}
		}
	}
}
