package placement

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
)

// gather lists all objects of a namespace but for the Shops.
func (r *Reconciler) gather(ctx context.Context, namespace string) (convention.Objects, error) {
	var (
		fleets         v1alpha1.FleetList
		tiers          v1alpha1.TierList
		configurations v1alpha1.ConfigurationList // a ShopSet that shall stand in must break no rule
		domains        v1alpha1.FailureDomainList
		clusters       v1alpha1.WorkloadClusterList
		shopSets       v1alpha1.ShopSetList
		classes        v1alpha1.ShopClassList
		maintenances   v1alpha1.ClusterMaintenanceList
	)
	for _, list := range []client.ObjectList{&fleets, &tiers, &configurations, &domains, &clusters, &shopSets, &classes, &maintenances} {
		if err := r.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return convention.Objects{}, fmt.Errorf("listing the objects of namespace %q: %w", namespace, err)
		}
	}
	return convention.Objects{
		Fleets: fleets.Items, Tiers: tiers.Items, Configurations: configurations.Items, FailureDomains: domains.Items, WorkloadClusters: clusters.Items,
		ShopSets: shopSets.Items, ShopClasses: classes.Items, ClusterMaintenances: maintenances.Items,
	}, nil
}

// gatherShops adds the Shops.
func (r *Reconciler) gatherShops(ctx context.Context, s *step) error {
	list, version, err := r.shops.list(ctx, s.fleet.Namespace)
	if err != nil {
		return err
	}
	s.objects.Shops, s.shopsVersion = list, version
	return nil
}

// gatherMaintenances reads those that are not finished past the cache: what they do next depends on
// what was written of them last.
func (r *Reconciler) gatherMaintenances(ctx context.Context, s *step) error {
	var list []v1alpha1.ClusterMaintenance
	for i := range s.objects.ClusterMaintenances {
		m := s.objects.ClusterMaintenances[i]
		if !convention.MaintenanceFinished(&m) {
			err := r.Live.Get(ctx, client.ObjectKeyFromObject(&m), &m)
			if apierrors.IsNotFound(err) {
				continue
			}
			if err != nil {
				return fmt.Errorf("reading ClusterMaintenance %s: %w", m.Name, err)
			}
		}
		list = append(list, m)
	}
	s.objects.ClusterMaintenances = list
	return nil
}

// versioned names an object in the version of its spec.
func versioned(kind string, o client.Object) string {
	return fmt.Sprint(kind, " ", o.GetUID(), " ", o.GetGeneration(), " ", o.GetDeletionTimestamp() != nil)
}

// shopList lists Shops, of which there may be a million: it copies them out of the cache only when
// one has changed. The copies are shallow; of theirs only Status may be set.
type shopList struct {
	client client.Client
	mu     sync.Mutex
	// counting is set once whoever watches Shops calls changed; before, the Shops themselves are
	// asked whether they have changed.
	counting    bool
	changes     map[string]uint64
	byNamespace map[string]*shopCopies
}

type shopCopies struct {
	at, version uint64
	shops       []v1alpha1.Shop
}

func newShopList(c client.Client) *shopList {
	return &shopList{client: c, changes: map[string]uint64{}, byNamespace: map[string]*shopCopies{}}
}

// changed counts a change of a Shop in a namespace.
func (l *shopList) changed(namespace string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes[namespace]++
}

func (l *shopList) drop(namespace string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.byNamespace, namespace)
}

// list gives the Shops of a namespace, and a version that differs when their specs do.
func (l *shopList) list(ctx context.Context, namespace string) ([]v1alpha1.Shop, uint64, error) {
	l.mu.Lock()
	at, known := l.changes[namespace], l.byNamespace[namespace]
	counting := l.counting
	l.mu.Unlock()
	if counting && known != nil && known.at == at {
		return known.shops, known.version, nil
	}
	var list v1alpha1.ShopList
	if err := l.client.List(ctx, &list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, 0, fmt.Errorf("listing the Shops of namespace %q: %w", namespace, err)
	}
	fresh := &shopCopies{at: at, shops: list.Items, version: versionOf(list.Items)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.byNamespace[namespace] = fresh
	return fresh.shops, fresh.version, nil
}

// versionOf does not depend on the order, which the cache does not promise.
func versionOf(shops []v1alpha1.Shop) uint64 {
	version := uint64(len(shops))
	for i := range shops {
		s := &shops[i]
		h := fnv.New64a()
		_, _ = io.WriteString(h, string(s.UID))                                  // never fails
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(s.Generation))) //nolint:gosec // G115: only to tell one from another
		version += h.Sum64()
	}
	return version
}
