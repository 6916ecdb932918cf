package demo

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/sandbox/internal/demo/ladder"
	"shopset.dev/shopset/sandbox/internal/demo/report"
)

// recordLimit is how long the record of a promotion may lag behind the Tier.
const recordLimit = 20 * time.Second

// judge measures a climb that is over, and claims that it kept the order and that all tiers run
// the same objects.
func (d *demo) judge(ctx context.Context, f *climb) error {
	measured := report.Climb{Change: f.name}
	order := ladder.Climb{Served: maps.Clone(f.served), Proven: map[string]time.Time{}}
	for i := range f.tiers {
		t := &f.tiers[i]
		p, err := d.promotion(ctx, t)
		if err != nil {
			return err
		}
		order.Proven[t.Name] = t.Status.Proven.At.Time
		if at, ok := f.seenWell[t.Name]; ok {
			order.Proven[t.Name] = at
		}
		for _, shopSet := range d.ladder[i].ShopSets {
			if !f.visible(shopSet) { // nothing to see: then it is there when it is live
				order.Served[shopSet] = p.Status.LiveAt.Time
			}
		}
		times, err := d.tierTimes(ctx, f, d.ladder[i], t, p)
		if err != nil {
			return err
		}
		measured.Tiers = append(measured.Tiers, times)
	}
	d.act.Climbs = append(d.act.Climbs, measured)
	d.out.Say("How %s climbed, in seconds since it was made:", f.name)
	d.out.Table(measured.Header(), measured.Rows())
	d.claim(fmt.Sprintf("%s reached the ShopSets in the order %s", f.name, d.ladder), d.ladder.Violations(order)...)
	return d.judgeEquality(ctx, f)
}

// promotion waits for the complete record of how a tier got its release.
func (d *demo) promotion(ctx context.Context, t *v1alpha1.Tier) (*v1alpha1.Promotion, error) {
	var found *v1alpha1.Promotion
	what := fmt.Sprintf("the Promotion that records %s on tier %s", t.Status.ShortRelease, t.Name)
	err := d.await(ctx, what, recordLimit, func(ctx context.Context) (string, bool, error) {
		var err error
		if found, err = d.fleet.Promotion(ctx, t.Name, *t.Status.Release); err != nil {
			return "", false, err
		}
		if found == nil {
			return "none", false, nil
		}
		return fmt.Sprintf("%s is %s", found.Name, found.Status.Phase), found.Status.LiveAt != nil && found.Status.ProvenAt != nil, nil
	})
	return found, err
}

func (d *demo) tierTimes(ctx context.Context, f *climb, rung ladder.Rung, t *v1alpha1.Tier, p *v1alpha1.Promotion) (report.TierTimes, error) {
	since := func(at *metav1.MicroTime) float64 {
		if at == nil {
			return 0
		}
		return at.Sub(f.made).Seconds()
	}
	times := report.TierTimes{
		Tier:   t.Name,
		Pushed: since(p.Status.PushedAt), Live: since(p.Status.LiveAt), Proven: since(&t.Status.Proven.At),
		Skew: rung.Skew(f.served).Seconds(), Served: []report.Served{},
	}
	if p.Status.GatesPassedAt != nil { // a person's commit passed none
		times.GatesPassed, times.Recorded = since(p.Status.GatesPassedAt), true
	}
	for _, shopSet := range rung.ShopSets {
		if at, ok := f.served[shopSet]; ok {
			times.Served = append(times.Served, report.Served{ShopSet: shopSet, At: at.Sub(f.made).Seconds()})
		}
		cluster, err := d.clusterOf(ctx, shopSet)
		if err != nil {
			return times, err
		}
		ready, err := d.fleet.PodsReady(ctx, cluster, shopSet, p.Status.PushedAt.Time)
		if err != nil {
			return times, err
		}
		if !ready.IsZero() {
			times.PodsReady = max(times.PodsReady, ready.Sub(f.made).Seconds())
		}
	}
	return times, nil
}

func (d *demo) clusterOf(ctx context.Context, shopSet string) (string, error) {
	all, err := d.fleet.ShopSets(ctx)
	if err != nil {
		return "", err
	}
	for i := range all {
		if all[i].Name == shopSet {
			return all[i].Spec.Cluster, nil
		}
	}
	return "", fmt.Errorf("looking for ShopSet %q: there is none", shopSet)
}

// judgeEquality asks git, and nobody else, whether all tiers run the same three objects.
func (d *demo) judgeEquality(ctx context.Context, f *climb) error {
	var first string
	var against []string
	for i := range f.tiers {
		branch := f.tiers[i].Status.Branch
		tree, err := d.repos.LsTree(ctx, branch)
		if err != nil {
			return err
		}
		if i == 0 {
			first = tree
			d.out.Command("git ls-tree " + branch + " base configurations platform")
			d.out.Lines(tree)
		}
		if tree != first || strings.Count(tree, "\n") != 2 {
			against = append(against, fmt.Sprintf("%s has:\n%s", branch, tree))
		}
	}
	d.claim(fmt.Sprintf("git ls-tree says the same of all %d tier branches", len(f.tiers)), against...)
	return nil
}
