package fleet

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/apply"
	"shopset.dev/shopset/internal/argocd"
	"shopset.dev/shopset/internal/githost"
	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/system"
	"shopset.dev/shopset/internal/snapshot"
)

const (
	shopSets = 1000
	tiers    = 5
	clusters = 100
)

// largeFleet gives the objects of a fleet of 1,000 ShopSets over 5 tiers on 100 clusters.
func largeFleet(appsURL, systemURL string) (*v1alpha1.Fleet, convention.Objects) {
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: "large", Name: name, UID: types.UID(name), Generation: 1}
	}
	f := v1alpha1.Fleet{ObjectMeta: meta("large"), Spec: v1alpha1.FleetSpec{
		Apps:         v1alpha1.AppsRepository{Repository: v1alpha1.Repository{URL: appsURL}, Namespaces: v1alpha1.NamespacePerShopSet},
		System:       v1alpha1.Repository{URL: systemURL},
		BranchPrefix: "tier-", EntryService: "lb", ArgoCD: v1alpha1.ArgoCD{Namespace: "argocd", Project: "default"},
	}}
	o := convention.Objects{Fleets: []v1alpha1.Fleet{f}}
	o.FailureDomains = []v1alpha1.FailureDomain{{ObjectMeta: meta("site"), Spec: v1alpha1.FailureDomainSpec{Level: "site"}}}
	o.Configurations = []v1alpha1.Configuration{{ObjectMeta: meta("production"), Spec: v1alpha1.ConfigurationSpec{
		Literals: []v1alpha1.Literals{{ConfigMap: "environment", Values: map[string]string{"ENVIRONMENT": "production"}}}}}}
	for i := range tiers {
		o.Tiers = append(o.Tiers, v1alpha1.Tier{ObjectMeta: meta(fmt.Sprintf("tier-%d", i)), Spec: v1alpha1.TierSpec{Level: int32(i)}})
	}
	for i := range clusters {
		o.WorkloadClusters = append(o.WorkloadClusters, v1alpha1.WorkloadCluster{ObjectMeta: meta(fmt.Sprintf("cluster-%d", i)),
			Spec: v1alpha1.WorkloadClusterSpec{FailureDomain: "site", State: v1alpha1.ClusterActive}})
	}
	for i := range shopSets {
		o.ShopSets = append(o.ShopSets, v1alpha1.ShopSet{ObjectMeta: meta(fmt.Sprintf("s-%d", i)), Spec: v1alpha1.ShopSetSpec{
			Tier: fmt.Sprintf("tier-%d", i%tiers), Configuration: "production", Cluster: fmt.Sprintf("cluster-%d", i%clusters),
			Scale: []v1alpha1.Replicas{{Name: "web", Count: 2}}}})
	}
	return &f, o
}

// stage is a fleet with its repositories on a real Git server.
type stage struct {
	b     *testing.B
	repos *snapshot.Repositories
	fleet *v1alpha1.Fleet
	world snapshot.World
}

func newStage(b *testing.B) *stage {
	b.Helper()
	dir := b.TempDir()
	host, err := githost.New(githost.Config{Root: filepath.Join(dir, "host")})
	if err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewServer(host)
	b.Cleanup(srv.Close)
	for _, name := range []string{"apps", "system"} {
		if err := host.Create(name); err != nil {
			b.Fatal(err)
		}
	}
	pushApps(b, srv.URL+"/apps.git")
	open := func(name, filter string) *gitrepo.Repository {
		r, err := gitrepo.Open(b.Context(), filepath.Join(dir, name), gitrepo.Config{
			Remote: gitrepo.Remote{URL: srv.URL + "/" + name + ".git"}, Filter: filter, Clock: clock.RealClock{}})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			if err := r.Close(); err != nil {
				b.Error(err)
			}
		})
		return r
	}
	s := &stage{b: b, repos: snapshot.NewRepositories(open("apps", gitrepo.CommitsOnly), open("system", ""))}
	f, o := largeFleet(srv.URL+"/apps.git", srv.URL+"/system.git")
	s.fleet = f
	s.world = snapshot.World{Fleet: f, Objects: o, Applications: map[string]*argocd.Application{}, Overlays: system.NewMemo()}
	return s
}

