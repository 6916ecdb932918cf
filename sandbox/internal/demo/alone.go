package demo

import (
	"context"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/sandbox/internal/control"
	"shopset.dev/shopset/sandbox/internal/demo/console"
	"shopset.dev/shopset/sandbox/internal/demo/load"
	"shopset.dev/shopset/sandbox/internal/demo/routing"
	"shopset.dev/shopset/sandbox/internal/demo/sandbox"
)

// aloneTime is how long the edges carry on by themselves before a person helps.
const aloneTime = 6 * time.Second

// edgesAlone takes the controller and Argo CD away, with their whole cluster, and then kills another.
func (d *demo) edgesAlone(ctx context.Context) error {
	if err := d.openStreet(ctx); err != nil {
		return err
	}
	d.out.Say("At last the worst moment for a cluster to die: the management cluster is gone, and with it the controller and Argo CD. " +
		"Edges need none of them. Shops that are not redundant stay down, as nobody is there to place them elsewhere, until a person " +
		"says so to the edges with one command on each of their clusters.")
	if err := d.newShops(ctx); err != nil {
		return err
	}
	if _, err := d.fail(ctx, sandbox.Management, control.Kill); err != nil {
		return err
	}
	failed, err := d.fail(ctx, victim, control.Kill)
	if err != nil {
		return err
	}
	if err := d.pause(ctx, aloneTime); err != nil {
		return err
	}
	helped, err := d.override(ctx)
	if err != nil {
		return err
	}
	visits, err := d.traffic(ctx, victim+" dies without a controller and Argo CD", failed.From.Add(-time.Second))
	if err != nil {
		return err
	}
	d.judgeAlone(visits, failed, helped)
	return d.helpReturns(ctx)
}

// override lets the ShopSets of the other cluster stand in for those of the dead one, on the edges'
// clusters, and gives the time at which the last was told.
func (d *demo) override(ctx context.Context) (time.Time, error) {
	last, _ := d.street.tables.Last()
	standIns := standIns(last.Table, victim)
	for _, e := range d.street.edges {
		for _, name := range slices.Sorted(maps.Keys(standIns)) {
			args := []string{
				"override", "set", "shopset:" + name, "--to", standIns[name], "--for", "10m", "--reason", victim + " is dead", "--yes",
			}
			d.out.Command(console.Quoted("shopctl", append(args, "--context", e.Cluster)...))
			if _, err := d.sandbox.Kubectl(e.Cluster).Run(ctx, filepath.Join(d.Bin, "shopctl"), args...); err != nil {
				return time.Time{}, err
			}
		}
	}
	helped := d.clock.Now()
	d.out.Event("a person has told the edges")
	return helped, d.awaitCalm(ctx, backLimit, redundant, single)
}

// standIns finds, for each ShopSet on a cluster that holds something, the one of its tier elsewhere
// that holds most.
func standIns(t routes.Table, cluster string) map[string]string {
	found := map[string]string{}
	for _, dead := range t.ShopSets {
		if _, holds := routing.Holding(t, dead.Name); dead.Cluster != cluster || holds == 0 {
			continue
		}
		most := 0
		for _, s := range t.ShopSets {
			if _, holds := routing.Holding(t, s.Name); s.Tier == dead.Tier && s.Cluster != cluster && holds > most {
				found[dead.Name], most = s.Name, holds
			}
		}
	}
	return found
}

func (d *demo) judgeAlone(visits load.Visits, failed control.Failed, helped time.Time) {
	d.claim("edges alone lose no GET and no HEAD of redundant shops", against(visits.Of(redundant, http.MethodGet, http.MethodHead).Lost())...)
	posts := visits.Of(redundant, http.MethodPost)
	inFlight := posts.InFlight(failed.From, failed.To)
	refused := posts.Lost().Where(func(v load.Visit) bool { return !slices.Contains(inFlight, v) })
	d.claim("edges alone lose no POST of redundant shops but those that were in flight", against(refused)...)
	outages := visits.Of(single).Outages()
	var last time.Time
	var missing []string
	for _, outage := range outages {
		if outage.Back.IsZero() {
			missing = append(missing, outage.Shop)
		} else if outage.Back.After(last) {
			last = outage.Back
		}
	}
	d.act.Figure("shops that were down until a person helped", float64(len(outages)), "", 0)
	if !last.IsZero() {
		d.act.Figure("override set to the last of them back", max(0, last.Sub(helped).Seconds()), "s", 0)
	}
	d.claim("an override brings the other shops back without Argo CD and the controller",
		unless(len(missing) == 0, "still down: %v", missing[:min(len(missing), maxShown)])...)
}

// helpReturns brings both clusters back, and takes the overrides away.
func (d *demo) helpReturns(ctx context.Context) error {
	from := d.clock.Now()
	d.out.Command("shopset-sandbox recover " + sandbox.Management)
	if err := d.sandbox.Recover(ctx, sandbox.Management); err != nil {
		return err
	}
	d.out.Command("shopset-sandbox recover " + victim)
	if err := d.sandbox.Recover(ctx, victim); err != nil {
		return err
	}
	if err := d.awaitCalm(ctx, backLimit, redundant, single); err != nil {
		return err
	}
	if _, err := d.awaitServing(ctx, victim, "Up", upLimit); err != nil {
		return err
	}
	for _, e := range d.street.edges {
		args := []string{"-n", "shopset-edge", "delete", "configmap", "shopset-routes-override", "--ignore-not-found"}
		if _, err := d.kubectlOn(ctx, e.Cluster, args...); err != nil {
			return err
		}
	}
	if err := d.awaitCalm(ctx, backLimit, redundant, single); err != nil {
		return err
	}
	visits, err := d.traffic(ctx, "everything returns", from)
	if err != nil {
		return err
	}
	d.claim("no shopper notices that all of it returns", against(visits.Lost())...)
	return nil
}
