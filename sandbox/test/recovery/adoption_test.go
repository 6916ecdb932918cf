package recovery

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/sandbox/internal/demo/command"
	"shopset.dev/shopset/sandbox/internal/demo/runbook"
)

// TestAdoption changes all that a person may change while no controller runs, and starts one:
// it takes what it finds, reverts nothing, repeats nothing, and says what it found.
func TestAdoption(t *testing.T) {
	// The ShopSet of the topmost tier is the one that a person removes.
	f := newFleet(t, "adoption", fleetOptions{tiers: append(append([]string{}, ladder...), "attic")})
	c := newController(t, f.box)
	c.start()
	first := f.work.git("rev-parse", "HEAD")
	f.proven(first)
	second := f.merge()
	f.proven(second)
	// Each goes on from where the one before left off.
	for _, part := range []struct {
		name string
		test func()
	}{
		{"rolled back, edited, removed and added by hand", func() { f.changedByHand(c, first) }},
		{"promoted by hand, as the procedure says", func() { f.promotedByHand(c) }},
		{"apps branch moved by a pull request", func() { f.mergedByHand(c) }},
	} {
		if !t.Run(part.name, func(t *testing.T) { f.in(t); part.test() }) {
			return
		}
	}
}

// changedByHand makes four changes in the system repository, one for each tier.
func (f *testFleet) changedByHand(c *controller, first string) {
	f.t.Helper()
	c.stop()
	person := newClone(f.t, f.system)
	// A guest: an overlay on the lowest tier and its Application, without any object.
	person.checkout("tier-0")
	person.write("overlays/guest/kustomization.yaml", f.asGuest(person.git("show", "HEAD:overlays/dev/kustomization.yaml")))
	person.push("Add a guest", "tier-0")
	// An edited overlay.
	person.checkout("tier-1")
	person.write("overlays/beta/kustomization.yaml", person.git("show", "HEAD:overlays/beta/kustomization.yaml")+"\ncommonAnnotations:\n  edited: by-hand\n")
	person.push("Edit beta", "tier-1")
	// A tier rolled back.
	person.checkout("tier-2")
	then := git(f.t, f.system, "log", "--format=%H", "--grep=^Release "+first[:8], "tier-2")
	person.git("restore", "--source", then, "--staged", "--worktree", "--", "base", "configurations", "platform")
	person.git("commit", "--quiet", "--message", "Roll prod back")
	person.git("push", "--quiet", "origin", "HEAD:refs/heads/tier-2")
	// A ShopSet removed.
	person.checkout("tier-3")
	person.git("rm", "--quiet", "-r", "overlays/attic")
	person.push("Remove the attic", "tier-3")
	person.checkout("main")
	person.git("rm", "--quiet", "argocd/"+cluster+"/attic.yaml")
	person.write("argocd/"+cluster+"/guest.yaml", f.asGuest(person.git("show", "HEAD:argocd/"+cluster+"/dev.yaml")))
	person.push("Remove the attic, add a guest", "main")
	for _, app := range []string{"root", "beta", "prod"} {
		f.refresh(app)
	}
	f.served(1, "prod")
	f.served(2, "guest", "beta")

	apps, system := heads(f.t, f.apps), heads(f.t, f.system)
	c.start()
	f.tierSays("prod", aPerson, "by hand", "it stays until something newer is proven on beta")
	f.shopSetSays("beta", "HandEdited=True", "overlays/beta/kustomization.yaml", "kept")
	f.shopSetSays("attic", "RemovedByHand", "overlays/attic/kustomization.yaml", "delete this ShopSet, or change its spec")
	f.unmanaged("tier-0:overlays/guest")
	f.promotedBy(aPerson, "prod", first)
	f.unmoved(apps, system)
	f.served(1, "prod")
	f.served(2, "guest", "beta", "dev")
}

// asGuest turns a file about the ShopSet dev into one about a guest.
func (f *testFleet) asGuest(content string) string {
	return strings.NewReplacer(
		f.prefix+"dev", f.prefix+"guest", "overlays/dev", "overlays/guest", "/shopset: dev", "/shopset: guest", "-dev\n", "-guest\n",
	).Replace(content) + "\n"
}

// promotedByHand follows docs/by-hand/promote.md to the letter for the two lowest tiers.
func (f *testFleet) promotedByHand(c *controller) {
	f.t.Helper()
	c.stop()
	commit := f.merge()
	page, err := runbook.Read(filepath.Join(f.box.root, "docs", "by-hand", "promote.md"))
	if err != nil {
		f.t.Fatal(err)
	}
	shell := f.shell()
	for _, title := range []string{runbook.PromoteEnter, runbook.PromoteSee, runbook.PromoteCarry} {
		section, err := page.Section(title)
		if err != nil {
			f.t.Fatal(err)
		}
		if out, err := section.Run(context.Background(), shell); err != nil {
			f.t.Fatalf("%v\n%s", err, out)
		}
	}
	f.served(f.spent, "dev", "beta")
	apps, system := heads(f.t, f.apps), heads(f.t, f.system)
	begun := time.Now()
	c.start()
	f.proven(commit, "dev", "beta")
	f.proven(commit, "prod") // it is newer than what prod was rolled back from
	f.t.Logf("measured: the controller carried on to the third tier %.1f s after its start", time.Since(begun).Seconds())
	f.promotedBy(aPerson, "dev", commit)
	f.promotedBy(aPerson, "beta", commit)
	f.promotedBy("shopset-controller", "prod", commit)
	for _, branch := range []string{"tier-2", "tier-3"} { // the controller's own, from here on
		delete(system, branch)
		delete(apps, branch)
	}
	f.unmoved(apps, system)
	f.shopSetSays("beta", "HandEdited=True")
}

