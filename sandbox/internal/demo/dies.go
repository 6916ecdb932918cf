package demo

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/sandbox/internal/control"
	"shopset.dev/shopset/sandbox/internal/demo/load"
	"shopset.dev/shopset/sandbox/internal/demo/routing"
)

const (
	// victim is the cluster that fails.
	victim = "cluster-b"
	// declaredLimit bounds the wait until it is said to be down, upLimit until it is said to be up again.
	declaredLimit = time.Minute
	upLimit       = 90 * time.Second
	// backLimit bounds the wait until all shops are well again.
	backLimit = time.Minute
	// backWithin is how soon shops that are not redundant should be back once a cluster is said to be down.
	backWithin = 15
	// settled is how long nothing must be moved for things to count as settled.
	settled = 5 * time.Second
)

// clusterDies kills a cluster, lets it come back, and counts what shoppers lost.
func (d *demo) clusterDies(ctx context.Context) error {
	if err := d.openStreet(ctx); err != nil {
		return err
	}
	if err := d.deathOf(ctx, victim); err != nil {
		return err
	}
	return d.returnOf(ctx, victim)
}

// fail makes a cluster fail and shows the command.
func (d *demo) fail(ctx context.Context, cluster string, mode control.Mode) (control.Failed, error) {
	d.out.Command(fmt.Sprintf("shopset-sandbox fail %s --mode %s", cluster, mode))
	failed, err := d.sandbox.Fail(ctx, cluster, mode)
	if err == nil {
		d.out.EventAt(failed.To, "%s has failed (%s)", cluster, mode)
	}
	return failed, err
}

func (d *demo) deathOf(ctx context.Context, cluster string) error {
	d.out.Say("All processes of %s are killed now, as when a machine dies. Redundant shops must lose nothing: edges send "+
		"what is refused to the other ShopSet at once. The others are down until the controller has placed them elsewhere.", cluster)
	shopSets, err := d.shopSetsOf(ctx, cluster)
	if err != nil {
		return err
	}
	before, _ := d.street.tables.Last()
	serves, holds := routing.Holding(before.Table, shopSets...)
	mustMove := onlyOn(before.Table, shopSets)
	d.out.Event("%d placement groups are held on %s, %d of them served there, %d of them nowhere else", holds, cluster, serves, len(mustMove))
	failed, err := d.fail(ctx, cluster, control.Kill)
	if err != nil {
		return err
	}
	down, err := d.awaitServing(ctx, cluster, "Down", declaredLimit)
	if err != nil {
		return err
	}
	d.act.Figure("killed to said to be down", down.Sub(failed.From).Seconds(), "s", 0)
	if err := d.awaitCalm(ctx, backLimit, redundant, single); err != nil {
		return err
	}
	visits, err := d.traffic(ctx, cluster+" dies", failed.From.Add(-time.Second))
	if err != nil {
		return err
	}
	d.judgeDeath(visits, failed, down)
	moves := routing.Sum(d.street.tables.Since(failed.From))
	d.judgeMoves("after the death of "+cluster, moves, mustMove)
	return nil
}

// onlyOn lists the groups that are held by nobody else than some ShopSets, sorted.
func onlyOn(table routes.Table, shopSets []string) []string {
	var groups []string
	for _, g := range table.Groups {
		elsewhere := slices.ContainsFunc(g.ShopSets, func(s string) bool { return !slices.Contains(shopSets, s) })
		if !elsewhere && len(g.ShopSets) > 0 {
			groups = append(groups, g.Name)
		}
	}
	slices.Sort(groups)
	return groups
}

// judgeDeath claims what a death may cost.
func (d *demo) judgeDeath(visits load.Visits, failed control.Failed, down time.Time) {
	d.claim("redundant shops lose no GET and no HEAD when a cluster dies", against(visits.Of(redundant, http.MethodGet, http.MethodHead).Lost())...)
	posts := visits.Of(redundant, http.MethodPost)
	inFlight := posts.InFlight(failed.From, failed.To)
	refused := posts.Lost().Where(func(v load.Visit) bool { return !slices.Contains(inFlight, v) })
	d.claim("redundant shops lose no POST but those that were in flight at the moment of death, which are never sent again", against(refused)...)
	d.act.Figure("POSTs of redundant shops in flight at the moment of death", float64(len(inFlight)), "requests", 0)
	d.act.Figure("of these lost", float64(len(inFlight.Lost())), "requests", 0)
	d.judgeReturnOfShops(visits.Of(single), down)
}

