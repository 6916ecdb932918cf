package argocd

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// The first pause after a refresh that led to nothing, which doubles each time, up to the last.
	firstPause = time.Second
	lastPause  = 10 * time.Second
	// seenPause is how long one is waited for that can still be seen to wait.
	seenPause = 4 * time.Second
)

// annotationAsked makes each request a change of the object, of which Argo CD is told. One that is only
// repeated is no change: should Argo CD have missed the first, it would never learn of it.
const annotationAsked = "shopset.dev/refresh-asked"

// refreshPatch is the merge patch that asks.
func refreshPatch(now time.Time) []byte {
	return fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"normal",%q:%q}}}`, RefreshAnnotation, annotationAsked, now.UTC().Format(time.RFC3339Nano))
}

// Refreshes asks Argo CD to compare what was pushed now, which otherwise it would do when it polls,
// after minutes. A request may be lost: Argo CD removes the annotation when it has finished a
// comparison, even if it was set anew while that was under way; and sometimes it does not notice one
// that is set in that moment. So it is asked again, with growing pauses, until it has the commit. The zero value is ready; it is for one goroutine at a time.
type Refreshes struct {
	asked map[string]asked
}

type asked struct {
	commit string
	at     time.Time
	pause  time.Duration
}

// Ask asks for an Application that has not compared a commit yet, unless it is too early to ask
// again. It gives when to call it again if the Application still has not by then.
func (r *Refreshes) Ask(ctx context.Context, c client.Client, app *Application, commit string, now time.Time) (time.Time, error) {
	due, again := r.due(app, commit, now)
	if !due {
		return again, nil
	}
	patch := client.RawPatch(types.MergePatchType, refreshPatch(now))
	if err := c.Patch(ctx, app.DeepCopyObject().(client.Object), patch); client.IgnoreNotFound(err) != nil {
		return time.Time{}, fmt.Errorf("asking Argo CD to refresh Application %s: %w", app.Name, err)
	}
	return again, nil
}

// due tells whether to ask now, and notes it, and when to do so again.
func (r *Refreshes) due(app *Application, commit string, now time.Time) (bool, time.Time) {
	last, known := r.asked[app.Name]
	if !known || last.commit != commit {
		last = asked{commit: commit, pause: firstPause / 2}
	} else if again := last.again(app); now.Before(again) {
		return false, again
	}
	last.at, last.pause = now, min(2*last.pause, lastPause)
	if r.asked == nil {
		r.asked = map[string]asked{}
	}
	r.asked[app.Name] = last
	return true, now.Add(last.pause)
}

// again is when to ask again: a little later while the request can still be seen to wait.
func (a asked) again(app *Application) time.Time {
	if app.Annotations[RefreshAnnotation] != "" {
		return a.at.Add(max(a.pause, seenPause))
	}
	return a.at.Add(a.pause)
}
