package recovery

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shopset.dev/shopset/api/v1alpha1"
)

// platform writes a version of the file that the controller adds to every ShopSet.
func platform(t *testing.T, dir, version string) {
	t.Helper()
	content := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: monitor}\ndata: {version: \"" + version + "\"}\n"
	if err := os.WriteFile(filepath.Join(dir, "monitor.yaml"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func writeProgram(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
}

// monitor is the version of the addition that a tier's branch holds.
func (f *testFleet) monitor(tier string) string {
	f.t.Helper()
	content, err := tryGit(f.system, nil, "show", f.branch(tier)+":platform/monitor.yaml")
	if err != nil {
		return "none"
	}
	_, version, _ := strings.Cut(content, "version: \"")
	version, _, _ = strings.Cut(version, "\"")
	return version
}

// TestTwoRenderers upgrades the controller to ones that render platform/ differently. That is a
// change like any other: it comes to the lowest tier alone and climbs from there.
func TestTwoRenderers(t *testing.T) {
	f := newFleet(t, "renderers", fleetOptions{})
	c := newController(t, f.box)
	c.start()
	commit := f.work.git("rev-parse", "HEAD")
	f.proven(commit)
	f.hold("beta", "a new controller is tried")
	before := heads(t, f.system)

	additions := t.TempDir()
	platform(t, additions, "one")
	c.stop()
	c.start("--platform-dir=" + additions)
	f.monitors("one", "none", "none")
	f.keptHeads(before, "tier-1", "tier-2", "main")
	f.tierSays("beta", "tier beta is held", "a new controller is tried")
	f.hold("beta", "")
	f.monitors("one", "one", "one")
	f.checkHistory()

	f.hold("beta", "a newer controller is tried")
	before = heads(t, f.system)
	platform(t, additions, "two")
	c.stop()
	c.start("--platform-dir=" + additions)
	f.monitors("two", "one", "one")
	f.keptHeads(before, "tier-1", "tier-2", "main")
	f.hold("beta", "")
	f.monitors("two", "two", "two")
	f.proven(commit)
	if climbed := f.checkHistory(); climbed != 3 {
		t.Errorf("%d releases came to the top, want the first and both platforms", climbed)
	}
	for _, tier := range f.tiers {
		if got := git(t, f.system, "rev-parse", f.branch(tier)+":base"); got != commit {
			t.Errorf("%s runs apps commit %.8s, want %.8s still", tier, got, commit)
		}
	}
}

// monitors waits until the tiers, the lowest first, have versions of the addition and have proven them.
func (f *testFleet) monitors(versions ...string) {
	f.t.Helper()
	for i, tier := range f.tiers {
		eventually(f.t, tier+" to have monitor "+versions[i], func() error {
			st := f.mustTier(tier).Status
			platform := git(f.t, f.system, "rev-parse", f.branch(tier)+":platform")
			if got := f.monitor(tier); got != versions[i] || st.Phase != v1alpha1.TierProven || platformOf(st.Proven) != platform {
				return fmt.Errorf("it has %s, is %s: %s", got, st.Phase, st.Reason)
			}
			return nil
		})
	}
}

func platformOf(p *v1alpha1.ProvenRelease) string {
	if p == nil {
		return ""
	}
	return string(p.Platform)
}

// keptHeads makes sure that branches of the system repository are where they were.
func (f *testFleet) keptHeads(before map[string]string, branches ...string) {
	f.t.Helper()
	now := heads(f.t, f.system)
	for _, branch := range branches {
		if before[branch] == "" || now[branch] != before[branch] {
			f.t.Errorf("%s moved from %.8s to %.8s", branch, before[branch], now[branch])
		}
	}
}

// hold holds a tier, or with an empty reason lets it go.
func (f *testFleet) hold(tier, reason string) {
	f.t.Helper()
	change(f, tier, &v1alpha1.Tier{}, func(t *v1alpha1.Tier) {
		t.Spec.Hold = nil
		if reason != "" {
			t.Spec.Hold = &v1alpha1.Hold{Reason: reason}
		}
	})
}
