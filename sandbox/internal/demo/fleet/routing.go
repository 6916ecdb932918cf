package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/edgestatus"
	"shopset.dev/shopset/internal/plan/routes"
)

const (
	// edgeNamespace is where the routing tables lie.
	edgeNamespace = "shopset-edge"
	// maxStatus bounds what is read of an edge's status, in bytes.
	maxStatus = 4 << 20
	// statusTimeout is how long an edge may take to say how it is.
	statusTimeout = 2 * time.Second
)

// Epoch is that of the routing table on a cluster, which is much quicker to read than the table.
func (f Fleet) Epoch(ctx context.Context, cluster string) (int64, error) {
	var index corev1.ConfigMap
	key := client.ObjectKey{Namespace: edgeNamespace, Name: routes.IndexConfigMap}
	if err := f.Clusters[cluster].Get(ctx, key, &index); err != nil {
		return 0, fmt.Errorf("reading the index of the routing table on %s: %w", cluster, err)
	}
	parsed, err := routes.ParseIndex(index.Data[routes.IndexFile])
	if err != nil {
		return 0, fmt.Errorf("reading the index of the routing table on %s: %w", cluster, err)
	}
	return parsed.Epoch, nil
}

// Table is the routing table as it lies on a cluster from which edges read.
func (f Fleet) Table(ctx context.Context, cluster string) (routes.Table, error) {
	var list corev1.ConfigMapList
	err := f.Clusters[cluster].List(ctx, &list, client.InNamespace(edgeNamespace), client.HasLabels{routes.TableLabel})
	if err != nil {
		return routes.Table{}, fmt.Errorf("reading the routing table on %s: %w", cluster, err)
	}
	files := map[string][]byte{}
	for i := range list.Items {
		for name, content := range list.Items[i].Data {
			files[name] = []byte(content)
		}
	}
	table, err := routes.Decode(files)
	if err != nil {
		return routes.Table{}, fmt.Errorf("reading the routing table on %s: %w", cluster, err)
	}
	return table, nil
}

// EdgeStatus asks an edge how it is, at the address of its status.
func EdgeStatus(ctx context.Context, address string) (edgestatus.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	var status edgestatus.Status
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/status", nil)
	if err != nil {
		return status, fmt.Errorf("asking an edge for its status: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return status, fmt.Errorf("asking an edge for its status: %w", err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(io.LimitReader(response.Body, maxStatus)).Decode(&status); err != nil {
		return status, fmt.Errorf("reading the status at %s (%s): %w", address, response.Status, err)
	}
	return status, nil
}

// Serving is what all sides together say of a cluster: Up, Returning, Unknown or Down, and why.
// It is empty while nobody has said anything.
func (f Fleet) Serving(ctx context.Context, cluster string) (state, why string, err error) {
	var c v1alpha1.WorkloadCluster
	if err := f.Management.Get(ctx, client.ObjectKey{Namespace: f.Namespace, Name: cluster}, &c); err != nil {
		return "", "", fmt.Errorf("reading WorkloadCluster %s: %w", cluster, err)
	}
	for _, condition := range c.Status.Conditions {
		if condition.Type == v1alpha1.ConditionServing {
			return condition.Reason, condition.Message, nil
		}
	}
	return "", "", nil
}

// Maintenance is the newest ClusterMaintenance of a cluster; nil if there is none.
func (f Fleet) Maintenance(ctx context.Context, cluster string) (*v1alpha1.ClusterMaintenance, error) {
	var list v1alpha1.ClusterMaintenanceList
	if err := f.list(ctx, &list); err != nil {
		return nil, err
	}
	var newest *v1alpha1.ClusterMaintenance
	created := func(m *v1alpha1.ClusterMaintenance) metav1.Time { return m.CreationTimestamp }
	for i := range list.Items {
		m := &list.Items[i]
		if at := created(m); m.Spec.Cluster == cluster && (newest == nil || newest.CreationTimestamp.Before(&at)) {
			newest = m
		}
	}
	return newest, nil
}

// ShopCounts are how many shops the classes have together, and how many of them are placed.
func (f Fleet) ShopCounts(ctx context.Context) (shops, served, redundant int, err error) {
	var list v1alpha1.ShopClassList
	if err := f.list(ctx, &list); err != nil {
		return 0, 0, 0, err
	}
	for i := range list.Items {
		status := list.Items[i].Status
		shops += int(status.Shops)
		served += int(status.Served)
		redundant += int(status.Redundant)
	}
	return shops, served, redundant, nil
}

// Shops are the fleet's, with their classes, both by name.
func (f Fleet) Shops(ctx context.Context) ([]v1alpha1.ShopClass, []v1alpha1.Shop, error) {
	var classes v1alpha1.ShopClassList
	if err := f.list(ctx, &classes); err != nil {
		return nil, nil, err
	}
	var shops v1alpha1.ShopList
	if err := f.list(ctx, &shops); err != nil {
		return nil, nil, err
	}
	slices.SortFunc(shops.Items, func(a, b v1alpha1.Shop) int { return cmp.Compare(a.Name, b.Name) })
	return classes.Items, shops.Items, nil
}
