package argocd

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"shopset.dev/shopset/internal/plan/release"
)

var fullSHA = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Expectation is what a ShopSet's Application shall have applied.
type Expectation struct {
	ShopSet, Cluster, Configuration string
	// Branch and Path are the source the Application must have.
	Branch, Path string
	// IsRelease tells whether a commit of the system repository carries the tier's release.
	IsRelease func(commit string) bool
}

// Judge tells whether a ShopSet runs its tier's release and how well. app may be nil.
//
// Live means: compared at a full SHA that carries the release, Synced, the last operation
// succeeded and was followed by a comparison, and no error stands. The branch head is no
// measure: commits of other ShopSets' overlays move it.
func Judge(app *Application, e Expectation) release.ShopSet {
	s := release.ShopSet{Name: e.ShopSet, Cluster: e.Cluster, Health: release.Unknown}
	if app == nil {
		s.Health, s.Why = release.Missing, "Argo CD has no Application for it yet"
		return s
	}
	st := &app.Status
	if st.Health.Status != "" {
		s.Health = release.Health(st.Health.Status)
	}
	s.HealthSince = finished(st)
	if t := st.Health.LastTransitionTime; t != nil && t.After(s.HealthSince) {
		s.HealthSince = t.Time
	}
	if s.Broken, s.Why = broken(st, e); s.Why != "" {
		return s
	}
	if s.Why = behind(app, e); s.Why != "" {
		return s
	}
	s.AtRelease = true
	if s.Why = clip(st.Health.Message); s.Why == "" && s.Health != release.Healthy {
		s.Why = fmt.Sprintf("Application %s in Argo CD shows which of its objects is not well", app.Name)
	}
	return s
}

// behind says what an Application has yet to do until it has applied the release; empty if nothing.
func behind(app *Application, e Expectation) string {
	st := &app.Status
	expected := func(src Source) bool { return src.TargetRevision == e.Branch && src.Path == e.Path }
	switch {
	case !expected(app.Spec.Source), !expected(st.Sync.ComparedTo.Source):
		return "its Application still has the source from before"
	case !fullSHA.MatchString(st.Sync.Revision) || !e.IsRelease(st.Sync.Revision):
		return fmt.Sprintf("still compared with commit %.8s", st.Sync.Revision)
	case st.OperationState != nil && st.OperationState.Phase != "Succeeded":
		return strings.TrimSuffix("sync is "+strings.ToLower(st.OperationState.Phase)+": "+clip(st.OperationState.Message), ": ")
	case st.Sync.Status != "Synced":
		return "sync status is " + st.Sync.Status
	case st.OperationState == nil:
		return "never synced"
	case st.ReconciledAt == nil || st.ReconciledAt.Time.Before(finished(st)):
		return "synced, not yet compared again"
	}
	return ""
}

// broken finds errors that stand, with what to do about them where that is known. buildError says
// that it is the release which cannot be built: trying again will not help.
func broken(st *ApplicationStatus, e Expectation) (buildError bool, why string) {
	for _, c := range st.Conditions {
		if !strings.HasSuffix(c.Type, "Error") {
			continue
		}
		message := c.Type + ": " + clip(c.Message)
		switch {
		case strings.Contains(c.Message, "kustomize build"), strings.Contains(c.Message, "app path does not exist"):
			return true, fmt.Sprintf("%s of branch %s does not build: %s: correct Configuration %s or the apps repository",
				e.Path, e.Branch, clip(cause(c.Message)), e.Configuration)
		case strings.Contains(c.Message, "no clusters with this name"):
			return false, fmt.Sprintf("WorkloadCluster %s: spec.argocdCluster: %s: register the cluster in Argo CD, or correct the name", e.Cluster, message)
		case strings.Contains(c.Message, "failed to update submodules"):
			return false, message + ": let the credentials which Argo CD has for the system repository read the apps repository, too"
		}
		return false, message
	}
	return false, ""
}

// cause is what kustomize said of the innermost file, without the words of those who passed it on.
func cause(message string) string {
	if _, said, found := strings.Cut(message, "exit status 1: Error: "); found {
		message = said
	}
	const outer = "recursed accumulation of path "
	if at := strings.LastIndex(message, outer); at >= 0 {
		message = message[at+len(outer):]
	}
	return message
}

func finished(st *ApplicationStatus) time.Time {
	if st.OperationState == nil || st.OperationState.FinishedAt == nil {
		return time.Time{}
	}
	return st.OperationState.FinishedAt.Time
}

// clip keeps a message to what fits in a table, its end included: there the cause usually is.
func clip(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	const most = 400
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most/3], "") + " … " + strings.ToValidUTF8(s[len(s)-most*2/3:], "")
}

// Differs tells whether a change of an Application can change what Judge says of it.
func Differs(a, b *Application) bool {
	x, y := a.Status, b.Status
	compared := func(st *ApplicationStatus) bool {
		return st.ReconciledAt != nil && !st.ReconciledAt.Time.Before(finished(st))
	}
	if compared(&x) != compared(&y) {
		return true
	}
	x.ReconciledAt, y.ReconciledAt = nil, nil
	return a.Spec != b.Spec || !reflect.DeepEqual(x, y) || !reflect.DeepEqual(a.Labels, b.Labels)
}
