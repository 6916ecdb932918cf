package cli_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/exit"
)

// maintenances lists those of the fleet.
func (l live) maintenances(t *testing.T) []v1alpha1.ClusterMaintenance {
	t.Helper()
	var list v1alpha1.ClusterMaintenanceList
	if err := l.Client.List(t.Context(), &list, client.InNamespace(fleetNamespace)); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// becomes sets the phase of the only open maintenance, as the controller would.
func (l live) becomes(ctx context.Context, phase v1alpha1.MaintenancePhase, reason string) bool {
	var list v1alpha1.ClusterMaintenanceList
	if l.Client.List(ctx, &list, client.InNamespace(fleetNamespace)) != nil {
		return false
	}
	for i := range list.Items {
		m := &list.Items[i]
		if m.Status.Phase == v1alpha1.MaintenanceCompleted || m.Status.Phase == v1alpha1.MaintenanceAborted {
			continue
		}
		m.Status.Phase, m.Status.Reason, m.Status.Moved = phase, reason, 2
		return l.Client.Status().Update(ctx, m) == nil
	}
	return false
}

func (l live) drain(t *testing.T) {
	l.do(t, "", "drain", "z").expect(t, exit.Failure, "", `there is no WorkloadCluster "z"`)
	l.do(t, "", "drain", "a").expect(t, exit.Usage, "", "drain of cluster a concerns a-1\n2 shops of 4 hit: taken over by others 2")
	l.do(t, "b\n", "drain", "a").expect(t, exit.Failure, "", `"b" is not a: nothing was changed`)
	l.do(t, "", "drain", "a", "--step-percent", "10", "--surge", "--reason", "upgrade", "--dry-run=client").
		expect(t, exit.OK, "spec:\n  cluster: a\n  goal: Drain\n  reason: upgrade\n  stepPercent: 10\n  surge: true\n", "")
	l.do(t, "", "drain", "a", "--yes", "--step-percent", "101").expect(t, exit.Failure, "", "spec.stepPercent")
	if n := len(l.maintenances(t)); n != 0 {
		t.Fatalf("%d maintenances already", n)
	}

	l.do(t, "a\n", "drain", "a", "--reason", "upgrade").expect(t, exit.OK, "clustermaintenance.shopset.dev/a-2", "Type a, the name of the cluster, to go on: ")
	made := l.maintenances(t)[0]
	if made.Spec.Cluster != "a" || made.Spec.Goal != v1alpha1.MaintenanceDrain || made.Spec.Reason != "upgrade" || made.Spec.StepPercent != 25 {
		t.Errorf("made %+v", made.Spec)
	}
	l.do(t, "", "drain", "a", "--wait", "--timeout", "1s").expect(t, exit.Timeout, "", "no controller has taken it up yet")
	later(t, "drained", func(ctx context.Context) bool {
		return l.becomes(ctx, v1alpha1.MaintenanceDraining, "2 groups remain") && l.becomes(ctx, v1alpha1.MaintenanceDrained, "no request comes any more")
	})
	l.do(t, "", "drain", "a", "--wait", "--timeout", "1m").expect(t, exit.OK, "", "Drained, 2 groups moved, 0 remain: no request comes any more")
	if n := len(l.maintenances(t)); n != 1 {
		t.Errorf("%d maintenances: an open one is taken up, not begun anew", n)
	}

	l.do(t, "", "uncordon", "a").expect(t, exit.OK, "goal set to Return\n", "")
	l.do(t, "", "drain", "a", "--yes").expect(t, exit.Failure, "", "Next:  shopctl uncordon a -n shop --wait")
	l.do(t, "", "uncordon", "a", "--wait", "--timeout", "1s").expect(t, exit.Timeout, "", "has the goal Return already")
	if !l.becomes(t.Context(), v1alpha1.MaintenanceCompleted, "all is back") {
		t.Fatal("the status was not written")
	}
	l.do(t, "", "uncordon", "a", "--wait").expect(t, exit.OK, "", "there is nothing to do")

	l.do(t, "", "drain", "b", "-y").expect(t, exit.OK, "clustermaintenance.shopset.dev/b-2", "")
	if !l.becomes(t.Context(), v1alpha1.MaintenanceRefused, "tier prod lacks 40 requests/s outside of b") {
		t.Fatal("the status was not written")
	}
	l.do(t, "", "drain", "b", "--wait").expect(t, exit.Unhealthy, "", "Refused, 2 groups moved, 0 remain: tier prod lacks 40 requests/s outside of b")
	later(t, "aborted", func(ctx context.Context) bool {
		var list v1alpha1.ClusterMaintenanceList
		asked := l.Client.List(ctx, &list, client.InNamespace(fleetNamespace)) == nil && slices.ContainsFunc(list.Items, func(m v1alpha1.ClusterMaintenance) bool {
			return m.Spec.Goal == v1alpha1.MaintenanceAbort
		})
		return asked && l.becomes(ctx, v1alpha1.MaintenanceAborted, "nothing was moved")
	})
	a := l.do(t, "", "uncordon", "b", "--wait", "--timeout", "1m")
	a.expect(t, exit.OK, "goal set to Abort\n", "is Refused, not yet Drained: it is aborted, and what was moved so far goes back")
	if !strings.Contains(a.stderr, "Aborted") {
		t.Errorf("it did not wait:\n%s", a.stderr)
	}

	// Somebody deletes it while another waits.
	l.do(t, "", "drain", "c", "-y").expect(t, exit.OK, "clustermaintenance.shopset.dev/c-2", "")
	later(t, "deleted", func(ctx context.Context) bool {
		var list v1alpha1.ClusterMaintenanceList
		if l.Client.List(ctx, &list, client.InNamespace(fleetNamespace)) != nil {
			return false
		}
		i := slices.IndexFunc(list.Items, func(m v1alpha1.ClusterMaintenance) bool {
			return m.Spec.Cluster == "c" && m.Spec.Goal == v1alpha1.MaintenanceAbort
		})
		return i >= 0 && l.Client.Delete(ctx, &list.Items[i]) == nil
	})
	l.do(t, "", "uncordon", "c", "--wait", "--timeout", "1m").expect(t, exit.Failure, "goal set to Abort\n", `there is no ClusterMaintenance "c-2`)
}