// shell is what the procedure asks for.
func (f *testFleet) shell() command.Runner {
	r := f.rival() // whose way in is HTTP
	return command.Runner{Dir: f.t.TempDir(), Env: append(append(plainGit(), r.env[:3]...),
		"PATH="+f.box.parts+string(os.PathListSeparator)+os.Getenv("PATH"), "KUBECONFIG="+f.box.kubeconfig(),
		"APPS_URL="+f.host.url("apps"), "SYSTEM_URL="+f.host.url("system"), "FLEET="+f.namespace,
		"FROM=tier-0", "FROM_TIER=dev", "TO=tier-1", "TO_TIER=beta",
	)}
}

// mergedByHand carries a proven commit up with a pull request, which makes a merge commit.
func (f *testFleet) mergedByHand(c *controller) {
	f.t.Helper()
	f.hold("beta", "a pull request is wanted")
	commit := f.merge()
	f.proven(commit, "dev")
	c.stop()
	f.hold("beta", "")
	f.work.git("fetch", "--quiet", "origin")
	f.work.git("checkout", "--quiet", "-B", "request", "origin/tier-1")
	f.work.git("merge", "--quiet", "--no-ff", "--message", "Merge tier-0 into tier-1", "origin/tier-0")
	merged := f.work.git("rev-parse", "HEAD")
	f.work.git("push", "--quiet", "origin", "HEAD:refs/heads/tier-1")
	before := heads(f.t, f.system)["tier-0"]
	c.start()
	f.proven(merged, "beta", "prod")
	f.tierSays("beta", "Ready=True")
	if t := f.mustTier("beta"); hasWords(fmt.Sprint(t.Status.Conditions), []string{"OrderViolated"}) == nil {
		f.t.Errorf("the merge commit of a proven tree counts as a violation: %+v", t.Status.Conditions)
	}
	apps := heads(f.t, f.apps)
	want := map[string]string{"tier-0": commit, "tier-1": merged, "tier-2": merged}
	got := map[string]string{"tier-0": apps["tier-0"], "tier-1": apps["tier-1"], "tier-2": apps["tier-2"]}
	if diff := cmp.Diff(want, got); diff != "" {
		f.t.Errorf("apps branches (-want +got):\n%s", diff)
	}
	if now := heads(f.t, f.system)["tier-0"]; now != before {
		f.t.Errorf("tier-0 moved from %.8s to %.8s", before, now)
	}
}

// shopSetSays waits until a ShopSet's conditions have all the words.
func (f *testFleet) shopSetSays(name string, words ...string) {
	f.t.Helper()
	eventually(f.t, "ShopSet "+name+" to say so", func() error {
		var s v1alpha1.ShopSet
		if err := f.box.mgmt.Get(context.Background(), client.ObjectKey{Namespace: f.namespace, Name: name}, &s); err != nil {
			return err
		}
		var said strings.Builder
		for _, c := range s.Status.Conditions {
			fmt.Fprintf(&said, "%s=%s %s: %s\n", c.Type, c.Status, c.Reason, c.Message)
		}
		return hasWords(said.String(), words)
	})
}

func (f *testFleet) unmanaged(want ...string) {
	f.t.Helper()
	eventually(f.t, "the Fleet to list what has no object", func() error {
		var fl v1alpha1.Fleet
		if err := f.box.mgmt.Get(context.Background(), client.ObjectKey{Namespace: f.namespace, Name: "fleet"}, &fl); err != nil {
			return err
		}
		if diff := cmp.Diff(want, fl.Status.Unmanaged); diff != "" {
			return fmt.Errorf("unmanaged (-want +got):\n%s", diff)
		}
		return nil
	})
}

// promotedBy waits for the record that somebody brought an apps commit to a tier.
func (f *testFleet) promotedBy(actor, tier, apps string) {
	f.t.Helper()
	eventually(f.t, fmt.Sprintf("the record of %s by %s", tier, actor), func() error {
		var list v1alpha1.PromotionList
		if err := f.box.mgmt.List(context.Background(), &list, client.InNamespace(f.namespace)); err != nil {
			return err
		}
		for i := range list.Items {
			st := list.Items[i].Status
			if list.Items[i].Spec.Tier == tier && st.Release != nil && string(st.Release.Apps) == apps && st.Actor == actor {
				return nil
			}
		}
		return fmt.Errorf("there is none among %d", len(list.Items))
	})
}

// unmoved makes sure that branches stay where they were, for some polls at least.
func (f *testFleet) unmoved(apps, system map[string]string) {
	f.t.Helper()
	time.Sleep(3 * f.poll)
	for bare, before := range map[string]map[string]string{f.apps: apps, f.system: system} {
		now := heads(f.t, bare)
		for branch := range now {
			if before[branch] == "" {
				delete(now, branch)
			}
		}
		if diff := cmp.Diff(before, now); diff != "" {
			f.t.Errorf("branches of %s moved (-before +after):\n%s", filepath.Base(bare), diff)
		}
	}
}
