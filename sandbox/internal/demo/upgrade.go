package demo

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/sandbox/internal/demo/console"
	"shopset.dev/shopset/sandbox/internal/demo/fleet"
	"shopset.dev/shopset/sandbox/internal/demo/routing"
	"shopset.dev/shopset/sandbox/internal/demo/sandbox"
)

const (
	// patient is the cluster that is upgraded.
	patient = "cluster-a"
	// upgradeSetting is what is different afterwards. The sandbox has one version of Kubernetes.
	upgradeSetting = "kube-apiserver.event-ttl=30m"
	// maintenanceLimit bounds each half of a maintenance.
	maintenanceLimit = 3 * time.Minute
)

// clusterIsUpgraded empties a cluster, restarts it with another configuration, and brings back what
// was there.
func (d *demo) clusterIsUpgraded(ctx context.Context) error {
	if err := d.openStreet(ctx); err != nil {
		return err
	}
	d.out.Say("%s is upgraded while shoppers shop. It is drained: every shop on it moves to another ShopSet of the same tier, "+
		"redundant ones to where they are redundant still. As there are only two clusters with that tier, stand-ins are made on "+
		"%s first (--surge): ShopSets cost nothing.", patient, witness)
	from := d.clock.Now()
	before, _ := d.street.tables.Last()
	shopSets, err := d.shopSetsOf(ctx, patient)
	if err != nil {
		return err
	}
	if err := d.drain(ctx, before, shopSets); err != nil {
		return err
	}
	d.out.Say("Nobody is there any more. The sandbox has one version of Kubernetes built in, so this is the restart of an upgrade, " +
		"with a changed configuration in the place of a new version.")
	d.out.Command(fmt.Sprintf("shopset-sandbox restart %s --set %s", patient, upgradeSetting))
	begun := d.clock.Now()
	if err := d.sandbox.Restart(ctx, patient, upgradeSetting); err != nil {
		return err
	}
	d.act.Figure(patient+" was away for", d.clock.Since(begun).Seconds(), "s", 0)
	if _, err := d.awaitServing(ctx, patient, "Up", upLimit); err != nil {
		return err
	}
	if err := d.comeBack(ctx, before); err != nil {
		return err
	}
	if err := d.awaitSettled(ctx); err != nil {
		return err
	}
	visits, err := d.traffic(ctx, patient+" is upgraded", from)
	if err != nil {
		return err
	}
	d.claim("no shopper of any shop notices the upgrade: no request is lost, by any method", against(visits.Lost())...)
	return nil
}

// shopctl runs shopctl against the management cluster, showing the command and what it says.
func (d *demo) shopctl(ctx context.Context, args ...string) error {
	d.out.Command(console.Quoted("shopctl", args...))
	runner := d.sandbox.Kubectl(sandbox.Management)
	runner.Echo = console.Indent(d.Out)
	out, err := runner.Run(ctx, filepath.Join(d.Bin, "shopctl"), args...)
	if out != "" {
		d.out.Lines(out)
	}
	return err
}

// drain empties the cluster and claims that edges send nothing there.
func (d *demo) drain(ctx context.Context, before routing.Sighting, shopSets []string) error {
	_, holds := routing.Holding(before.Table, shopSets...)
	begun := d.clock.Now()
	edges := d.sandbox.Dir.Kubeconfig(witness)
	if err := d.shopctl(ctx, "drain", patient, "-n", namespace, "--surge", "--yes", "--reason", "a new configuration", "--edge-kubeconfig", edges); err != nil {
		return err
	}
	m, err := d.followMaintenance(ctx, v1alpha1.MaintenanceDrained)
	if err != nil {
		return err
	}
	d.act.Figure("drain of "+patient, d.clock.Since(begun).Seconds(), "s", 0)
	if err := d.awaitShown(ctx); err != nil {
		return err
	}
	d.judgeMaintenance("drain", m, begun)
	drained, _ := d.street.tables.Last()
	_, left := routing.Holding(drained.Table, shopSets...)
	d.claim(fmt.Sprintf("all %d groups have left %s", holds, patient), unless(left == 0, "%d are there still", left)...)
	quiet, err := d.stillSent(ctx, shopSets, m)
	if err != nil {
		return err
	}
	d.claim("the edges report no traffic on "+patient+" any more", quiet...)
	return nil
}

