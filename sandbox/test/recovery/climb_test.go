package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
)

// tier reads a Tier.
func (f *testFleet) tier(name string) (*v1alpha1.Tier, error) {
	var t v1alpha1.Tier
	err := f.box.mgmt.Get(context.Background(), client.ObjectKey{Namespace: f.namespace, Name: name}, &t)
	return &t, err
}

// mustTier reads a Tier that is there.
func (f *testFleet) mustTier(name string) *v1alpha1.Tier {
	f.t.Helper()
	t, err := f.tier(name)
	if err != nil {
		f.t.Fatal(err)
	}
	return t
}

// proven waits until tiers, all if none is named, run an apps commit and have proven it. It
// tells how long that took.
func (f *testFleet) proven(commit string, tiers ...string) time.Duration {
	f.t.Helper()
	begun := time.Now()
	if len(tiers) == 0 {
		tiers = f.tiers
	}
	for _, name := range tiers {
		eventually(f.t, fmt.Sprintf("%.8s to be proven on %s", commit, name), func() error {
			t, err := f.tier(name)
			if err != nil {
				return err
			}
			st := t.Status
			if st.Release == nil || string(st.Release.Apps) != commit || st.Phase != v1alpha1.TierProven ||
				st.Proven == nil || string(st.Proven.Apps) != commit {
				return fmt.Errorf("it runs %s, %s: %s; the Fleet says %s", st.ShortRelease, st.Phase, st.Reason, f.ready())
			}
			return nil
		})
	}
	return time.Since(begun)
}

// ready is the Ready condition's reason and message of the Fleet.
func (f *testFleet) ready() string {
	var fl v1alpha1.Fleet
	if err := f.box.mgmt.Get(context.Background(), client.ObjectKey{Namespace: f.namespace, Name: "fleet"}, &fl); err != nil {
		return err.Error()
	}
	for _, c := range fl.Status.Conditions {
		if c.Type == v1alpha1.ConditionReady {
			return c.Reason + ": " + c.Message
		}
	}
	return "nothing"
}

// says waits until the Fleet's Ready condition has all the words.
func (f *testFleet) says(words ...string) string {
	f.t.Helper()
	var said string
	eventually(f.t, "the Fleet to say why", func() error {
		said = f.ready()
		return hasWords(said, words)
	})
	return said
}

// tierSays waits until a Tier's Ready condition or reason has all the words.
func (f *testFleet) tierSays(name string, words ...string) string {
	f.t.Helper()
	var said string
	eventually(f.t, "Tier "+name+" to say why", func() error {
		t, err := f.tier(name)
		if err != nil {
			return err
		}
		said = fmt.Sprintf("%s: %s", t.Status.Phase, t.Status.Reason)
		for _, c := range t.Status.Conditions {
			said += fmt.Sprintf("\n%s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message)
		}
		return hasWords(said, words)
	})
	return said
}

func hasWords(said string, words []string) error {
	for _, word := range words {
		if !strings.Contains(said, word) {
			return fmt.Errorf("%q is not in what it says: %s", word, said)
		}
	}
	return nil
}

// checkHistory holds the tier branches against the rules that nothing may break: every release
// that a tier ran was on the tier below before, in the same order; no merge; and no release twice,
// but for those of apps commits that a person brought back.
func (f *testFleet) checkHistory(broughtBack ...string) (climbed int) {
	f.t.Helper()
	var below []string
	for i, tier := range f.tiers {
		branch := f.branch(tier)
		if _, err := tryGit(f.system, nil, "rev-parse", "--verify", "--quiet", branch); err != nil {
			continue // it has not come so far
		}
		list := slices.Compact(append(slices.Clone(f.lost[branch]), releases(f.t, f.system, branch)...))
		if merges := git(f.t, f.system, "rev-list", "--merges", branch); merges != "" {
			f.t.Errorf("history of %s is not linear: %s", branch, merges)
		}
		for n, release := range list {
			apps, _, _ := strings.Cut(release, " ")
			if slices.Contains(list[:n], release) && !slices.Contains(broughtBack, apps) {
				f.t.Errorf("%s ran %s twice:\n%s", branch, release, strings.Join(list, "\n"))
			}
		}
		if i > 0 && !isSubsequence(list, below) {
			f.t.Errorf("%s ran what the tier below did not, or in another order:\n%s\nbelow:\n%s",
				branch, strings.Join(list, "\n"), strings.Join(below, "\n"))
		}
		below, climbed = list, len(list)
	}
	return climbed
}

func isSubsequence(list, of []string) bool {
	at := 0
	for _, item := range list {
		next := slices.Index(of[at:], item)
		if next < 0 {
			return false
		}
		at += next + 1
	}
	return true
}
