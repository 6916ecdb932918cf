package system_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/system"
)

func TestNewPathReachesTheLowestTierOnlyWithARelease(t *testing.T) {
	w := newWorld(t)
	w.ladder("dev", "prod")
	w.merge("a")
	w.settle()
	w.fleet.Spec.Apps.Path = "deploy"
	in := w.input()
	in.Settings[w.tree(w.branches["tier-0"], "platform")] = render.Settings{Namespaces: v1alpha1.NamespacePerShopSet}
	in.AppsProblem = "no kustomization.yaml in deploy/"
	p, err := system.Make(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Commits {
		for _, ch := range c.Changes {
			if strings.HasPrefix(ch.Path, "overlays/") {
				t.Errorf("%s: %s is written although the apps have not moved:\n%s", c.Branch, ch.Path, ch.Body)
			}
		}
	}
}

// bringing lists the Applications of a cluster which bring what its ShopSets share.
func bringing(w *world) []string {
	var out []string
	for _, s := range w.objects.ShopSets {
		app, found := w.branches[render.MainBranch].files[render.ApplicationPath(&s)]
		if found && s.DeletionTimestamp == nil && !strings.Contains(string(app), "$patch: delete") {
			out = append(out, s.Name)
		}
	}
	return out
}

func TestOneShopSetOfAClusterBringsWhatAllShare(t *testing.T) {
	w := newWorld(t)
	w.ladder("dev", "beta", "prod")
	w.shopSet("b", "prod", "production")
	w.shopSet("a", "prod", "production")
	w.merge("a")
	w.settle()
	if diff := cmp.Diff([]string{"s-dev", "s-beta", "a"}, bringing(w)); diff != "" {
		t.Errorf("on three clusters (-want +got):\n%s", diff)
	}
	// One of a lower tier comes to the cluster and takes over.
	w.shopSet("z", "beta", "production")
	w.objects.ShopSets[len(w.objects.ShopSets)-1].Spec.Cluster = "on-prod"
	w.settle()
	if diff := cmp.Diff([]string{"s-dev", "s-beta", "z"}, bringing(w)); diff != "" {
		t.Errorf("after one of a lower tier came (-want +got):\n%s", diff)
	}
}

// A ShopSet comes with a Configuration of its own while the lowest tier is at work on a release.
func TestShopSetThatAwaitsItsConfigurationDoesNotKeepItOut(t *testing.T) {
	w := newWorld(t)
	w.ladder("dev", "prod")
	w.merge("a")
	w.step()
	w.shopSet("new", "dev", "staging")
	w.configuration("staging", "v1")
	in := w.input()
	in.Tiers["dev"].Judged["new"] = release.ShopSet{Name: "new", Health: release.Missing, Why: "no Application"}
	p, err := system.Make(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Commits {
		for _, ch := range c.Changes {
			if c.Branch == "tier-0" && ch.Path == render.OverlayPath("new") {
				return
			}
		}
	}
	t.Errorf("the release with its Configuration does not enter: %+v", p.Release.Verdicts)
}
