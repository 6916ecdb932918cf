package drain

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/kube"
)

// openOn lists the open maintenances of a cluster, the oldest first.
func openOn(ctx context.Context, cluster *kube.Cluster, name string) ([]v1alpha1.ClusterMaintenance, error) {
	var list v1alpha1.ClusterMaintenanceList
	var open []v1alpha1.ClusterMaintenance
	err := cluster.ListAll(ctx, &list, func() {
		for i := range list.Items {
			if m := &list.Items[i]; m.Spec.Cluster == name && isOpen(m) {
				open = append(open, *m)
			}
		}
	})
	slices.SortFunc(open, func(a, b v1alpha1.ClusterMaintenance) int {
		if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return open, err
}

func isOpen(m *v1alpha1.ClusterMaintenance) bool {
	return m.Status.Phase != v1alpha1.MaintenanceCompleted && m.Status.Phase != v1alpha1.MaintenanceAborted
}

func orPending(m *v1alpha1.ClusterMaintenance) v1alpha1.MaintenancePhase {
	if m.Status.Phase == "" {
		return v1alpha1.MaintenancePending
	}
	return m.Status.Phase
}

// stands says where a maintenance is, in one line.
func stands(m *v1alpha1.ClusterMaintenance) string {
	if m.Status.Phase == "" {
		return fmt.Sprintf("%s: no controller has taken it up yet (kubectl get pods -A -l app.kubernetes.io/name=shopset)", m.Name)
	}
	text := fmt.Sprintf("%s: %s", m.Name, m.Status.Phase)
	if m.Status.Moved > 0 || m.Status.Remaining > 0 {
		text += fmt.Sprintf(", %d groups moved, %d remain", m.Status.Moved, m.Status.Remaining)
	}
	if m.Status.Reason != "" {
		text += ": " + m.Status.Reason
	}
	return text
}
