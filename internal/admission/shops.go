package admission

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
)

const (
	// pageOfShops and mostPages bound how many Shops one request looks at.
	pageOfShops = 500
	mostPages   = 20
)

// shopsUsing names some of the Shops that use an object, and says how many users there are at least.
// An error means that not all could be looked at.
func (h *Handler) shopsUsing(ctx context.Context, object client.Object) (users []string, total int, err error) {
	switch v := object.(type) {
	case *v1alpha1.ShopClass:
		users, err = h.shopsOf(ctx, v)
		return users, int(v.Status.Shops), err
	case *v1alpha1.ShopSet:
		users, err = h.pinnedTo(ctx, v)
		return users, len(users), err
	default:
		return nil, 0, nil
	}
}

// shopsOf asks the API server for the first Shops of a class; how many there are is in the class's
// status.
func (h *Handler) shopsOf(ctx context.Context, class *v1alpha1.ShopClass) ([]string, error) {
	var shops v1alpha1.ShopList
	if err := h.reader.List(ctx, &shops, client.InNamespace(class.Namespace),
		client.MatchingFields{"spec.class": class.Name}, client.Limit(mostUsers+1)); err != nil {
		return nil, fmt.Errorf("listing the Shops of ShopClass %s: %w", class.Name, err)
	}
	return convention.Users(convention.Objects{Shops: shops.Items}, convention.KindShopClass, class.Name), nil
}

// pinnedTo looks for Shops that are pinned to a ShopSet and to no other. No index has pins, so it
// goes through the Shops page by page and gives up where there are very many: the ShopSet keeps
// serving such a Shop while it is being deleted, so nothing is lost.
func (h *Handler) pinnedTo(ctx context.Context, shopSet *v1alpha1.ShopSet) ([]string, error) {
	var users []string
	next := ""
	for range mostPages {
		var shops v1alpha1.ShopList
		if err := h.reader.List(ctx, &shops, client.InNamespace(shopSet.Namespace),
			client.Limit(pageOfShops), client.Continue(next)); err != nil {
			return nil, fmt.Errorf("listing the Shops of namespace %s: %w", shopSet.Namespace, err)
		}
		users = append(users, convention.Users(convention.Objects{Shops: shops.Items}, convention.KindShopSet, shopSet.Name)...)
		if next = shops.Continue; next == "" || len(users) > mostUsers {
			return users, nil
		}
	}
	if len(users) > 0 {
		return users, nil
	}
	return nil, fmt.Errorf("more than %d Shops, and only so many were looked at: one that is pinned to ShopSet %s keeps it from going",
		mostPages*pageOfShops, shopSet.Name)
}
