package system_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/system"
)

func TestCommitClimbsTierByTier(t *testing.T) {
	w := newWorld(t)
	w.ladder("dev", "beta", "prod")
	w.merge("a")
	var seen []string
	for range 5 {
		w.step()
		seen = append(seen, w.running())
	}
	if diff := cmp.Diff([]string{"a--", "aa-", "aaa", "aaa", "aaa"}, seen); diff != "" {
		t.Errorf("tiers after each step (-want +got):\n%s", diff)
	}
	if p := w.step(); len(p.Commits) != 0 {
		t.Errorf("nothing changed and yet there are commits: %v", p.Commits[0].Subject)
	}
	for _, folder := range []string{"configurations", "platform"} {
		if a, b := w.tree(w.branches["tier-0"], folder), w.tree(w.branches["tier-2"], folder); a != b {
			t.Errorf("%s of the lowest and the highest tier are not the same object: %s, %s", folder, a, b)
		}
	}
}

// climbing runs a change that is not a commit and tells after each step which tiers have it.
func climbing(t *testing.T, w *world, has func(b *branch) bool) []string {
	t.Helper()
	var seen []string
	for range 4 {
		w.step()
		out := ""
		for _, name := range []string{"tier-0", "tier-1", "tier-2"} {
			if has(w.branches[name]) {
				out += "x"
			} else {
				out += "-"
			}
		}
		seen = append(seen, out)
	}
	return seen
}

