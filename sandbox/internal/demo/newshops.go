package demo

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
)

const (
	// newcomers are how many shops come in later, of a class of their own.
	newcomers     = 40
	newcomerClass = "newcomer"
)

// newShops adds shops that are not redundant, unless some of those there are live on the victim
// alone: what was moved away from it stays where it is well, and new ones go where there is room.
func (d *demo) newShops(ctx context.Context) error {
	shopSets, err := d.shopSetsOf(ctx, victim)
	if err != nil {
		return err
	}
	last, _ := d.street.tables.Last()
	if len(onlyOn(last.Table, shopSets)) > 0 {
		return nil
	}
	d.out.Say("What was moved away from %s when it died stays where it is well. So %d more shops come in, which are not redundant: "+
		"they are placed where there is most room.", victim, newcomers)
	class := &v1alpha1.ShopClass{
		ObjectMeta: metav1.ObjectMeta{Name: newcomerClass, Namespace: namespace},
		Spec:       v1alpha1.ShopClassSpec{Tier: d.ladder[len(d.ladder)-1].Tier, Domains: 1},
	}
	if err := d.fleet.Management.Create(ctx, class); err != nil {
		return fmt.Errorf("creating class %s: %w", newcomerClass, err)
	}
	if err := d.create(ctx, shopManifests("new", newcomers, func(int) string { return newcomerClass })); err != nil {
		return err
	}
	if err := d.readShops(ctx); err != nil {
		return err
	}
	if err := d.awaitRouted(ctx); err != nil {
		return err
	}
	last, _ = d.street.tables.Last()
	d.out.Event("%d groups of shops are on %s only", len(onlyOn(last.Table, shopSets)), victim)
	d.street.crowd.Stop()
	return d.admit(ctx)
}
