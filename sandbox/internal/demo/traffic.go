package demo

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"shopset.dev/shopset/sandbox/internal/demo/load"
	"shopset.dev/shopset/sandbox/internal/demo/report"
)

const (
	// calmMore than a round of the shoppers is how long no request must be lost for the shops to count
	// as well again: then each was visited once at least.
	calmMore = time.Second
	// addedLimit is how much longer a page of a redundant shop may take when a cluster falls silent.
	addedLimit = time.Second
)

// traffic tells what became of the requests that began since a time, and notes it in the report.
func (d *demo) traffic(ctx context.Context, phase string, from time.Time) (load.Visits, error) {
	to := d.clock.Now()
	visits, err := d.street.crowd.Visits(ctx, from, to)
	if err != nil {
		return nil, err
	}
	t := report.Traffic{Phase: phase, Seconds: to.Sub(from).Seconds(), Rows: visits.Rows(), Gaps: []report.Gap{}}
	var cells [][]string
	for _, row := range t.Rows {
		cells = append(cells, row.Cells())
	}
	d.out.Say("Shoppers in these %.0f seconds (%s):", t.Seconds, phase)
	d.out.Table(load.Header(), cells)
	for _, kind := range []string{redundant, single} {
		shop, gap := visits.Of(kind).Gap(from, to)
		if shop == "" {
			continue
		}
		t.Gaps = append(t.Gaps, report.Gap{Kind: kind, Shop: shop, Seconds: gap.Seconds()})
		d.out.Event("%s shops: longest time without an answer %.1f s, of %s (each is visited every %.1f s)",
			kind, gap.Seconds(), shop, d.round().Seconds())
	}
	for i, reason := range visits.Reasons() {
		if i == maxShown {
			break
		}
		d.out.Lines(fmt.Sprintf("%d lost: %s", reason.Count, reason.Text))
	}
	d.act.Traffic = append(d.act.Traffic, t)
	return visits, nil
}

// against makes requests that were lost what speaks against a claim.
func against(lost load.Visits) []string {
	if len(lost) == 0 {
		return nil
	}
	lines := []string{fmt.Sprintf("%d requests were lost", len(lost))}
	for _, v := range lost[:min(len(lost), maxShown)] {
		lines = append(lines, fmt.Sprintf("  %s  %s of shop %s through edge-%d, after %d ms: %s",
			v.Start.Format("15:04:05.00"), v.Method, v.Shop, v.Edge+1, v.Took.Milliseconds(), v.Lost))
	}
	return []string{strings.Join(lines, "\n")}
}

// added is by how much the slowest answer to a redundant shop, by GET or HEAD, took longer than 99 of
// 100 answers at the same time to shops that have nothing to do with what failed: a machine that is
// busy with something else makes all of them wait.
func added(visits load.Visits, elsewhere map[string]bool) time.Duration {
	usual := visits.Where(func(v load.Visit) bool { return elsewhere[v.Shop] && v.Method != http.MethodPost }).Quantile(0.99)
	return max(0, visits.Of(redundant, http.MethodGet, http.MethodHead).Slowest()-usual)
}

// elsewhere are the shops that are served by another cluster than one, by their names.
func (d *demo) elsewhere(cluster string) map[string]bool {
	last, _ := d.street.tables.Last()
	clusterOf, serves := map[string]string{}, map[string]string{}
	for _, s := range last.Table.ShopSets {
		clusterOf[s.Name] = s.Cluster
	}
	for _, g := range last.Table.Groups {
		if len(g.ShopSets) > 0 {
			serves[g.Name] = clusterOf[g.ShopSets[0]]
		}
	}
	shops := map[string]bool{}
	for _, h := range last.Table.Hosts {
		shops[h.Shop] = serves[h.Group] != cluster
	}
	return shops
}

// awaitCalm waits until no request of some kinds of shop has been lost for a while, all of those
// that began then having come back.
func (d *demo) awaitCalm(ctx context.Context, limit time.Duration, kinds ...string) error {
	begun, calmTime := d.clock.Now(), d.round()+calmMore
	return d.await(ctx, "all shops to be well", limit, func(ctx context.Context) (string, bool, error) {
		now := d.clock.Now()
		if now.Sub(begun) < calmTime {
			return "not looked at for long enough", false, nil
		}
		visits, err := d.street.crowd.Visits(ctx, now.Add(-calmTime), now)
		if err != nil {
			return "", false, err
		}
		var lost load.Visits
		for _, kind := range kinds {
			lost = append(lost, visits.Of(kind).Lost()...)
		}
		return strings.Join(against(lost), ""), len(lost) == 0, nil
	})
}

// awaitServing waits until a cluster is said to be in a state, and gives the time.
func (d *demo) awaitServing(ctx context.Context, cluster, want string, limit time.Duration) (time.Time, error) {
	told := ""
	err := d.await(ctx, fmt.Sprintf("%s to be said %s", cluster, want), limit, func(ctx context.Context) (string, bool, error) {
		state, why, err := d.fleet.Serving(ctx, cluster)
		if err != nil {
			return "", false, err
		}
		if state != told {
			told = state
			d.out.Event("the controller says of %s: %s: %s", cluster, state, why)
		}
		return fmt.Sprintf("%s: %s", state, why), state == want, nil
	})
	return d.clock.Now(), err
}
