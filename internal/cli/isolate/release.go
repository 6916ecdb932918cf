package isolate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/kube"
)

// giveBack restores the pin first, and then asks for the deletion of the ShopSet: its finalizer
// lets it go once nothing is routed there any more.
func (o *options) giveBack(ctx context.Context, cluster *kube.Cluster, shop *v1alpha1.Shop) error {
	n, isolated, err := noteOf(shop)
	if err != nil {
		return err
	}
	made, err := madeFor(ctx, cluster, shop.Name)
	if err != nil {
		return err
	}
	if !isolated && len(made) == 0 {
		return exit.Next(fmt.Errorf("shop %s is not isolated: it has no annotation %s", shop.Name, AnnotationIsolated),
			fmt.Sprintf("kubectl get shop %s -n %s -o yaml", shop.Name, cluster.Namespace))
	}
	if isolated {
		before := shop.DeepCopy()
		if kept := restore(shop, n); kept {
			o.change.Streams.Note("somebody has pinned shop %s to %s since: that stays", shop.Name, orUnknown(strings.Join(shop.Spec.Pin, ", ")))
		}
		if err := o.change.Patch(ctx, cluster, before, shop, "pin restored: "+pinText(shop.Spec.Pin)); err != nil {
			return err
		}
	}
	for i := range made {
		if err := o.remove(ctx, cluster, shop, &made[i]); err != nil {
			return err
		}
	}
	return o.untilGone(ctx, cluster, made)
}

func pinText(pin []string) string {
	if len(pin) == 0 {
		return "none"
	}
	return strings.Join(pin, ", ")
}

// madeFor lists the ShopSets that were made for a shop.
func madeFor(ctx context.Context, cluster *kube.Cluster, shop string) ([]v1alpha1.ShopSet, error) {
	var list v1alpha1.ShopSetList
	if err := cluster.List(ctx, &list, client.MatchingLabels{LabelIsolates: shop}); err != nil {
		return nil, err
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.ShopSet) int { return strings.Compare(a.Name, b.Name) })
	return list.Items, nil
}

// remove asks for the deletion of a ShopSet, unless somebody else uses it by now.
func (o *options) remove(ctx context.Context, cluster *kube.Cluster, shop *v1alpha1.Shop, own *v1alpha1.ShopSet) error {
	switch {
	case own.DeletionTimestamp != nil:
		o.change.Streams.Note("ShopSet %s is being deleted already", own.Name)
		return nil
	case !own.Spec.Dedicated:
		o.change.Streams.Note("ShopSet %s is not dedicated any more, and stays", own.Name)
		return nil
	case slices.Contains(shop.Spec.Pin, own.Name):
		o.change.Streams.Note("shop %s is pinned to ShopSet %s by somebody else, and it stays", shop.Name, own.Name)
		return nil
	}
	var list v1alpha1.ShopList
	var users []string
	if err := cluster.ListAll(ctx, &list, func() {
		for i := range list.Items {
			if s := &list.Items[i]; s.Name != shop.Name && slices.Contains(s.Spec.Pin, own.Name) {
				users = append(users, s.Name)
			}
		}
	}); err != nil {
		return err
	}
	if len(users) > 0 {
		slices.Sort(users)
		o.change.Streams.Note("ShopSet %s stays: %s pinned to it", own.Name, strings.Join(users, ", "))
		return nil
	}
	return o.change.Delete(ctx, cluster, own)
}

// untilGone waits until the ShopSets are deleted, if that was asked for.
func (o *options) untilGone(ctx context.Context, cluster *kube.Cluster, made []v1alpha1.ShopSet) error {
	if !o.wait.On || o.change.DryRun() {
		return nil
	}
	next := fmt.Sprintf("kubectl get shopsets -n %s -l %s", cluster.Namespace, LabelIsolates)
	return o.wait.Until(ctx, o.clock, o.change.Streams.Note, next, func(ctx context.Context) (string, bool, error) {
		var left []string
		for i := range made {
			var s v1alpha1.ShopSet
			err := cluster.Peek(ctx, made[i].Name, &s)
			if apierrors.IsNotFound(err) || err == nil && s.UID != made[i].UID {
				continue
			}
			if err != nil {
				return "", false, err
			}
			if s.DeletionTimestamp != nil { // what stays is not waited for
				left = append(left, s.Name)
			}
		}
		if len(left) == 0 {
			return "released", true, nil
		}
		return "waiting until nothing is routed to ShopSet " + strings.Join(left, ", "), false, nil
	})
}