// judgeReturnOfShops claims that shops which are not redundant came back by themselves.
func (d *demo) judgeReturnOfShops(visits load.Visits, down time.Time) {
	outages := visits.Outages()
	var last load.Outage
	var missing []string
	for _, outage := range outages {
		if outage.Back.IsZero() {
			missing = append(missing, outage.Shop)
		} else if outage.Back.After(last.Back) {
			last = outage
		}
	}
	d.act.Figure("shops that were down, not being redundant", float64(len(outages)), "", 0)
	if len(outages) == 0 {
		return
	}
	d.claim("shops that are not redundant come back by themselves",
		unless(len(missing) == 0, "still down: %v", missing[:min(len(missing), maxShown)])...)
	if len(missing) > 0 {
		return
	}
	took := last.Back.Sub(down).Seconds()
	d.act.Figure("said to be down to the last of them back", took, "s", backWithin)
	d.act.Figure("first request lost to the last of them back", last.Back.Sub(first(outages)).Seconds(), "s", 0)
}

func first(outages []load.Outage) time.Time {
	earliest := outages[0].First
	for _, outage := range outages {
		if outage.First.Before(earliest) {
			earliest = outage.First
		}
	}
	return earliest
}

// judgeMoves claims that only what had to be moved was, once.
func (d *demo) judgeMoves(when string, moves routing.Moves, mustMove []string) {
	d.act.Figure("moves "+when, float64(moves.Total()), "", 0)
	d.act.Figure("moves that had to be "+when, float64(len(mustMove)), "", 0)
	var found []string
	for _, group := range slices.Sorted(maps.Keys(moves.Moved)) {
		if n := moves.Moved[group]; n > 1 || !slices.Contains(mustMove, group) {
			found = append(found, fmt.Sprintf("%s was moved %d times", group, n))
		}
	}
	d.claim(fmt.Sprintf("%s only what had lost its last place was moved, and once (%d groups)", when, len(mustMove)), found[:min(len(found), maxShown)]...)
}

// returnOf lets a cluster come back, and claims that nobody notices.
func (d *demo) returnOf(ctx context.Context, cluster string) error {
	d.out.Say("%s comes back. It is taken for well only after a while without a break; nothing on it is deleted, and shops are not "+
		"sent to and fro.", cluster)
	from, err := d.recover(ctx, cluster)
	if err != nil {
		return err
	}
	return d.judgeReturn(ctx, cluster, from)
}

// recover undoes a failure, waits until the controller says that the cluster is up, and gives the
// time at which it began to return.
func (d *demo) recover(ctx context.Context, cluster string) (time.Time, error) {
	from := d.clock.Now()
	d.out.Command("shopset-sandbox recover " + cluster)
	if err := d.sandbox.Recover(ctx, cluster); err != nil {
		return from, err
	}
	up, err := d.awaitServing(ctx, cluster, "Up", upLimit)
	if err != nil {
		return from, err
	}
	d.act.Figure(cluster+" back to said to be up", up.Sub(from).Seconds(), "s", 0)
	return from, d.awaitSettled(ctx)
}

// awaitSettled waits until nothing has been moved for a while.
func (d *demo) awaitSettled(ctx context.Context) error {
	return d.await(ctx, "the routing table to stay as it is", backLimit, func(context.Context) (string, bool, error) {
		last, ok := d.street.tables.Last()
		return fmt.Sprintf("epoch %d since %s", last.Table.Epoch, last.At.Format("15:04:05")), ok && d.clock.Since(last.At) > settled, nil
	})
}

func (d *demo) judgeReturn(ctx context.Context, cluster string, from time.Time) error {
	visits, err := d.traffic(ctx, cluster+" returns", from)
	if err != nil {
		return err
	}
	d.claim("no shopper notices that "+cluster+" returns", against(visits.Lost())...)
	seen := d.street.tables.Since(from)
	moves := routing.Sum(seen)
	d.act.Figure("moves while "+cluster+" returns", float64(moves.Total()), "", 0)
	d.act.Figure("groups served by another of their ShopSets while "+cluster+" returns", float64(len(moves.Switched)), "", 0)
	var flapping []string
	for _, group := range slices.Sorted(maps.Keys(moves.Moved)) {
		if moves.Moved[group] > 1 {
			flapping = append(flapping, fmt.Sprintf("%s was moved %d times", group, moves.Moved[group]))
		}
	}
	slices.Sort(moves.Switched)
	for i := 1; i < len(moves.Switched); i++ {
		if moves.Switched[i] == moves.Switched[i-1] {
			flapping = append(flapping, moves.Switched[i]+" was switched more than once")
		}
	}
	d.claim("nothing is sent to and fro while "+cluster+" returns", flapping[:min(len(flapping), maxShown)]...)
	return nil
}
