package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/sandbox/internal/demo/load"
	"shopset.dev/shopset/sandbox/internal/demo/routing"
	"shopset.dev/shopset/sandbox/internal/state"
)

// Rate is how many requests a second shoppers make, over all shops and both edges, unless somebody
// wants it otherwise.
const Rate = 200

const (
	// quietTime is how long the shops are watched at least while nothing happens.
	quietTime = 8 * time.Second
	// tiersEvery is how often it is looked which ShopSets there are.
	tiersEvery = time.Second
	// witness is the cluster whose copy of the routing table is looked at: it never fails here.
	witness = "cluster-c"
)

// Kinds of shops, by which losses are counted.
const (
	redundant = "redundant"
	single    = "not redundant"
)

// street is everything about shoppers who come through the edges.
type street struct {
	edges []state.Edge
	ca    string
	shops []load.Shop
	// hosts is how many host names the shops have together.
	hosts  int
	crowd  *load.Crowd
	tables *routing.Record
	// tiers is which tier each ShopSet is of, as last seen.
	tiers atomic.Pointer[map[string]string]
	stop  context.CancelFunc
}

// tierOf is the tier of a ShopSet.
func (s *street) tierOf(shopSet string) string {
	if tiers := s.tiers.Load(); tiers != nil {
		return (*tiers)[shopSet]
	}
	return ""
}

// close sends the shoppers home.
func (s *street) close() {
	if s.crowd != nil {
		s.crowd.Stop()
	}
	if s.tables != nil {
		s.tables.Stop()
	}
	if s.stop != nil {
		s.stop()
	}
}

// openStreet prepares what the acts about traffic need: shops, edges that route them, a record of
// the tables, and shoppers. It does nothing when that has been done.
func (d *demo) openStreet(ctx context.Context) error {
	if d.street != nil {
		return nil
	}
	s := &street{}
	var err error
	if s.edges, s.ca, err = d.sandbox.Edges(); err != nil {
		return err
	}
	if len(s.edges) == 0 {
		return errors.New("opening the shops: the sandbox runs no edges; build them with: make bin/shopset-edge")
	}
	d.street = s
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	if err := d.lookAtTiers(ctx); err != nil {
		return err
	}
	go d.keepLookingAtTiers(watching)
	s.tables = routing.Watch(watching, d.clock, routing.Source{
		Epoch: func(ctx context.Context) (int64, error) { return d.fleet.Epoch(ctx, witness) },
		Table: func(ctx context.Context) (routes.Table, error) { return d.fleet.Table(ctx, witness) },
	})
	d.crowd.Stop() // those who look at every ShopSet have seen enough, and cost time
	if err := d.addShops(ctx); err != nil {
		return err
	}
	return d.admitCrowd(ctx)
}

// round is how long it takes the shoppers to come to each shop once.
func (d *demo) round() time.Duration {
	return time.Duration(len(d.street.shops)) * time.Second / time.Duration(d.Rate)
}

// admit lets the shoppers in. The first of them open connections, which takes longer.
func (d *demo) admit(ctx context.Context) error {
	s := d.street
	var urls []string
	for _, e := range s.edges {
		urls = append(urls, e.HTTP())
	}
	var err error
	s.crowd, err = load.Start(load.Config{Shops: s.shops, Edges: urls, Rate: d.Rate, TierOf: s.tierOf, Clock: d.clock})
	if err != nil {
		return err
	}
	return d.pause(ctx, d.round())
}

// admitCrowd lets the shoppers in and measures how it is when nothing happens.
func (d *demo) admitCrowd(ctx context.Context) error {
	d.out.Event("shoppers come, %d requests a second: they look at front pages, fill carts and check out", d.Rate)
	if err := d.admit(ctx); err != nil {
		return err
	}
	from := d.clock.Now()
	if err := d.pause(ctx, max(quietTime, d.round())); err != nil {
		return err
	}
	quiet, err := d.traffic(ctx, "nothing happens", from)
	if err != nil {
		return err
	}
	d.claim("no request is lost while nothing happens", against(quiet.Lost())...)
	return nil
}

func (d *demo) keepLookingAtTiers(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.clock.After(tiersEvery):
			_ = d.lookAtTiers(ctx) // while the management cluster is away, what was seen last holds
		}
	}
}

func (d *demo) lookAtTiers(ctx context.Context) error {
	all, err := d.fleet.ShopSets(ctx)
	if err != nil {
		return err
	}
	tiers := map[string]string{}
	if known := d.street.tiers.Load(); known != nil { // what is removed may still be answering
		for name, tier := range *known {
			tiers[name] = tier
		}
	}
	for i := range all {
		tiers[all[i].Name] = all[i].Spec.Tier
	}
	d.street.tiers.Store(&tiers)
	return nil
}

// readShops reads the fleet's shops: every one with its kind and tier.
func (d *demo) readShops(ctx context.Context) error {
	classes, shops, err := d.fleet.Shops(ctx)
	if err != nil {
		return err
	}
	byName := map[string]v1alpha1.ShopClass{}
	for i := range classes {
		byName[classes[i].Name] = classes[i]
	}
	var all []load.Shop
	hosts := 0
	for i := range shops {
		class, ok := byName[shops[i].Spec.Class]
		if !ok {
			return fmt.Errorf("reading the shops: shop %s is of class %q, which there is not", shops[i].Name, shops[i].Spec.Class)
		}
		kind := single
		if class.Spec.Domains > 1 {
			kind = redundant
		}
		all = append(all, load.Shop{Name: shops[i].Name, Host: shops[i].Spec.Hosts[0], Kind: kind, Tier: class.Spec.Tier})
		hosts += len(shops[i].Spec.Hosts)
	}
	d.street.shops, d.street.hosts = all, hosts
	return nil
}

// pause lets time pass.
func (d *demo) pause(ctx context.Context, t time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-d.clock.After(t):
		return nil
	}
}

// shopSetsOf are the ShopSets on a cluster, sorted.
func (d *demo) shopSetsOf(ctx context.Context, cluster string) ([]string, error) {
	all, err := d.fleet.ShopSets(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range all {
		if all[i].Spec.Cluster == cluster {
			names = append(names, all[i].Name)
		}
	}
	slices.Sort(names)
	return names, nil
}
