package demo

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/yaml"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/sandbox/internal/demo/fleet"
	"shopset.dev/shopset/sandbox/internal/demo/load"
)

const (
	// manyShops is how many shops the demo adds to those of the example.
	manyShops = 500
	// routedLimit is how long it may take until both edges route all shops.
	routedLimit = time.Minute
	// spreadLimit is how long it may take until redundant ones are on two clusters.
	spreadLimit = time.Minute
	// creators is how many shops are created at the same time.
	creators = 8
)

// classOf says which class each of a hundred shops is of.
func classOf(number int) string {
	switch n := number % 100; {
	case n < 48:
		return "redundant"
	case n < 80:
		return "standard"
	case n < 92:
		return "early-redundant"
	}
	return "early"
}

// shopManifests are numbered shops.
func shopManifests(prefix string, count int, class func(number int) string) []byte {
	var out bytes.Buffer
	for i := 1; i <= count; i++ {
		fmt.Fprintf(&out, `---
apiVersion: shopset.dev/v1alpha1
kind: Shop
metadata: {name: %[1]s-%03[2]d, namespace: %[3]s}
spec: {hosts: [%[1]s-%03[2]d.shop.example], class: %[4]s}
`, prefix, i, namespace, class(i))
	}
	return out.Bytes()
}

// shopsOpen adds 500 shops and visits each of them through both edges.
func (d *demo) shopsOpen(ctx context.Context) error {
	d.out.Say("Shops come in now. A shop is one object: its host names and its class. The class says of which tier its " +
		"ShopSets are and over how many failure domains it is spread; nobody chooses a ShopSet. Two edges, which stand " +
		"outside of all clusters, bring shoppers to them.")
	return d.openStreet(ctx)
}

// addShops creates the shops, waits until both edges route them, and sees that each is there.
func (d *demo) addShops(ctx context.Context) error {
	manifests := shopManifests("shop", manyShops, classOf)
	d.out.Event("%d of these are created, some at a time:", manyShops)
	d.out.Lines(strings.TrimPrefix(string(manifests[:bytes.Index(manifests[4:], []byte("---"))+4]), "---\n"))
	begun := d.clock.Now()
	if err := d.create(ctx, manifests); err != nil {
		return err
	}
	created := d.clock.Now()
	d.act.Figure("creation of "+strconv.Itoa(manyShops)+" shops", created.Sub(begun).Seconds(), "s", 0)
	if err := d.readShops(ctx); err != nil {
		return err
	}
	if err := d.awaitRouted(ctx); err != nil {
		return err
	}
	took := d.clock.Since(created)
	d.act.Figure(strconv.Itoa(manyShops)+" shops created to routed by both edges", took.Seconds(), "s", 0)
	d.out.Event("both edges route all %d shops, %.1f s after the last was created", len(d.street.shops), took.Seconds())
	if err := d.claimSpread(ctx); err != nil {
		return err
	}
	return d.visitAll(ctx)
}

// create creates Shops, some at a time.
func (d *demo) create(ctx context.Context, manifests []byte) error {
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(creators)
	for document := range bytes.SplitSeq(manifests, []byte("---\n")) {
		if len(document) == 0 {
			continue
		}
		all.Go(func() error {
			var shop v1alpha1.Shop
			if err := yaml.UnmarshalStrict(document, &shop); err != nil {
				return fmt.Errorf("reading a shop: %w", err)
			}
			if err := d.fleet.Management.Create(ctx, &shop); err != nil {
				return fmt.Errorf("creating shop %s: %w", shop.Name, err)
			}
			return nil
		})
	}
	return all.Wait()
}

// awaitRouted waits until the edges have the hosts of all shops.
func (d *demo) awaitRouted(ctx context.Context) error {
	return d.await(ctx, "both edges to route all shops", routedLimit, func(ctx context.Context) (string, bool, error) {
		var seen []string
		done := true
		for _, e := range d.street.edges {
			status, err := fleet.EdgeStatus(ctx, e.Status())
			if err != nil {
				return "", false, err
			}
			rows := status.Table.Rows
			done = done && status.Ready && rows.Hosts == d.street.hosts
			seen = append(seen, fmt.Sprintf("%s has epoch %d with %d hosts", e.Name, status.Table.Epoch, rows.Hosts))
			if status.Table.Refused != nil {
				seen = append(seen, "it refused a table: "+status.Table.Refused.Message)
			}
		}
		return strings.Join(seen, "; "), done, nil
	})
}

// claimSpread claims that the table spreads shops as their classes ask.
func (d *demo) claimSpread(ctx context.Context) error {
	// A ShopSet that is new takes load only once it has answered for a while.
	begun := d.clock.Now()
	err := d.await(ctx, "redundant shops to be on two clusters", spreadLimit, func(context.Context) (string, bool, error) {
		last, ok := d.street.tables.Last()
		found := d.misplaced(last.Table)
		return strings.Join(found, "; "), ok && len(found) == 0, nil
	})
	var found []string
	if err != nil {
		found = []string{err.Error()}
	}
	d.act.Figure("routed to spread as the classes ask", d.clock.Since(begun).Seconds(), "s", 0)
	d.claim(fmt.Sprintf("all %d shops are placed, redundant ones on two clusters and two platforms", len(d.street.shops)), found...)
	return nil
}

// misplaced tells what of a table is not what the classes ask for.
func (d *demo) misplaced(table routes.Table) []string {
	kinds := map[string]load.Shop{}
	for _, shop := range d.street.shops {
		kinds[shop.Name] = shop
	}
	shopSets := map[string]routes.ShopSet{}
	for _, s := range table.ShopSets {
		shopSets[s.Name] = s
	}
	groups := map[string][]string{}
	for _, g := range table.Groups {
		groups[g.Name] = g.ShopSets
	}
	var found []string
	for _, host := range table.Hosts {
		shop, known := kinds[host.Shop]
		held := groups[host.Group]
		var platforms, clusters []string
		for _, name := range held {
			platform, _, _ := strings.Cut(shopSets[name].Domain, "/")
			platforms, clusters = append(platforms, platform), append(clusters, shopSets[name].Cluster)
		}
		slices.Sort(platforms)
		slices.Sort(clusters)
		switch {
		case !known:
			found = append(found, fmt.Sprintf("host %s is of shop %q, which there is not", host.Name, host.Shop))
		case len(held) == 0:
			found = append(found, fmt.Sprintf("shop %s has no place", shop.Name))
		case shop.Kind == redundant && (len(slices.Compact(clusters)) < 2 || len(slices.Compact(platforms)) < 2):
			found = append(found, fmt.Sprintf("shop %s is on %s only", shop.Name, strings.Join(held, " and ")))
		}
	}
	return found[:min(len(found), maxShown)]
}
