package system

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/render"
)

// Memo remembers what was rendered from objects that have not changed since: with a thousand
// ShopSets rendering is most of a plan's cost. Forgetting it changes nothing but time. A nil
// Memo remembers nothing. It must not be used by two plans at once.
type Memo struct {
	overlays, applications map[string]remembered[render.File]
	services               map[string]remembered[render.Tree]
}

type remembered[T any] struct {
	input  string
	result T
}

// NewMemo makes an empty Memo.
func NewMemo() *Memo {
	return &Memo{
		overlays: map[string]remembered[render.File]{}, applications: map[string]remembered[render.File]{},
		services: map[string]remembered[render.Tree]{},
	}
}

func (m *Memo) overlay(s *v1alpha1.ShopSet, ns string, set render.Settings) (render.File, error) {
	if m == nil || s.UID == "" {
		return render.Overlay(s, ns, set)
	}
	return recall(m.overlays, s.UID, fmt.Sprint(s.Generation, ns, set), func() (render.File, error) {
		return render.Overlay(s, ns, set)
	})
}

func (m *Memo) application(f *v1alpha1.Fleet, s *v1alpha1.ShopSet, t *v1alpha1.Tier, c *v1alpha1.WorkloadCluster, bringsShared bool) (render.File, error) {
	if m == nil || s.UID == "" {
		return render.Application(f, s, t, c, bringsShared)
	}
	input := fmt.Sprint(f.UID, f.Generation, s.Generation, t.UID, t.Generation, c.UID, c.Generation, bringsShared)
	return recall(m.applications, s.UID, input, func() (render.File, error) { return render.Application(f, s, t, c, bringsShared) })
}

func (m *Memo) clusterServices(f *v1alpha1.Fleet, c *v1alpha1.WorkloadCluster, domains []string) (render.Tree, error) {
	if m == nil || c.UID == "" {
		return render.ClusterServices(f, c, domains)
	}
	input := fmt.Sprint(f.UID, f.Generation, c.Generation, domains)
	return recall(m.services, c.UID, input, func() (render.Tree, error) { return render.ClusterServices(f, c, domains) })
}

func recall[T any](in map[string]remembered[T], uid types.UID, input string, make func() (T, error)) (T, error) {
	if r, ok := in[string(uid)]; ok && r.input == input {
		return r.result, nil
	}
	result, err := make()
	if err == nil {
		in[string(uid)] = remembered[T]{input, result}
	}
	return result, err
}
