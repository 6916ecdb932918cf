package demo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"shopset.dev/shopset/sandbox/internal/demo/sandbox"
	"shopset.dev/shopset/sandbox/internal/demo/shopper"
)

const (
	// exampleGit is the Git server in the files of examples/fleet.
	exampleGit = "https://git.example.com/"
	// talkOrder is the order of updates that the files' tiers amount to.
	talkOrder = "c-2; c-1; a-1 with b-2; a-2 with b-1"
)

// firstRelease applies the fleet and watches the first release climb.
func (d *demo) firstRelease(ctx context.Context) error {
	d.out.Say("The fleet is described in examples/fleet: four tiers (dev, beta, beta-prod, prod), six ShopSets on three " +
		"clusters, three Configurations. A ShopSet is everything one shopper passes through: load balancer, proxy, shop, " +
		"cart, api, orders. Which tier it belongs to decides when it is updated, and nothing else does.")
	manifests, err := d.fleetManifests()
	if err != nil {
		return err
	}
	d.out.Command("sed 's#" + exampleGit + "#'\"$GIT_URL\"'#' examples/fleet/*.yaml | kubectl apply -f -")
	kubectl := d.sandbox.Kubectl(sandbox.Management)
	kubectl.Stdin = manifests
	made := d.clock.Now()
	if _, err := kubectl.Run(ctx, filepath.Join(d.sandbox.Parts, "kubectl"), "apply", "-f", "-"); err != nil {
		return err
	}
	if d.ladder, err = d.fleet.Ladder(ctx); err != nil {
		return err
	}
	d.claim("the tiers amount to the order "+talkOrder, unless(d.ladder.String() == talkOrder, "they amount to %s", d.ladder)...)
	if err := d.admitShoppers(ctx); err != nil {
		return err
	}
	d.out.Say("Nobody tells the controller what to do next. A shopper visits every ShopSet %.0f times a second from now on.",
		1/shopper.Every.Seconds())
	f := begin(newRelease(d.tag, d.commit, made))
	if err := d.follow(ctx, f); err != nil {
		return err
	}
	if err := d.judge(ctx, f); err != nil {
		return err
	}
	return d.showTiers(ctx)
}

// fleetManifests are the files of examples/fleet, in order, with the sandbox's Git server.
func (d *demo) fleetManifests() ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(d.Root, "examples", "fleet", "*.yaml"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("looking for the fleet in %s: no files (%w)", d.Root, err)
	}
	git, err := d.sandbox.Git()
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var all []byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the fleet: %w", err)
		}
		all = append(all, data...)
	}
	return bytes.ReplaceAll(all, []byte(exampleGit), []byte(git.Base)), nil
}

// admitShoppers starts a shopper for each ShopSet.
func (d *demo) admitShoppers(ctx context.Context) error {
	shopSets, err := d.fleet.ShopSets(ctx)
	if err != nil {
		return err
	}
	var entries []shopper.Entry
	for i := range shopSets {
		name, cluster := shopSets[i].Name, shopSets[i].Spec.Cluster
		entries = append(entries, shopper.Entry{ShopSet: name, Find: func(ctx context.Context) (string, error) {
			return d.fleet.EntryURL(ctx, cluster, name)
		}})
	}
	d.crowd = shopper.Start(context.WithoutCancel(ctx), d.clock, entries)
	return nil
}

// showTiers shows what a person would look at.
func (d *demo) showTiers(ctx context.Context) error {
	out, err := d.kubectl(ctx, "-n", namespace, "get", "tiers")
	if err != nil {
		return err
	}
	d.out.Lines(out)
	return nil
}
