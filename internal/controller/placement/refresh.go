package placement

import (
	"context"
	"regexp"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/argocd"
	"shopset.dev/shopset/internal/plan/render"
)

// listArgo reads the fleet's Applications, and what they say of clusters. Shops are placed whether
// they can be read or not; the fleet controller tells why they cannot.
func (r *Reconciler) listArgo(ctx context.Context, s *step) {
	s.applications, s.argoSays = map[string]*argocd.Application{}, map[string]string{}
	var list argocd.ApplicationList
	if err := r.Client.List(ctx, &list, client.InNamespace(s.fleet.Spec.ArgoCD.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "Argo CD's Applications cannot be read; it will look at the routing tables in its own time")
		return
	}
	for i := range list.Items {
		a := &list.Items[i]
		if a.Labels[v1alpha1.LabelFleet] != s.fleet.Namespace {
			continue
		}
		s.applications[a.Name] = a
		cluster := a.Labels[v1alpha1.LabelCluster]
		for _, c := range a.Status.Conditions {
			// The smallest text, so that the order of the list does not matter.
			if said := s.argoSays[cluster]; unconnected.MatchString(c.Message) && (said == "" || c.Message < said) {
				s.argoSays[cluster] = clip(c.Message)
			}
		}
	}
}

// unconnected finds messages about a cluster that does not answer.
var unconnected = regexp.MustCompile(`(?i)connection refused|i/o timeout|deadline exceeded|no route to host|failed to get cluster info|failed to load live state|unable to connect|EOF`)

// askArgo asks Argo CD to look at Git now, on clusters with edges, until it has compared the table
// that is there.
func (r *Reconciler) askArgo(ctx context.Context, s *step) error {
	if s.ws.today == nil || len(s.ws.today.files) == 0 {
		return nil
	}
	for i := range s.objects.WorkloadClusters {
		c := &s.objects.WorkloadClusters[i]
		app := s.applications[render.RoutesApplicationName(s.fleet.Spec.NamePrefix, c.Name)]
		if !c.Spec.Edges || app == nil || s.ws.today.heads[app.Status.Sync.Revision] {
			continue
		}
		again, err := s.ws.refreshes.Ask(ctx, r.Client, app, string(s.ws.today.head), r.Clock.Now())
		if err != nil {
			return err
		}
		s.later(again)
	}
	return nil
}
