package placement

import (
	"context"
	"strings"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/conditions"
	"shopset.dev/shopset/internal/plan/evidence"
)

// tellClusters tells what is seen and believed of clusters.
func (r *Reconciler) tellClusters(ctx context.Context, s *step) error {
	for i := range s.objects.WorkloadClusters {
		c := &s.objects.WorkloadClusters[i]
		before := c.DeepCopy()
		set := s.set(&c.Status.Conditions, c.Generation)
		reachable(s, c, set)
		if v, ok := s.verdicts.Cluster(c.Name); ok && c.Spec.KubeconfigSecretRef != nil {
			serving(set, v, s.maintained(c.Name))
		} else {
			set.Absent(v1alpha1.ConditionServing)
		}
		if err := r.write(ctx, before, c); err != nil {
			return err
		}
		r.changedEvent(c, v1alpha1.ConditionServing, before.Status.Conditions, c.Status.Conditions)
	}
	return nil
}

func reachable(s *step, c *v1alpha1.WorkloadCluster, set conditions.Set) {
	const kind = v1alpha1.ConditionReachable
	seen, observed := s.seen[c.Name]
	switch {
	case !observed:
		set.Absent(kind)
	case seen.At.IsZero():
		set.Unknown(kind, "NotAskedYet", "its API server has not been asked yet")
	case seen.Local != "":
		set.Unknown(kind, "CannotAsk", seen.Local)
	case !seen.Reachable:
		set.False(kind, "NoAnswer", seen.Problem)
	case seen.Unwatched != "":
		set.True(kind, "NotWatched", "its API server answers, but what is on it cannot be seen: "+seen.Unwatched)
	default:
		set.True(kind, "Answers", "its API server answers")
	}
}

// maintained says what maintenances do to a cluster.
func (s *step) maintained(cluster string) string {
	var out []string
	for i := range s.led {
		if m := s.led[i].object; m.Spec.Cluster == cluster {
			out = append(out, "ClusterMaintenance "+m.Name+" is "+string(m.Status.Phase))
		}
	}
	return strings.Join(out, "; ")
}

// serving puts a verdict into a condition, from which it is remembered after a restart.
func serving(set conditions.Set, v evidence.Verdict, more string) {
	message := v.Reason
	if more != "" {
		message += "; " + more
	}
	switch v.State {
	case evidence.Up, evidence.Returning:
		set.True(v1alpha1.ConditionServing, string(v.State), message)
	case evidence.Down:
		set.False(v1alpha1.ConditionServing, string(v.State), message)
	case evidence.Unknown:
		set.Unknown(v1alpha1.ConditionServing, string(v.State), message)
	}
}

// tellShopSets tells which ShopSets serve, or wait until they can.
func (r *Reconciler) tellShopSets(ctx context.Context, s *step) error {
	observed := map[string]bool{}
	for i := range s.objects.WorkloadClusters {
		c := &s.objects.WorkloadClusters[i]
		observed[c.Name] = c.Spec.KubeconfigSecretRef != nil
	}
	for i := range s.objects.ShopSets {
		o := &s.objects.ShopSets[i]
		before := o.DeepCopy()
		set := s.set(&o.Status.Conditions, o.Generation)
		v, ok := s.verdicts.ShopSet(o.Name)
		switch wait := s.waiting[o.Name]; {
		case wait != "":
			set.False(v1alpha1.ConditionServing, "Waiting", wait)
		case ok && observed[o.Spec.Cluster]:
			serving(set, v, "")
		default:
			set.Absent(v1alpha1.ConditionServing)
		}
		if err := r.write(ctx, before, o); err != nil {
			return err
		}
		if s.waiting[o.Name] == "" { // what is new and waits is no news
			r.changedEvent(o, v1alpha1.ConditionServing, before.Status.Conditions, o.Status.Conditions)
		}
	}
	return nil
}
