package fleet

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/conditions"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/system"
)

func (r *Reconciler) tellConfigurations(ctx context.Context, o *outcome) error {
	for i := range o.objects.Configurations {
		c := &o.objects.Configurations[i]
		before := c.DeepCopy()
		st := &c.Status
		st.ObservedGeneration = c.Generation
		users := convention.Users(o.objects, convention.KindConfiguration, c.Name)
		st.ShopSets = int32(len(users)) //nolint:gosec // G115: bounded by the objects in memory
		st.Tree, st.Tiers = reached(o, c.Name)
		set := o.set(&st.Conditions, c.Generation)
		switch problem := o.findings(convention.KindConfiguration, c.Name); {
		case problem != "":
			set.Stalled("ConventionBroken", problem+"; until then the last good version stays in force")
		case c.DeletionTimestamp != nil && len(users) > 0:
			set.Stalled("InUse", "still used by "+strings.Join(users, ", ")+": move or delete them first")
		default:
			set.Ready("rendered; it has reached: " + st.Tiers)
		}
		if err := r.write(ctx, before, c); err != nil {
			return err
		}
		r.stalledEvent(c, before.Status.Conditions, c.Status.Conditions)
	}
	return nil
}

// stalledEvent tells that an object has stalled, or has for another reason than before.
func (r *Reconciler) stalledEvent(o client.Object, before, after []metav1.Condition) {
	was, is := meta.FindStatusCondition(before, v1alpha1.ConditionStalled), meta.FindStatusCondition(after, v1alpha1.ConditionStalled)
	if is == nil || is.Status != metav1.ConditionTrue || (was != nil && was.Status == is.Status && was.Reason == is.Reason) {
		return
	}
	r.Events.Eventf(o, nil, corev1.EventTypeWarning, is.Reason, "Reconcile", "%s", clip(is.Message))
}

// reached gives the file of a Configuration at the lowest tier, by object id, and the tiers which
// have the very same.
func reached(o *outcome, name string) (id, tiers string) {
	file := path.Join("configurations", name, "kustomization.yaml")
	var names []string
	for _, tier := range o.plan.Levels {
		b := o.in.Tiers[tier].Branch.Files[file]
		if id == "" {
			id = b.OID
		}
		if id != "" && b.OID == id {
			names = append(names, tier)
		}
	}
	return id, strings.Join(names, ",")
}

// tellPlaces tells of clusters and failure domains.
func (r *Reconciler) tellPlaces(ctx context.Context, o *outcome) error {
	for i := range o.objects.WorkloadClusters {
		c := &o.objects.WorkloadClusters[i]
		before := c.DeepCopy()
		users := convention.Users(o.objects, convention.KindWorkloadCluster, c.Name)
		c.Status.ObservedGeneration = c.Generation
		c.Status.ShopSets = int32(len(users)) //nolint:gosec // G115: bounded by the objects in memory
		place(o.set(&c.Status.Conditions, c.Generation), o.findings(convention.KindWorkloadCluster, c.Name), "rendered")
		if err := r.write(ctx, before, c); err != nil {
			return err
		}
	}
	for i := range o.objects.FailureDomains {
		d := &o.objects.FailureDomains[i]
		before := d.DeepCopy()
		d.Status.ObservedGeneration = d.Generation
		d.Status.Path = strings.Join(system.DomainPath(o.objects, d.Name), "/")
		d.Status.Clusters = 0
		for _, c := range o.objects.WorkloadClusters {
			if slices.Contains(system.DomainPath(o.objects, c.Spec.FailureDomain), d.Name) {
				d.Status.Clusters++
			}
		}
		place(o.set(&d.Status.Conditions, d.Generation), o.findings(convention.KindFailureDomain, d.Name), "part of the tree")
		if err := r.write(ctx, before, d); err != nil {
			return err
		}
	}
	return nil
}

func place(set conditions.Set, problem, fine string) {
	if problem != "" {
		set.Stalled("ConventionBroken", problem)
		return
	}
	set.Ready(fine)
}

// tellFleets tells of the fleet as a whole, and of Fleets that are too many.
func (r *Reconciler) tellFleets(ctx context.Context, o *outcome) error {
	for i := range o.objects.Fleets {
		f := &o.objects.Fleets[i]
		before := f.DeepCopy()
		f.Status.ObservedGeneration = f.Generation
		set := o.set(&f.Status.Conditions, f.Generation)
		if f.Name != o.fleet.Name {
			set.Stalled("ConventionBroken", o.findings(convention.KindFleet, f.Name))
		} else {
			r.fleetStatus(o, f, set)
		}
		if err := r.write(ctx, before, f); err != nil {
			return err
		}
		was, is := conditionTrue(before.Status.Conditions, v1alpha1.ConditionStalled), conditionTrue(f.Status.Conditions, v1alpha1.ConditionStalled)
		if was != is && is != "" {
			r.Events.Eventf(f, nil, corev1.EventTypeWarning, "Stalled", "Reconcile", "%s", clip(is))
		}
		if was != "" && is == "" {
			r.Events.Eventf(f, nil, corev1.EventTypeNormal, "Recovered", "Reconcile", "the fleet is reconciled again")
		}
	}
	return nil
}

func (r *Reconciler) fleetStatus(o *outcome, f *v1alpha1.Fleet, set conditions.Set) {
	st := &f.Status
	st.Tiers, st.ShopSets = int32(len(o.objects.Tiers)), int32(len(o.objects.ShopSets)) //nolint:gosec // G115: bounded by the objects in memory
	if o.in.Fleet != nil {
		st.SystemCommit = o.in.Main.Head
		st.Unmanaged = o.plan.Unmanaged[:min(len(o.plan.Unmanaged), 100)]
	}
	own := o.findings(convention.KindFleet, f.Name)
	switch {
	case o.problem != nil:
		set.Stalled(o.problem.Reason, o.problem.Error())
	case own != "":
		set.Stalled("ConventionBroken", own)
	case !slices.Contains(r.ArgoNamespaces, f.Spec.ArgoCD.Namespace):
		set.Stalled("ArgoCDNotWatched", fmt.Sprintf("Fleet %s: spec.argocd.namespace: the controller does not watch %s: start it with --argocd-namespace=%s",
			f.Name, f.Spec.ArgoCD.Namespace, f.Spec.ArgoCD.Namespace))
	case len(o.objects.Tiers) == 0:
		set.Reconciling("NoTiers", "create the first Tier")
	case o.in.AppsProblem != "":
		set.Stalled("AppsNotReleasable", o.in.AppsProblem)
	case len(o.plan.Findings) > 0:
		set.Stalled("ConventionBroken", fmt.Sprintf("%d objects break a convention, the first: %s", len(o.plan.Findings), o.plan.Findings[0].Message))
	default:
		set.Ready(fmt.Sprintf("%d tiers, %d ShopSets", len(o.objects.Tiers), len(o.objects.ShopSets)))
	}
}
