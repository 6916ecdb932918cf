package placement

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/conditions"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/maintenance"
)

// maintain keeps maintenances that move things from vanishing, leads each on, and lets go of those
// that are finished.
func (r *Reconciler) maintain(ctx context.Context, s *step) error {
	for i := range s.led {
		l := &s.led[i]
		if l.object.DeletionTimestamp == nil {
			if err := r.finalizer(ctx, l.object, controllerutil.AddFinalizer); err != nil {
				return err
			}
		}
		if err := r.leadOn(ctx, s, l); err != nil {
			return err
		}
	}
	for i := range s.objects.ClusterMaintenances {
		if m := &s.objects.ClusterMaintenances[i]; convention.MaintenanceFinished(m) {
			if err := r.finalizer(ctx, m, controllerutil.RemoveFinalizer); err != nil {
				return err
			}
		}
	}
	return r.removeOrphans(ctx, s)
}

// withoutFleet lets go of maintenances whose namespace has no Fleet: there is nothing to give back to.
func (r *Reconciler) withoutFleet(ctx context.Context, o convention.Objects) error {
	for i := range o.ClusterMaintenances {
		if m := &o.ClusterMaintenances[i]; m.DeletionTimestamp != nil {
			if err := r.finalizer(ctx, m, controllerutil.RemoveFinalizer); err != nil {
				return err
			}
		}
	}
	return nil
}

// finalizer changes a maintenance's finalizers; a rival's change makes it fail and be tried again.
func (r *Reconciler) finalizer(ctx context.Context, m *v1alpha1.ClusterMaintenance, change func(client.Object, string) bool) error {
	before := m.DeepCopy()
	if !change(m, v1alpha1.Finalizer) {
		return nil
	}
	// The object comes back as the API server has it; what was decided is not in there.
	sent := m.DeepCopy()
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, sent, patch); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("changing the finalizers of ClusterMaintenance %s: %w", m.Name, err)
	}
	m.ResourceVersion = sent.ResourceVersion
	return nil
}

// leadOn writes what was decided about a maintenance, and then, but only then, makes and removes the
// ShopSets that stand in: whoever dies in between finds in the status what to carry out.
func (r *Reconciler) leadOn(ctx context.Context, s *step, l *led) error {
	m := l.object
	before := m.DeepCopy()
	list := m.Status.Conditions
	m.Status = l.decision.Status
	m.Status.Conditions, m.Status.ObservedGeneration = list, m.Generation
	if s.problem != nil && !convention.MaintenanceFinished(m) {
		l.problem = s.problem.Error()
	}
	if l.problem != "" {
		m.Status.Reason = l.problem
	}
	maintenanceConditions(conditions.For(&m.Status.Conditions, m.Generation, metav1.NewTime(s.now)), m, l.problem)
	if !equality.Semantic.DeepEqual(before, m) {
		// A rival's write makes this fail and be decided anew, and nothing is carried out.
		patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
		if err := r.Client.Status().Patch(ctx, m, patch); err != nil {
			return fmt.Errorf("writing the status of ClusterMaintenance %s: %w", m.Name, err)
		}
	}
	r.maintenanceEvents(before, m)
	for _, surge := range l.decision.Create {
		if err := r.create(ctx, m, surge); err != nil {
			return err
		}
	}
	for _, name := range l.decision.Remove {
		if err := r.remove(ctx, s, name, m.Name); err != nil {
			return err
		}
	}
	return nil
}

func maintenanceConditions(set conditions.Set, m *v1alpha1.ClusterMaintenance, problem string) {
	st := &m.Status
	reason := string(st.Phase)
	if reason == "" {
		reason = string(v1alpha1.MaintenancePending)
	}
	switch {
	case problem != "":
		set.Stalled("Blocked", problem)
	case st.Phase == v1alpha1.MaintenanceRefused:
		set.Stalled(reason, st.Reason)
	case convention.MaintenanceFinished(m), st.Phase == v1alpha1.MaintenanceDrained && m.Spec.Goal == v1alpha1.MaintenanceDrain:
		set.Ready(st.Reason)
	default:
		set.Reconciling(reason, st.Reason)
	}
}

// maintenanceEvents tells transitions of phases.
func (r *Reconciler) maintenanceEvents(before, after *v1alpha1.ClusterMaintenance) {
	if before.Status.Phase == after.Status.Phase {
		return
	}
	kind := corev1.EventTypeNormal
	if after.Status.Phase == v1alpha1.MaintenanceRefused {
		kind = corev1.EventTypeWarning
	}
	r.Events.Eventf(after, nil, kind, string(after.Status.Phase), "Maintain", "cluster %s: %s", after.Spec.Cluster, clip(after.Status.Reason))
}

func (r *Reconciler) create(ctx context.Context, m *v1alpha1.ClusterMaintenance, surge maintenance.Surge) error {
	o := &v1alpha1.ShopSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: m.Namespace, Name: surge.Name, Labels: map[string]string{v1alpha1.LabelMaintenance: m.Name}},
		Spec:       surge.Spec,
	}
	err := r.Client.Create(ctx, o)
	if apierrors.IsAlreadyExists(err) {
		return nil // ours, made a moment ago; if somebody else's, the next decision sees it among the objects
	}
	if err != nil {
		return fmt.Errorf("creating ShopSet %s to stand in during ClusterMaintenance %s: %w", surge.Name, m.Name, err)
	}
	r.Events.Eventf(m, nil, corev1.EventTypeNormal, "Surged", "Maintain", "ShopSet %s on cluster %s stands in", surge.Name, surge.Spec.Cluster)
	return nil
}

// remove deletes a ShopSet that was made for a maintenance, and no other.
func (r *Reconciler) remove(ctx context.Context, s *step, name, maintenance string) error {
	i := slices.IndexFunc(s.objects.ShopSets, func(o v1alpha1.ShopSet) bool { return o.Name == name })
	if i < 0 {
		return nil
	}
	o := &s.objects.ShopSets[i]
	if o.Labels[v1alpha1.LabelMaintenance] != maintenance || o.DeletionTimestamp != nil {
		return nil
	}
	uid := o.UID
	err := r.Client.Delete(ctx, o.DeepCopy(), client.Preconditions{UID: &uid})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting ShopSet %s, which stood in during ClusterMaintenance %s: %w", name, maintenance, err)
	}
	return nil
}

// removeOrphans deletes ShopSets that stood in for a maintenance that was deleted or is finished.
func (r *Reconciler) removeOrphans(ctx context.Context, s *step) error {
	open := map[string]bool{}
	for i := range s.led {
		open[s.led[i].object.Name] = !s.led[i].decision.Done
	}
	for i := range s.objects.ShopSets {
		o := &s.objects.ShopSets[i]
		if name := o.Labels[v1alpha1.LabelMaintenance]; name != "" && !open[name] {
			if err := r.remove(ctx, s, o.Name, name); err != nil {
				return err
			}
		}
	}
	return nil
}