func TestEveryKindOfChangeClimbs(t *testing.T) {
	contains := func(file, text string) func(b *branch) bool {
		return func(b *branch) bool { return strings.Contains(string(b.files[file]), text) }
	}
	tests := map[string]struct {
		change func(w *world)
		has    func(b *branch) bool
	}{
		"a Configuration": {
			func(w *world) { w.configuration("production", "v2") },
			contains("configurations/production/kustomization.yaml", "VALUE=v2"),
		},
		"a newer controller's platform": {
			func(w *world) { w.additions = map[string][]byte{"monitor.yaml": []byte("kind: ConfigMap\n")} },
			contains("platform/monitor.yaml", "ConfigMap"),
		},
		"the path of the kustomization in the apps repository": {
			func(w *world) { w.fleet.Spec.Apps.Path = "deploy" },
			contains("platform/settings.yaml", "deploy"),
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.ladder("dev", "beta", "prod")
			w.merge("a")
			w.settle()
			tc.change(w)
			if diff := cmp.Diff([]string{"x--", "xx-", "xxx", "xxx"}, climbing(t, w, tc.has)); diff != "" {
				t.Errorf("tiers that have it after each step (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSettingsReachAnOverlayWithTheirPlatform(t *testing.T) {
	w := newWorld(t)
	w.ladder("dev", "beta", "prod")
	w.merge("a")
	w.settle()
	w.sick["s-dev"] = true // nothing climbs
	w.fleet.Spec.Apps.Path = "deploy"
	w.step()
	w.objects.ShopSets[2].Spec.Scale = []v1alpha1.Replicas{{Name: "web", Count: 3}}
	in := w.input()
	in.Settings[w.tree(w.branches["tier-2"], "platform")] = render.Settings{Namespaces: v1alpha1.NamespacePerShopSet}
	p, err := system.Make(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Commits {
		for _, ch := range c.Changes {
			if c.Branch == "tier-2" && (strings.Contains(string(ch.Body), "base/deploy") || !strings.Contains(string(ch.Body), "count: 3")) {
				t.Errorf("prod's overlay must get its own change and not the new path:\n%s", ch.Body)
			}
		}
	}
}

func TestDegradedTierStopsTheClimb(t *testing.T) {
	w := newWorld(t)
	w.ladder("dev", "beta", "prod")
	w.merge("a")
	w.settle()
	above := map[string]string{"tier-1": w.branches["tier-1"].head, "tier-2": w.branches["tier-2"].head}
	w.sick["s-dev"] = true
	w.merge("b")
	w.settle()
	if got := w.running(); got != "baa" {
		t.Errorf("tiers run %s, want baa", got)
	}
	for name, head := range above {
		if w.branches[name].head != head {
			t.Errorf("%s got a commit", name)
		}
	}
	w.sick["s-dev"] = false
	w.merge("c")
	w.settle()
	if got := w.running(); got != "ccc" {
		t.Errorf("after the repair tiers run %s, want ccc", got)
	}
}

func TestHandIsNeverReverted(t *testing.T) {
	const overlay, application = "overlays/s-prod/kustomization.yaml", "argocd/on-prod/s-prod.yaml"
	setUp := func(t *testing.T) *world {
		w := newWorld(t)
		w.ladder("dev", "beta", "prod")
		w.merge("a")
		w.settle()
		w.step() // remembers what was written
		return w
	}
	t.Run("an edited overlay stays through a release and yields to its object", func(t *testing.T) {
		w := setUp(t)
		b := w.branches["tier-2"]
		b.files[overlay] = append(b.files[overlay], "# mine\n"...)
		w.merge("b")
		p := w.settle()
		if w.running() != "bbb" || !strings.Contains(string(b.files[overlay]), "# mine") {
			t.Errorf("the release must go through (%s) and leave the edit:\n%s", w.running(), b.files[overlay])
		}
		if diff := cmp.Diff([]string{overlay}, p.Notes["s-prod"].Edited); diff != "" {
			t.Errorf("files told as edited (-want +got):\n%s", diff)
		}
		w.objects.ShopSets[2].Spec.Scale = []v1alpha1.Replicas{{Name: "web", Count: 2}}
		w.settle()
		if strings.Contains(string(b.files[overlay]), "# mine") {
			t.Error("the changed object does not come through")
		}
	})
	t.Run("a removed ShopSet stays removed", func(t *testing.T) {
		w := setUp(t)
		delete(w.branches["tier-2"].files, overlay)
		delete(w.branches[render.MainBranch].files, application)
		p := w.settle()
		if w.branches["tier-2"].files[overlay] != nil || w.branches[render.MainBranch].files[application] != nil {
			t.Error("what a person removed came back")
		}
		if diff := cmp.Diff([]string{overlay}, p.Notes["s-prod"].Removed); diff != "" {
			t.Errorf("files told as removed (-want +got):\n%s", diff)
		}
	})
	t.Run("an overlay without an object is kept and told", func(t *testing.T) {
		w := setUp(t)
		w.branches["tier-2"].files["overlays/by-hand/kustomization.yaml"] = []byte("x: 1\n")
		p := w.settle()
		if diff := cmp.Diff([]string{"tier-2:overlays/by-hand"}, p.Unmanaged); diff != "" {
			t.Errorf("unmanaged (-want +got):\n%s", diff)
		}
		if w.branches["tier-2"].files["overlays/by-hand/kustomization.yaml"] == nil {
			t.Error("what a person made was deleted")
		}
	})
	t.Run("a platform edited at the lowest tier climbs as it is", func(t *testing.T) {
		w := setUp(t)
		b := w.branches["tier-0"]
		b.files["platform/kustomization.yaml"] = append(b.files["platform/kustomization.yaml"], "# mine\n"...)
		r := b.history[0].Release
		r.Platform = v1alpha1.ObjectID(w.tree(b, "platform"))
		b.head = "by-hand"
		w.keep(b)
		w.begin("dev", b, r, "alice")
		w.settle()
		if !strings.Contains(string(w.branches["tier-2"].files["platform/kustomization.yaml"]), "# mine") {
			t.Error("the edit did not climb")
		}
	})
}

func TestConfigurationMustClimbBeforeItIsUsed(t *testing.T) {
	w := newWorld(t)
	w.ladder("dev", "beta", "prod")
	w.merge("a")
	w.settle()
	w.configuration("new", "v1")
	w.objects.ShopSets[2].Spec.Configuration = "new"
	p := w.step()
	if got := p.Notes["s-prod"].Waiting; got != "waits for Configuration new to climb to tier prod" {
		t.Errorf("note: %q", got)
	}
	if strings.Contains(string(w.branches["tier-2"].files["overlays/s-prod/kustomization.yaml"]), "configurations/new") {
		t.Error("the overlay names a Configuration that is not in the branch")
	}
	w.settle()
	if !strings.Contains(string(w.branches["tier-2"].files["overlays/s-prod/kustomization.yaml"]), "configurations/new") {
		t.Error("the overlay never gets its Configuration")
	}
}

func TestDeletionLeavesGitAndThenLetsGo(t *testing.T) {
	w := newWorld(t)
	w.ladder("dev", "beta", "prod")
	w.merge("a")
	w.settle()
	now := metav1.NewTime(w.now)
	w.objects.ShopSets[2].DeletionTimestamp = &now
	if p := w.step(); len(p.Gone) != 0 {
		t.Errorf("let go of before it was out of Git: %v", p.Gone)
	}
	if p := w.step(); !slices.Equal(p.Gone, []string{"ShopSet/s-prod"}) {
		t.Errorf("gone: %v", p.Gone)
	}
	for name, b := range w.branches {
		for p := range b.files {
			if strings.Contains(p, "s-prod") {
				t.Errorf("%s still has %s", name, p)
			}
		}
	}
}

func TestMoveToAnotherTierLeavesNoOverlayBehind(t *testing.T) {
	w := newWorld(t)
	w.ladder("dev", "beta", "prod")
	w.merge("a")
	w.settle()
	w.objects.ShopSets[2].Spec.Tier = "beta"
	w.settle()
	if w.branches["tier-2"].files["overlays/s-prod/kustomization.yaml"] != nil || w.branches["tier-1"].files["overlays/s-prod/kustomization.yaml"] == nil {
		t.Error("the overlay must be in its new tier's branch and in no other")
	}
	if !strings.Contains(string(w.branches[render.MainBranch].files["argocd/on-prod/s-prod.yaml"]), "targetRevision: tier-1") {
		t.Error("its Application must follow the new branch")
	}
}

func TestFaultyObjectsStopOnlyThemselves(t *testing.T) {
	w := newWorld(t)
	w.ladder("dev", "beta", "prod")
	w.merge("a")
	w.shopSet("lost", "nowhere", "production")
	w.configuration("leaky", "x")
	w.objects.Configurations[1].Spec.Literals[0].Values = map[string]string{"DB_PASSWORD": "hunter2"}
	p := w.settle()
	if w.running() != "aaa" {
		t.Errorf("tiers run %s, want aaa", w.running())
	}
	var about []string
	for _, f := range p.Findings {
		about = append(about, f.Kind+"/"+f.Name)
	}
	if !slices.Contains(about, "ShopSet/lost") || !slices.Contains(about, "Configuration/leaky") {
		t.Errorf("findings about %v", about)
	}
	for name, b := range w.branches {
		for path, content := range b.files {
			if strings.Contains(string(content), "hunter2") || strings.Contains(path, "lost") {
				t.Errorf("%s:%s is of a faulty object", name, path)
			}
		}
	}
}

func TestOrderOfObjectsDoesNotMatter(t *testing.T) {
	make := func(shuffle func(n int, swap func(i, j int))) system.Plan {
		w := newWorld(t)
		w.ladder("dev", "beta", "prod")
		for _, n := range []string{"x", "y", "z"} {
			w.shopSet(n, "dev", "production")
		}
		w.merge("a")
		o := &w.objects
		shuffle(len(o.Tiers), func(i, j int) { o.Tiers[i], o.Tiers[j] = o.Tiers[j], o.Tiers[i] })
		shuffle(len(o.ShopSets), func(i, j int) { o.ShopSets[i], o.ShopSets[j] = o.ShopSets[j], o.ShopSets[i] })
		shuffle(len(o.WorkloadClusters), func(i, j int) {
			o.WorkloadClusters[i], o.WorkloadClusters[j] = o.WorkloadClusters[j], o.WorkloadClusters[i]
		})
		p, err := system.Make(w.input())
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	want := make(func(int, func(i, j int)) {})
	for seed := range uint64(20) {
		if diff := cmp.Diff(want, make(rand.New(rand.NewPCG(seed, 1)).Shuffle)); diff != "" {
			t.Fatalf("seed %d: the plan depends on the order of objects:\n%s", seed, diff)
		}
	}
}

// TestNoTierIsEverSkipped walks at random through merges, Configuration changes, sickness and
// recovery, and checks after every step that each tier's release had been on the tier below.
func TestNoTierIsEverSkipped(t *testing.T) {
	for seed := range uint64(10) {
		w := newWorld(t)
		w.ladder("dev", "beta", "prod", "prod-ha")
		r := rand.New(rand.NewPCG(seed, 2))
		next := 'a'
		for range 60 {
			switch r.IntN(5) {
			case 0:
				if next <= 'z' {
					w.merge(string(next))
					next++
				}
			case 1:
				w.configuration("production", string(rune('0'+r.IntN(5))))
			case 2:
				w.sick[w.objects.ShopSets[r.IntN(4)].Name] = r.IntN(2) == 0
			}
			p := w.step()
			for _, v := range p.Release.Verdicts {
				if v.Violation != "" {
					t.Fatalf("seed %d: tier %s: %s", seed, v.Tier, v.Violation)
				}
			}
			checkLadder(t, w, seed)
		}
		w.sick = map[string]bool{}
		w.settle()
		if got := w.running(); strings.Trim(got, got[:1]) != "" {
			t.Fatalf("seed %d: in good health all tiers come to the same release, not %s", seed, got)
		}
	}
}

func checkLadder(t *testing.T, w *world, seed uint64) {
	t.Helper()
	for i := 1; i < len(w.objects.Tiers); i++ {
		above, below := w.branches["tier-"+string(rune('0'+i))], w.branches["tier-"+string(rune('0'+i-1))]
		if above == nil {
			continue
		}
		for _, tenure := range above.history {
			if !slices.ContainsFunc(below.history, func(b release.Tenure) bool { return b.Same(tenure.Release) && !b.Entered.After(tenure.Entered) }) {
				t.Fatalf("seed %d: tier %d ran %s, which tier %d had not run before", seed, i, tenure.Apps, i-1)
			}
		}
	}
}

func TestDomainPathEndsInACycle(t *testing.T) {
	o := convention.Objects{FailureDomains: []v1alpha1.FailureDomain{
		{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Spec: v1alpha1.FailureDomainSpec{Parent: "b"}},
		{ObjectMeta: metav1.ObjectMeta{Name: "b"}, Spec: v1alpha1.FailureDomainSpec{Parent: "a"}},
	}}
	if diff := cmp.Diff([]string{"b", "a"}, system.DomainPath(o, "a")); diff != "" {
		t.Error(diff)
	}
}
