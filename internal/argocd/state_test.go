package argocd_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/internal/argocd"
	"shopset.dev/shopset/internal/plan/release"
)

var (
	early = metav1.NewTime(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	late  = metav1.NewTime(early.Add(time.Minute))
	right = strings.Repeat("a", 40)
	wrong = strings.Repeat("b", 40)
)

// fine is an Application that runs the release in good health.
func fine() *argocd.Application {
	src := argocd.Source{RepoURL: "https://git.example/system.git", TargetRevision: "tier-0", Path: "overlays/c-2"}
	return &argocd.Application{
		Spec: argocd.ApplicationSpec{Source: src},
		Status: argocd.ApplicationStatus{
			Sync:           argocd.SyncStatus{Status: "Synced", Revision: right, ComparedTo: argocd.ComparedTo{Source: src}},
			Health:         argocd.HealthStatus{Status: "Healthy", LastTransitionTime: &early},
			OperationState: &argocd.OperationState{Phase: "Succeeded", FinishedAt: &early},
			ReconciledAt:   &late,
		},
	}
}

func TestJudge(t *testing.T) {
	tests := map[string]struct {
		change func(a *argocd.Application)
		live   bool
		broken bool
		health release.Health
		why    string // a part of it
	}{
		"all is well": {func(*argocd.Application) {}, true, false, release.Healthy, ""},
		"live and degraded": {func(a *argocd.Application) {
			a.Status.Health = argocd.HealthStatus{Status: "Degraded", Message: "api exceeded its progress deadline"}
		}, true, false, release.Degraded, "api exceeded"},
		"compared with another commit": {func(a *argocd.Application) { a.Status.Sync.Revision = wrong }, false, false, release.Healthy, "still compared with commit bbbbbbbb"},
		"compared with a branch name":  {func(a *argocd.Application) { a.Status.Sync.Revision = "tier-0" }, false, false, release.Healthy, "still compared"},
		"never compared":               {func(a *argocd.Application) { a.Status.Sync.Revision = "" }, false, false, release.Healthy, "still compared"},
		"out of sync":                  {func(a *argocd.Application) { a.Status.Sync.Status = "OutOfSync" }, false, false, release.Healthy, "sync status is OutOfSync"},
		"sync is running":              {func(a *argocd.Application) { a.Status.OperationState.Phase = "Running" }, false, false, release.Healthy, "running"},
		"never synced":                 {func(a *argocd.Application) { a.Status.OperationState = nil }, false, false, release.Healthy, "never synced"},
		"not compared since the sync": {func(a *argocd.Application) {
			a.Status.ReconciledAt = &early
			a.Status.OperationState.FinishedAt = &late
		}, false, false, release.Healthy, "not yet compared again"},
		"its source has not followed yet": {func(a *argocd.Application) { a.Spec.Source.TargetRevision = "tier-1" }, false, false, release.Healthy, "source from before"},
		"compared before its source moved": {func(a *argocd.Application) { a.Status.Sync.ComparedTo.Source.TargetRevision = "tier-1" },
			false, false, release.Healthy, "source from before"},
		"manifests cannot be built": {func(a *argocd.Application) {
			a.Status.Conditions = []argocd.Condition{{Type: "ComparisonError", Message: "`kustomize build` failed: no such file"}}
		}, false, true, release.Healthy, "no such file"},
		"kustomize's own words and the next step are told": {func(a *argocd.Application) {
			a.Status.Conditions = []argocd.Condition{{Type: "ComparisonError", Message: "Failed to load target state: rpc error: " +
				"`kustomize build /tmp/x/overlays/c-2` failed exit status 1: Error: accumulating resources: 'x/base' must resolve to a file: recursed accumulation of path 'x/base': no such file lost.yaml"}}
		}, false, true, release.Healthy, "overlays/c-2 of branch tier-0 does not build: 'x/base': no such file lost.yaml: correct Configuration production or the apps repository"},
		"the cluster is unknown to Argo CD": {func(a *argocd.Application) {
			a.Status.Conditions = []argocd.Condition{{Type: "InvalidSpecError", Message: "there are no clusters with this name: c"}}
		}, false, false, release.Healthy, "WorkloadCluster c: spec.argocdCluster: InvalidSpecError: there are no clusters with this name: c: register"},
		"Argo CD may not read the apps repository": {func(a *argocd.Application) {
			a.Status.Conditions = []argocd.Condition{{Type: "ComparisonError", Message: "failed to update submodules: Authentication failed"}}
		}, false, false, release.Healthy, "let the credentials which Argo CD has for the system repository read the apps repository"},
		"Git cannot be reached by Argo CD": {func(a *argocd.Application) {
			a.Status.Conditions = []argocd.Condition{{Type: "ComparisonError", Message: "failed to list refs: connection refused"}}
		}, false, false, release.Healthy, "connection refused"},
		"a warning is no error": {func(a *argocd.Application) {
			a.Status.Conditions = []argocd.Condition{{Type: "OrphanedResourceWarning", Message: "x"}}
		}, true, false, release.Healthy, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			app := fine()
			tc.change(app)
			got := argocd.Judge(app, argocd.Expectation{ShopSet: "c-2", Cluster: "c", Configuration: "production", Branch: "tier-0", Path: "overlays/c-2",
				IsRelease: func(commit string) bool { return commit == right }})
			if got.AtRelease != tc.live || got.Broken != tc.broken || got.Health != tc.health || !strings.Contains(got.Why, tc.why) {
				t.Errorf("got %+v", got)
			}
			if !got.AtRelease && got.Why == "" {
				t.Error("not live, and no word why")
			}
		})
	}
	if got := argocd.Judge(nil, argocd.Expectation{}); got.AtRelease || got.Health != release.Missing {
		t.Errorf("without an Application: %+v", got)
	}
}

func TestHealthCountsFromTheLaterOfHealthAndSync(t *testing.T) {
	app := fine()
	app.Status.OperationState.FinishedAt = &late
	got := argocd.Judge(app, argocd.Expectation{IsRelease: func(string) bool { return true }})
	if !got.HealthSince.Equal(late.Time) {
		t.Errorf("health counts from %s, want the end of the sync at %s", got.HealthSince, late)
	}
}

func TestDiffersIgnoresBookkeeping(t *testing.T) {
	later := metav1.NewTime(late.Add(time.Hour))
	tests := map[string]struct {
		change func(a *argocd.Application)
		want   bool
	}{
		"compared once more":                   {func(a *argocd.Application) { a.Status.ReconciledAt = &later }, false},
		"compared for the first time since":    {func(a *argocd.Application) { a.Status.ReconciledAt = nil }, true},
		"another revision":                     {func(a *argocd.Application) { a.Status.Sync.Revision = wrong }, true},
		"another health":                       {func(a *argocd.Application) { a.Status.Health.Status = "Degraded" }, true},
		"another source":                       {func(a *argocd.Application) { a.Spec.Source.Path = "x" }, true},
		"an error":                             {func(a *argocd.Application) { a.Status.Conditions = []argocd.Condition{{Type: "SyncError"}} }, true},
		"nothing at all":                       {func(*argocd.Application) {}, false},
		"another resource version of the same": {func(a *argocd.Application) { a.ResourceVersion = "7" }, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			a := fine()
			tc.change(a)
			if got := argocd.Differs(fine(), a); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}
