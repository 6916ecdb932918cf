package demo

import (
	"context"
	"fmt"
	"time"

	"shopset.dev/shopset/sandbox/internal/demo/routing"
)

// balanceLimit bounds the wait until load is spread again.
const balanceLimit = time.Minute

// spreadOut asks for load to be spread evenly, if a cluster serves nothing: what went elsewhere when
// it failed stays where it is well, until somebody wants it otherwise.
func (d *demo) spreadOut(ctx context.Context, cluster string) error {
	shopSets, err := d.shopSetsOf(ctx, cluster)
	if err != nil {
		return err
	}
	serves := func() int {
		last, _ := d.street.tables.Last()
		n, _ := routing.Holding(last.Table, shopSets...)
		return n
	}
	if serves() > 0 {
		return nil
	}
	d.out.Say("%s serves nothing now: what went elsewhere when it failed stays where it is well. A person asks for balance.", cluster)
	from := d.clock.Now()
	if _, err := d.kubectl(ctx, "-n", namespace, "annotate", "fleet", namespace, "shopset.dev/rebalance=demo"); err != nil {
		return err
	}
	err = d.await(ctx, cluster+" to serve again", balanceLimit, func(context.Context) (string, bool, error) {
		return cluster + " serves nothing", serves() > 0, nil
	})
	if err != nil {
		return err
	}
	if err := d.awaitSettled(ctx); err != nil {
		return err
	}
	if _, err := d.kubectl(ctx, "-n", namespace, "annotate", "fleet", namespace, "shopset.dev/rebalance-"); err != nil {
		return err
	}
	visits, err := d.street.crowd.Visits(ctx, from, d.clock.Now())
	if err != nil {
		return err
	}
	d.out.Event("%s serves %d groups again", cluster, serves())
	d.claim(fmt.Sprintf("none of %d requests is lost while load is spread evenly", len(visits)), against(visits.Lost())...)
	return nil
}
