package demo

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"shopset.dev/shopset/sandbox/internal/control"
)

// silence is how long a cluster stays silent.
const silence = 8 * time.Second

// clusterFallsSilent freezes a cluster, then cuts it off: nothing is refused, nothing is answered.
func (d *demo) clusterFallsSilent(ctx context.Context) error {
	if err := d.openStreet(ctx); err != nil {
		return err
	}
	d.out.Say("Worse than a cluster that is dead is one that says nothing. First all processes of %s are stopped (SIGSTOP), then "+
		"its network is cut. Shoppers of redundant shops must get their pages all the same, at most a second later; a form that "+
		"was sent into the silence is not sent a second time, for nobody knows whether it arrived.", victim)
	for _, mode := range []control.Mode{control.Freeze, control.Partition} {
		if err := d.silenceOf(ctx, victim, mode); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) silenceOf(ctx context.Context, cluster string, mode control.Mode) error {
	if err := d.spreadOut(ctx, cluster); err != nil {
		return err
	}
	patient := d.elsewhere(cluster)
	failed, err := d.fail(ctx, cluster, mode)
	if err != nil {
		return err
	}
	if err := d.pause(ctx, silence); err != nil {
		return err
	}
	visits, err := d.traffic(ctx, fmt.Sprintf("%s is silent (%s)", cluster, mode), failed.From.Add(-time.Second))
	if err != nil {
		return err
	}
	reads := visits.Of(redundant, http.MethodGet, http.MethodHead)
	d.claim(fmt.Sprintf("redundant shops lose no GET and no HEAD when a cluster falls silent (%s)", mode), against(reads.Lost())...)
	added := added(visits, patient)
	d.act.Figure(fmt.Sprintf("longest wait of GET and HEAD of redundant shops beyond that of shops elsewhere (%s)", mode), added.Seconds(), "s", addedLimit.Seconds())
	posts := visits.Of(redundant, http.MethodPost)
	d.act.Figure(fmt.Sprintf("POSTs of redundant shops sent into the silence and lost (%s)", mode), float64(len(posts.Lost())), "requests", 0)
	from, err := d.recover(ctx, cluster)
	if err != nil {
		return err
	}
	return d.judgeReturn(ctx, cluster, from)
}