// judgeMaintenance claims that a half of a maintenance moved no more than it had to.
func (d *demo) judgeMaintenance(half string, m *v1alpha1.ClusterMaintenance, since time.Time) {
	moves := routing.Sum(d.street.tables.Since(since))
	d.act.Figure("moves by the "+half, float64(moves.Total()), "", 0)
	d.act.Figure("lower bound on moves by the "+half, float64(m.Status.MustMove), "", 0)
	d.act.Figure("steps of the "+half, float64(m.Status.Steps), "", 0)
	d.claim(fmt.Sprintf("the %s moved as much as it had to, %d, and no more", half, m.Status.MustMove),
		unless(int32(min(moves.Total(), 1<<30)) == m.Status.MustMove && m.Status.Moved == m.Status.MustMove, //nolint:gosec // G115: bounded
			"the tables show %d moves, the ClusterMaintenance %d", moves.Total(), m.Status.Moved)...)
}

// stillSent tells which edges sent something to ShopSets after the drain was over.
func (d *demo) stillSent(ctx context.Context, shopSets []string, m *v1alpha1.ClusterMaintenance) ([]string, error) {
	var found []string
	for _, e := range d.street.edges {
		status, err := fleet.EdgeStatus(ctx, e.Status())
		if err != nil {
			return nil, err
		}
		for _, s := range status.ShopSets {
			if !slices.Contains(shopSets, s.Name) {
				continue
			}
			late := m.Status.DrainedAt != nil && s.LastRequest.After(m.Status.DrainedAt.Time)
			if s.InFlight > 0 || late {
				found = append(found, fmt.Sprintf("%s has %d requests open on %s, the last of %s", e.Name, s.InFlight, s.Name, s.LastRequest.Format("15:04:05.0")))
			}
		}
	}
	return found, nil
}

// comeBack ends the maintenance, and claims that everything is where it was.
func (d *demo) comeBack(ctx context.Context, before routing.Sighting) error {
	begun := d.clock.Now()
	if err := d.shopctl(ctx, "uncordon", patient, "-n", namespace); err != nil {
		return err
	}
	m, err := d.followMaintenance(ctx, v1alpha1.MaintenanceCompleted)
	if err != nil {
		return err
	}
	d.act.Figure("return to "+patient, d.clock.Since(begun).Seconds(), "s", 0)
	completed := d.clock.Now()
	err = d.await(ctx, "every group to be where it was on "+witness, backLimit, func(context.Context) (string, bool, error) {
		after, _ := d.street.tables.Last()
		elsewhere := routing.Differences(before.Table, after.Table)
		return fmt.Sprintf("%d are not: %s", len(elsewhere), strings.Join(elsewhere[:min(len(elsewhere), maxShown)], "; ")), len(elsewhere) == 0, nil
	})
	if err != nil {
		d.claim("every group is back exactly where it was", err.Error())
	} else {
		d.claim("every group is back exactly where it was")
		d.act.Figure("return said to be complete to the table on the edges' cluster", d.clock.Since(completed).Seconds(), "s", 0)
	}
	d.judgeMaintenance("return", m, begun)
	return nil
}

// awaitShown waits until the newest table that any edge uses is on record.
func (d *demo) awaitShown(ctx context.Context) error {
	return d.await(ctx, "the newest routing table to be on record", backLimit, func(ctx context.Context) (string, bool, error) {
		var newest int64
		for _, e := range d.street.edges {
			status, err := fleet.EdgeStatus(ctx, e.Status())
			if err != nil {
				return "", false, err
			}
			newest = max(newest, status.Table.Epoch)
		}
		last, _ := d.street.tables.Last()
		return fmt.Sprintf("an edge uses %d, %s has %d", newest, witness, last.Table.Epoch), last.Table.Epoch >= newest, nil
	})
}

// followMaintenance tells how a maintenance goes on until it is in a phase.
func (d *demo) followMaintenance(ctx context.Context, want v1alpha1.MaintenancePhase) (*v1alpha1.ClusterMaintenance, error) {
	var m *v1alpha1.ClusterMaintenance
	told := ""
	err := d.await(ctx, fmt.Sprintf("the maintenance of %s to be %s", patient, want), maintenanceLimit, func(ctx context.Context) (string, bool, error) {
		var err error
		if m, err = d.fleet.Maintenance(ctx, patient); err != nil || m == nil {
			return "there is none", false, err
		}
		text := fmt.Sprintf("%s: %s", m.Status.Phase, m.Status.Reason)
		if text != told {
			told = text
			d.out.Event("%s", text)
		}
		if m.Status.Phase == v1alpha1.MaintenanceRefused {
			return text, false, nil
		}
		return text, m.Status.Phase == want, nil
	})
	return m, err
}
