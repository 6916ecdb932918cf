package system

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
)

// The gates' times where a Tier names none; the same defaults stand in the Tier's definition,
// which fills them in for objects that pass an API server.
const (
	defaultSettle           = 2 * time.Second
	defaultProgressDeadline = 5 * time.Minute
)

func durations(t *v1alpha1.Tier) (soak, settle, deadline time.Duration) {
	or := func(d *metav1.Duration, otherwise time.Duration) time.Duration {
		if d == nil {
			return otherwise
		}
		return d.Duration
	}
	g := t.Spec.Gates
	return or(g.Soak, 0), or(g.Settle, defaultSettle), or(g.ProgressDeadline, defaultProgressDeadline)
}
