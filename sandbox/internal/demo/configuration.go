package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/sandbox/internal/demo/shopper"
)

// production is the Configuration that is changed, and the environment that it names.
const production = "production"

// configurationClimbs changes a Configuration, which no commit of the apps repository knows of.
func (d *demo) configurationClimbs(ctx context.Context) error {
	d.out.Say("Configurations say which outside world a ShopSet is connected to. The one called production is used by the two " +
		"tiers on top only. It is changed now, such that no money is taken, which the shop says on its pages. " +
		"A wrong setting breaks a shop as surely as a wrong line of code, so this climbs too: dev and beta take the new " +
		"tree first, although nothing of it concerns them.")
	before, err := d.lowestRelease(ctx)
	if err != nil {
		return err
	}
	users, err := d.usersOf(ctx, production)
	if err != nil {
		return err
	}
	tallies, made := d.crowd.Tallies(), d.clock.Now()
	if _, err := d.kubectl(ctx, "-n", namespace, "patch", "configuration", production, "--type=json",
		`-p=[{"op": "replace", "path": "/spec/literals/0/values/PAYMENT_MODE", "value": "test"}]`); err != nil {
		return err
	}
	f := begin(change{
		name: "the new Configuration", made: made,
		runs: func(r v1alpha1.Release) bool {
			return r.Apps == before.Apps && r.Configurations != before.Configurations
		},
		shows:   func(p shopper.Page) bool { return p.Notice == production },
		visible: func(shopSet string) bool { return slices.Contains(users, shopSet) },
	})
	if err := d.follow(ctx, f); err != nil {
		return err
	}
	if err := d.judge(ctx, f); err != nil {
		return err
	}
	d.claim("the apps commit stayed the same on all tiers", d.otherApps(f, before.Apps)...)
	others := slices.DeleteFunc(d.ladder.ShopSets(), func(name string) bool { return slices.Contains(users, name) })
	d.claimUntouched(made, tallies, others, "no shopper of another Configuration noticed")
	d.noteUpdated(made, tallies, users)
	return nil
}

// lowestRelease is what the lowest tier runs.
func (d *demo) lowestRelease(ctx context.Context) (v1alpha1.Release, error) {
	tiers, err := d.fleet.Tiers(ctx)
	if err != nil {
		return v1alpha1.Release{}, err
	}
	if len(tiers) == 0 || tiers[0].Status.Release == nil {
		return v1alpha1.Release{}, errors.New("reading the lowest tier: it runs nothing")
	}
	return *tiers[0].Status.Release, nil
}

func (d *demo) usersOf(ctx context.Context, configuration string) ([]string, error) {
	all, err := d.fleet.ShopSets(ctx)
	if err != nil {
		return nil, err
	}
	var users []string
	for i := range all {
		if all[i].Spec.Configuration == configuration {
			users = append(users, all[i].Name)
		}
	}
	return users, nil
}

func (d *demo) otherApps(f *climb, want v1alpha1.ObjectID) []string {
	var against []string
	for i := range f.tiers {
		if got := f.tiers[i].Status.Release.Apps; got != want {
			against = append(against, fmt.Sprintf("tier %s runs %s, not %s", f.tiers[i].Name, got.Short(), want.Short()))
		}
	}
	return against
}
