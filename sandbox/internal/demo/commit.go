package demo

import (
	"context"

	"shopset.dev/shopset/sandbox/internal/demo/repos"
)

// commitClimbs merges a release and watches shoppers get it, tier by tier.
func (d *demo) commitClimbs(ctx context.Context) error {
	d.out.Say("A developer releases %s: one commit that changes one line, on branch %s of the apps repository. "+
		"In a team that is a merged pull request.", secondTag, branch(0))
	before := d.crowd.Tallies()
	f, err := d.release(ctx, repos.Release{Tag: secondTag})
	if err != nil {
		return err
	}
	if err := d.judge(ctx, f); err != nil {
		return err
	}
	d.noteUpdated(f.made, before, d.ladder.ShopSets())
	return d.showTiers(ctx)
}

// release commits a release, shows the commit, and follows it.
func (d *demo) release(ctx context.Context, r repos.Release) (*climb, error) {
	c, err := d.push(ctx, r)
	if err != nil {
		return nil, err
	}
	f := begin(c)
	if err := d.follow(ctx, f); err != nil {
		return nil, err
	}
	d.tag = r.Tag
	return f, nil
}

// push commits a release and shows the commit.
func (d *demo) push(ctx context.Context, r repos.Release) (change, error) {
	made := d.clock.Now()
	commit, err := d.repos.Commit(ctx, r, "Release "+r.Tag)
	if err != nil {
		return change{}, err
	}
	d.commit = commit
	diff, err := d.repos.Diff(ctx)
	if err != nil {
		return change{}, err
	}
	d.out.Command("git commit -m 'Release " + r.Tag + "' && git push origin " + branch(0))
	d.out.Lines(diff)
	d.out.EventAt(made, "commit %.8s is pushed", commit)
	return newRelease(r.Tag, commit, made), nil
}
