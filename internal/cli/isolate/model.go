package isolate

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/kube"
	"shopset.dev/shopset/internal/cli/situation"
	"shopset.dev/shopset/internal/plan/routes"
)

// LabelIsolates is on a ShopSet that was made for one shop, and names the shop.
const LabelIsolates = "shopset.dev/isolates"

// model finds the ShopSet that the new one shall be like.
func (o *options) model(ctx context.Context, cluster *kube.Cluster, shop *v1alpha1.Shop) (*v1alpha1.ShopSet, error) {
	name := o.like
	if name == "" {
		holds, known, err := o.holders(ctx, cluster, shop.Name)
		next := fmt.Sprintf("%s isolate %s -n %s --like SHOPSET", o.program, shop.Name, cluster.Namespace)
		switch {
		case err != nil:
			return nil, err
		case !known:
			return nil, exit.Next(fmt.Errorf("which ShopSet serves shop %s is in the routing table, and none was found: name it with --routes or "+
				"--edge-context, or name a ShopSet with --like", shop.Name), next)
		case len(holds) == 0:
			return nil, exit.Next(fmt.Errorf("no ShopSet serves shop %s today: name one that the new ShopSet shall be like", shop.Name), next)
		}
		name = holds[0]
	}
	var s v1alpha1.ShopSet
	if err := cluster.Get(ctx, name, &s); err != nil {
		return nil, err
	}
	return &s, nil
}

// holders are the ShopSets that hold a shop in today's table. known is false without a table.
func (o *options) holders(ctx context.Context, cluster *kube.Cluster, shop string) (names []string, known bool, err error) {
	var fleets v1alpha1.FleetList
	if err := cluster.List(ctx, &fleets); err != nil {
		return nil, false, err
	}
	t, known, err := o.today.Read(ctx, cluster, situation.EdgeNamespace(fleets.Items), o.clock.Now())
	if err != nil || !known {
		return nil, false, err
	}
	at := slices.IndexFunc(t.Table.Hosts, func(h routes.Host) bool { return h.Shop == shop })
	if at < 0 {
		return nil, true, nil
	}
	for _, g := range t.Table.Groups {
		if g.Name == t.Table.Hosts[at].Group {
			return g.ShopSets, true, nil
		}
	}
	return nil, true, nil
}

// own is the shop's own ShopSet, which may exist already if an earlier attempt ended in the middle.
func (o *options) own(ctx context.Context, cluster *kube.Cluster, shop *v1alpha1.Shop, model *v1alpha1.ShopSet) (s *v1alpha1.ShopSet, exists bool, err error) {
	name := o.name
	if name == "" {
		name = ownName(shop.Name)
	}
	on := o.cluster
	if on == "" {
		on = model.Spec.Cluster
	}
	if err := cluster.Get(ctx, on, &v1alpha1.WorkloadCluster{}); err != nil {
		return nil, false, err
	}
	s = &v1alpha1.ShopSet{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{LabelIsolates: shop.Name}},
		Spec: v1alpha1.ShopSetSpec{
			Tier: model.Spec.Tier, Configuration: model.Spec.Configuration, Cluster: on, Capacity: model.Spec.Capacity,
			Scale: slices.Clone(model.Spec.Scale), Dedicated: true,
		},
	}
	var had v1alpha1.ShopSet
	err = cluster.Peek(ctx, name, &had)
	switch {
	case apierrors.IsNotFound(err):
		return s, false, nil
	case err != nil:
		return nil, false, err
	case had.Labels[LabelIsolates] == shop.Name && had.Spec.Dedicated && had.Spec.Cluster == on && had.DeletionTimestamp == nil:
		o.change.Streams.Note("ShopSet %s for shop %s exists already", name, shop.Name)
		return &had, true, nil
	}
	return nil, false, exit.Next(fmt.Errorf("there is another ShopSet %s: name the new one with --name", name),
		fmt.Sprintf("kubectl get shopset %s -n %s -o yaml", name, cluster.Namespace))
}

// ownName names the ShopSet of a shop: long names are cut, and told apart by a digest.
func ownName(shop string) string {
	const longest, suffix = 43, "-own"
	if len(shop)+len(suffix) <= longest {
		return shop + suffix
	}
	digest := fmt.Sprintf("-%x", sha256.Sum256([]byte(shop)))[:9]
	return strings.TrimRight(shop[:longest-len(suffix)-len(digest)], "-") + digest + suffix
}
