package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/sandbox/internal/demo/repos"
)

const (
	// degradedLimit bounds the wait until a bad release is seen to be bad.
	degradedLimit = 2 * time.Minute
	// lookLonger is how long the tiers above are watched once it is: whatever would go up,
	// would go by then.
	lookLonger = 3 * time.Second
)

// badCommit releases something broken, which must get no further than dev, and then mends it.
func (d *demo) badCommit(ctx context.Context) error {
	d.out.Say("Now a bad release, %s: its api crashes at the start. The gates of tier dev must hold it; no tier above may "+
		"change in any way, and no shopper there may notice.", badTag)
	upper := d.upperShopSets()
	serving, tallies := d.tag, d.crowd.Tallies()
	apps, system, err := d.heads(ctx)
	if err != nil {
		return err
	}
	c, err := d.push(ctx, repos.Release{Tag: badTag, Crash: "api"})
	if err != nil {
		return err
	}
	if err := d.awaitDegraded(ctx, c); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-d.clock.After(lookLonger):
	}
	appsNow, systemNow, err := d.heads(ctx)
	if err != nil {
		return err
	}
	d.claim("no branch of a tier above dev moved", append(d.moved("apps", apps, appsNow), d.moved("system", system, systemNow)...)...)
	d.claim(fmt.Sprintf("%s went on serving %s and nothing else", strings.Join(upper, ", "), serving), d.otherPages(upper, c.made, serving)...)
	d.claimUntouched(c.made, tallies, upper, "no shopper above dev noticed the bad release")
	return d.mend(ctx)
}

// mend releases what is good again; nothing else is needed.
func (d *demo) mend(ctx context.Context) error {
	d.out.Say("The developer mends it with the next commit, %s. Nobody has to clean up, approve or retry anything.", goodTag)
	tallies := d.crowd.Tallies()
	f, err := d.release(ctx, repos.Release{Tag: goodTag})
	if err != nil {
		return err
	}
	if err := d.judge(ctx, f); err != nil {
		return err
	}
	d.noteUpdated(f.made, tallies, d.ladder.ShopSets())
	return nil
}

// awaitDegraded waits until the lowest tier calls the change bad and says where.
func (d *demo) awaitDegraded(ctx context.Context, c change) error {
	rung := d.ladder[0]
	told := map[string]string{}
	var reason string
	err := d.await(ctx, "tier "+rung.Tier+" to be Degraded", degradedLimit, func(ctx context.Context) (string, bool, error) {
		tiers, err := d.fleet.Tiers(ctx)
		if err != nil {
			return "", false, err
		}
		t := &tiers[0]
		d.tellTier(c, t, told)
		reason = t.Status.Reason
		runs := t.Status.Release != nil && c.runs(*t.Status.Release)
		return fmt.Sprintf("%s: %s", t.Status.Phase, reason), runs && t.Status.Phase == v1alpha1.TierDegraded, nil
	})
	if err != nil {
		return err
	}
	took := d.clock.Since(c.made)
	d.act.Figure("bad commit pushed to tier "+rung.Tier+" Degraded", took.Seconds(), "s", 0)
	d.claim("the reason names "+rung.ShopSets[0], unless(strings.Contains(reason, rung.ShopSets[0]), "it says: %s", reason)...)
	return nil
}

func (d *demo) upperShopSets() []string { return d.ladder[1:].ShopSets() }

func (d *demo) heads(ctx context.Context) (apps, system map[string]string, err error) {
	if apps, err = d.repos.Heads(ctx, repos.Apps); err != nil {
		return nil, nil, err
	}
	system, err = d.repos.Heads(ctx, repos.System)
	return apps, system, err
}

// moved tells which branches above the lowest tier's are not where they were.
func (d *demo) moved(repository string, before, now map[string]string) []string {
	var against []string
	for level := 1; level < len(d.ladder); level++ {
		if b := branch(level); before[b] != now[b] || now[b] == "" {
			against = append(against, fmt.Sprintf("%s repository, %s: was %.8s, is %.8s", repository, b, before[b], now[b]))
		}
	}
	return against
}

// otherPages tells of pages of another release.
func (d *demo) otherPages(shopSets []string, since time.Time, tag string) []string {
	var against []string
	for _, name := range shopSets {
		for _, page := range d.crowd.Seen(name, since) {
			if page.Release != tag {
				against = append(against, fmt.Sprintf("%s served %s", name, page.Release))
			}
		}
	}
	return against
}
