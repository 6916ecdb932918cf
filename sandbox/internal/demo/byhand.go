package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"shopset.dev/shopset/sandbox/internal/demo/command"
	"shopset.dev/shopset/sandbox/internal/demo/ladder"
	"shopset.dev/shopset/sandbox/internal/demo/repos"
	"shopset.dev/shopset/sandbox/internal/demo/runbook"
	"shopset.dev/shopset/sandbox/internal/demo/sandbox"
)

// engineer is who does by hand what the controller does otherwise.
const engineer = "An Engineer"

// byHand promotes without the controller, by the procedure that the docs print, and lets the
// controller take over afterwards.
func (d *demo) byHand(ctx context.Context) error {
	d.out.Say("Nothing is locked into the controller. It is stopped now, and %s is brought to dev and beta with git alone. "+
		"The commands are read from docs/by-hand/promote.md and run as they stand there.", handTag)
	page, err := runbook.Read(filepath.Join(d.Root, "docs", "by-hand", "promote.md"))
	if err != nil {
		return err
	}
	shell, err := d.shells()
	if err != nil {
		return err
	}
	tallies := d.crowd.Tallies()
	if err := d.carryOut(ctx, page, runbook.PromoteStop, shell(0)); err != nil {
		return err
	}
	c, err := d.push(ctx, repos.Release{Tag: handTag})
	if err != nil {
		return err
	}
	f := begin(c)
	f.seenWell = map[string]time.Time{}
	for level, title := range []string{runbook.PromoteEnter, runbook.PromoteCarry} {
		if err := d.carryOut(ctx, page, title, shell(max(level-1, 0))); err != nil {
			return err
		}
		if err := d.carryOut(ctx, page, runbook.PromoteSee, shell(level)); err != nil {
			return err
		}
		if err := d.awaitServed(ctx, f, d.ladder[level]); err != nil {
			return err
		}
		f.seenWell[d.ladder[level].Tier] = d.clock.Now()
	}
	if err := d.takeOver(ctx, page, shell(0), f); err != nil {
		return err
	}
	d.noteUpdated(f.made, tallies, d.ladder.ShopSets())
	return d.showTiers(ctx)
}

// shells gives what the page asks for: an empty directory, and the variables for a tier.
func (d *demo) shells() (func(level int) command.Runner, error) {
	git, err := d.sandbox.Git()
	if err != nil {
		return nil, err
	}
	env, err := d.gitAccess(git, engineer, "engineer@shop.example")
	if err != nil {
		return nil, err
	}
	dir := d.sandbox.Work("by-hand")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a directory to work in: %w", err)
	}
	all := d.sandbox.Kubectl(sandbox.Management).In(dir).With(env...).With(
		"APPS_URL="+git.AppsURL, "SYSTEM_URL="+git.SystemURL, "FLEET="+namespace)
	return func(level int) command.Runner {
		return all.With(
			"FROM="+branch(level), "FROM_TIER="+d.ladder[level].Tier,
			"TO="+branch(level+1), "TO_TIER="+d.ladder[level+1].Tier)
	}, nil
}

// carryOut runs a section of the page, showing its commands.
func (d *demo) carryOut(ctx context.Context, page runbook.Page, title string, shell command.Runner) error {
	section, err := page.Section(title)
	if err != nil {
		return err
	}
	d.out.Event("%s:", title)
	d.out.Command(section.Script)
	out, err := section.Run(ctx, shell)
	if err != nil {
		return err
	}
	d.out.Lines(out)
	return nil
}

// awaitServed waits until shoppers have seen a change on all ShopSets of a tier.
func (d *demo) awaitServed(ctx context.Context, f *climb, rung ladder.Rung) error {
	what := fmt.Sprintf("%s to serve %s", strings.Join(rung.ShopSets, " and "), f.name)
	return d.await(ctx, what, climbLimit, func(context.Context) (string, bool, error) {
		d.tellSightings(f)
		missing := slices.DeleteFunc(d.unseen(f), func(name string) bool { return !slices.Contains(rung.ShopSets, name) })
		return "nothing of it on " + strings.Join(missing, ", "), len(missing) == 0, nil
	})
}

// takeOver starts the controller, which must go on from what it finds.
func (d *demo) takeOver(ctx context.Context, page runbook.Page, shell command.Runner, f *climb) error {
	apps, system, err := d.heads(ctx)
	if err != nil {
		return err
	}
	if err := d.carryOut(ctx, page, runbook.PromoteStart, shell); err != nil {
		return err
	}
	if err := d.follow(ctx, f); err != nil {
		return err
	}
	d.tag = f.name
	if err := d.judge(ctx, f); err != nil {
		return err
	}
	appsNow, systemNow, err := d.heads(ctx)
	if err != nil {
		return err
	}
	var against []string
	for level := range 2 {
		if b := branch(level); apps[b] != appsNow[b] || system[b] != systemNow[b] {
			against = append(against, b+" was changed")
		}
	}
	d.claim("the controller took over: it reverted nothing and committed nothing to the tiers done by hand", against...)
	return d.claimActor(ctx, f)
}

// claimActor claims that the record names the person.
func (d *demo) claimActor(ctx context.Context, f *climb) error {
	var against []string
	for i := range 2 {
		p, err := d.promotion(ctx, &f.tiers[i])
		if err != nil {
			return err
		}
		if !strings.Contains(p.Status.Actor, engineer) {
			against = append(against, fmt.Sprintf("Promotion %s to %s names %q", p.Name, p.Spec.Tier, p.Status.Actor))
		}
	}
	d.claim("the Promotions of dev and beta name "+engineer, against...)
	return nil
}