func pushApps(b *testing.B, url string) {
	b.Helper()
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte("resources: []\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-q", "-b", "tier-0"}, {"add", "-A"},
		{"-c", "user.name=dev", "-c", "user.email=dev@example.com", "commit", "-qm", "first"}, {"push", "-q", url, "tier-0"}} {
		cmd := exec.CommandContext(b.Context(), "git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
}

// step does what the controller does in one reconcile, and gives the number of commits pushed.
func (s *stage) step(refresh bool) int {
	s.b.Helper()
	if refresh {
		if appsErr, systemErr := s.repos.Refresh(s.b.Context()); appsErr != nil || systemErr != nil {
			s.b.Fatal(appsErr, systemErr)
		}
	}
	s.world.Now = time.Now()
	in, err := s.repos.Build(s.b.Context(), s.world)
	if err != nil {
		s.b.Fatal(err)
	}
	plan, err := system.Make(in)
	if err != nil {
		s.b.Fatal(err)
	}
	git := apply.Git{Apps: s.repos.Apps, System: s.repos.System, Clock: clock.RealClock{}, Identity: gitrepo.Identity{Name: "bench", Email: "bench@example.com"}}
	n := 0
	for _, res := range git.Run(s.b.Context(), plan.Commits, s.repos.AppsHead) {
		if res.Err != nil {
			s.b.Fatal(res.Err)
		}
		n++
	}
	if err := s.repos.Reload(s.b.Context()); err != nil {
		s.b.Fatal(err)
	}
	return n
}

// raise brings every tier to the first release: without Argo CD nothing ever becomes live, so the
// branches are made by hand, as a person would.
func (s *stage) raise() {
	s.b.Helper()
	s.step(true)
	head := gitrepo.OID(s.repos.SystemHead("tier-0"))
	var updates []gitrepo.RefUpdate
	for i := 1; i < tiers; i++ {
		updates = append(updates, gitrepo.RefUpdate{Ref: gitrepo.BranchRef(fmt.Sprintf("tier-%d", i)), New: head})
	}
	if err := s.repos.System.Push(s.b.Context(), updates, true); err != nil {
		s.b.Fatal(err)
	}
}

// count gives the overlays and Applications in Git.
func (s *stage) count() (overlays, applications int) {
	s.b.Helper()
	for i := range tiers {
		files, err := s.repos.System.ListFiles(s.b.Context(), gitrepo.OID(s.repos.SystemHead(fmt.Sprintf("tier-%d", i))), "overlays")
		if err != nil {
			s.b.Fatal(err)
		}
		overlays += len(files)
	}
	files, err := s.repos.System.ListFiles(s.b.Context(), gitrepo.OID(s.repos.SystemHead(render.MainBranch)), "argocd")
	if err != nil {
		s.b.Fatal(err)
	}
	return overlays, len(files) - clusters
}

// BenchmarkRenderAndCommit times a whole step of the controller, Git over HTTP included.
func BenchmarkRenderAndCommit(b *testing.B) {
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			s := newStage(b)
			b.StartTimer()
			s.raise()
			s.step(true)
			b.StopTimer()
			if overlays, applications := s.count(); overlays != shopSets || applications != shopSets {
				b.Fatalf("%d overlays and %d Applications in Git, want %d of each", overlays, applications, shopSets)
			}
			b.StartTimer()
		}
	})
	s := newStage(b)
	s.raise()
	s.step(true)
	s.step(true)
	b.Run("one ShopSet changed", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			ss := &s.world.Objects.ShopSets[i%shopSets]
			ss.Spec.Scale[0].Count += 1000
			ss.Generation++
			if n := s.step(false); n != 1 {
				b.Fatalf("%d commits for one changed ShopSet, want 1", n)
			}
		}
	})
	b.Run("nothing changed", func(b *testing.B) {
		for b.Loop() {
			if n := s.step(false); n != 0 {
				b.Fatalf("%d commits although nothing changed", n)
			}
		}
	})
}
