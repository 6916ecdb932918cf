package release

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
)

var noon = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

// rel makes a release whose apps commit begins with the given letter or digit.
func rel(apps string) Release {
	return Release{Release: v1alpha1.Release{
		Apps: v1alpha1.ObjectID(strings.Repeat(apps, 40)), Configurations: "c", Platform: "p"}, AppsTree: "tree of " + apps}
}

func tenures(apps ...string) []Tenure { // newest first
	var out []Tenure
	for i, a := range apps {
		out = append(out, Tenure{Release: rel(a), Commit: "system-" + a, Actor: "shopset-controller",
			Entered: noon.Add(-time.Duration(i+1) * time.Hour)})
	}
	return out
}

func well(name string) ShopSet {
	return ShopSet{Name: name, Cluster: "cluster-" + name, AtRelease: true, Health: Healthy, HealthSince: noon.Add(-time.Minute)}
}

// tier makes a tier that runs the first of the given releases, live and healthy, with its apps
// branch in step.
func tier(name string, level int32, apps ...string) Tier {
	t := Tier{Name: name, Branch: fmt.Sprintf("tier-%d", level), Level: level, ProgressDeadline: 5 * time.Minute,
		History: tenures(apps...), ShopSets: []ShopSet{well(name)}, Since: noon.Add(-time.Hour), Contains: map[string]bool{}}
	if len(apps) > 0 {
		t.AppsHead, t.AppsHeadTree = string(rel(apps[0]).Apps), rel(apps[0]).AppsTree
	}
	for _, a := range "abcdef" {
		t.Contains[string(rel(string(a)).Apps)] = len(apps) == 0 || string(a) >= apps[0]
	}
	return t
}

func TestGateOrder(t *testing.T) {
	var names []string
	for _, g := range chain() {
		names = append(names, g.name)
	}
	if diff := cmp.Diff([]string{"hold", "live", "healthy", "soak"}, names); diff != "" {
		t.Errorf("the order of gates is part of what people read (-want +got):\n%s", diff)
	}
}

// row is what a test expects of one tier.
type row struct {
	phase  v1alpha1.TierPhase
	reason string // a part of it
	enters string // the release that enters, as its letter, with "!" when by hand
	queued string
	broken bool // order violated
}

func TestDecide(t *testing.T) {
	until := metav1.NewTime(noon.Add(time.Hour))
	past := metav1.NewTime(noon.Add(-time.Hour))
	with := func(tr Tier, change func(*Tier)) Tier { change(&tr); return tr }
	byHand := func(tr *Tier) { tr.History[0].ByHand, tr.History[0].Actor = true, "alice" }
	tests := map[string]struct {
		tiers  []Tier
		target string
		want   []row
		again  time.Duration
	}{
		"the first release enters the lowest tier only": {
			tiers: []Tier{tier("dev", 0), tier("prod", 1)}, target: "a",
			want: []row{{phase: "Empty", enters: "a"}, {phase: "Empty", reason: "first release"}},
		},
		"a proven release goes one tier up, not two": {
			tiers: []Tier{tier("dev", 0, "b", "a"), tier("beta", 1, "a"), tier("prod", 2, "a")}, target: "b",
			want: []row{{phase: "Proven"}, {phase: "Proven", enters: "b"}, {phase: "Proven"}},
		},
		"a merge enters at once while the tiers above go on": {
			tiers: []Tier{tier("dev", 0, "b", "a"), tier("prod", 1, "a")}, target: "c",
			want: []row{{phase: "Proven", enters: "c"}, {phase: "Proven", enters: "b"}},
		},
		"one candidate soaks at a time, a newer commit queues": {
			tiers:  []Tier{with(tier("dev", 0, "b", "a"), func(t *Tier) { t.Soak = time.Hour }), tier("prod", 1, "a")},
			target: "d",
			want: []row{{phase: "Soaking", reason: "soaking for 1h0m0s until 2030-01-01T12:59:00Z", queued: "d"},
				{phase: "Proven"}},
			again: 59 * time.Minute,
		},
		"the soak clock starts when the last ShopSet is healthy": {
			tiers: []Tier{with(tier("dev", 0, "b", "a"), func(t *Tier) {
				late := well("late")
				late.HealthSince = noon.Add(-time.Second)
				t.Soak, t.ShopSets = time.Minute, append(t.ShopSets, late)
			}), tier("prod", 1, "a")}, target: "b",
			want: []row{{phase: "Soaking"}, {phase: "Proven"}}, again: 59 * time.Second,
		},
		"a ShopSet on which the release changed nothing soaks from when that was seen": {
			tiers: []Tier{with(tier("dev", 0, "b", "a"), func(t *Tier) {
				t.Soak, t.Since, t.ShopSets[0].HealthSince = time.Minute, noon.Add(-2*time.Second), noon.Add(-time.Hour)
			}), tier("prod", 1, "a")}, target: "b",
			want: []row{{phase: "Soaking"}, {phase: "Proven"}}, again: time.Minute,
		},
		"healthy but not settled": {
			tiers: []Tier{with(tier("dev", 0, "b", "a"), func(t *Tier) {
				t.Settle, t.ShopSets[0].HealthSince = 10*time.Second, noon.Add(-3*time.Second)
			}), tier("prod", 1, "a")}, target: "b",
			want: []row{{phase: "Soaking", reason: "settling for 10s"}, {phase: "Proven"}}, again: 7 * time.Second,
		},
		"degraded stops the climb and lets the repair in": {
			tiers: []Tier{with(tier("dev", 0, "b", "a"), func(t *Tier) {
				t.ShopSets[0].Health, t.ShopSets[0].Why = Degraded, "Deployment api exceeded its progress deadline"
			}), tier("prod", 1, "a")}, target: "c",
			want: []row{{phase: "Degraded", reason: "Deployment api exceeded", enters: "c"}, {phase: "Proven"}},
		},
		"a degraded release loses the proof it had": {
			tiers: []Tier{with(tier("dev", 0, "b", "a"), func(t *Tier) {
				t.Proven = &Proven{Release: rel("b")}
				t.ShopSets[0].Health = Degraded
			}), tier("prod", 1, "a")}, target: "b",
			want: []row{{phase: "Degraded"}, {phase: "Proven"}},
		},
		"the old release's bad health does not count against the new one": {
			tiers: []Tier{with(tier("dev", 0, "b", "a"), func(t *Tier) {
				t.ShopSets[0] = ShopSet{Name: "c-2", Cluster: "c", Health: Degraded, Why: "still at the release before"}
				t.Since = noon.Add(-time.Second)
			})}, target: "b",
			want: []row{{phase: "Updating", reason: "live on 0 of 1 ShopSets; c-2 on c: still at"}}, again: 5*time.Minute - time.Second,
		},
		"what cannot be applied fails at once": {
			tiers: []Tier{with(tier("dev", 0, "b", "a"), func(t *Tier) {
				t.ShopSets[0] = ShopSet{Name: "c-2", Cluster: "c", Broken: true, Why: "no kustomization.yaml", Health: Healthy}
			})}, target: "c",
			want: []row{{phase: "Degraded", reason: "cannot take the release: no kustomization.yaml", enters: "c"}},
		},
		"not live in time counts as degraded": {
			tiers: []Tier{with(tier("dev", 0, "b", "a"), func(t *Tier) {
				t.ShopSets[0] = ShopSet{Name: "c-2", Cluster: "c", Health: Unknown, Why: "no answer"}
			})}, target: "c",
			want: []row{{phase: "Degraded", reason: "not live within 5m0s", enters: "c"}},
		},
		"never healthy in time counts as degraded": {
			tiers: []Tier{with(tier("dev", 0, "b", "a"), func(t *Tier) { t.ShopSets[0].Health = Progressing })}, target: "b",
			want: []row{{phase: "Degraded", reason: "not healthy within 5m0s"}},
		},
		"scaling during the soak is no failure": {
			tiers: []Tier{with(tier("dev", 0, "b", "a"), func(t *Tier) {
				t.Soak, t.HealthySince, t.ShopSets[0].Health = time.Minute, noon.Add(-time.Hour), Progressing
			})}, target: "b",
			want: []row{{phase: "Soaking", reason: "is Progressing"}},
		},
		"a proof is remembered when a newer release has taken its place": {
			tiers: []Tier{with(tier("dev", 0, "c", "b", "a"), func(t *Tier) {
				t.Proven = &Proven{Release: rel("b")}
				t.ShopSets[0].Health = Degraded
			}), tier("prod", 1, "a")}, target: "c",
			want: []row{{phase: "Degraded"}, {phase: "Proven", enters: "b"}},
		},
		"an old proof never takes a tier back": {
			tiers: []Tier{with(tier("dev", 0, "c", "b", "a"), func(t *Tier) {
				t.Proven = &Proven{Release: rel("b")}
				t.ShopSets[0].Health = Degraded
			}), tier("prod", 1, "c")}, target: "c",
			want: []row{{phase: "Degraded"}, {phase: "Proven"}},
		},
		"a tier without ShopSets is passed": {
			tiers: []Tier{with(tier("dev", 0, "b", "a"), func(t *Tier) { t.ShopSets = nil; t.Soak = time.Hour }), tier("prod", 1, "a")}, target: "b",
			want: []row{{phase: "Proven"}, {phase: "Proven", enters: "b"}},
		},
		"a hold keeps a release out": {
			tiers: []Tier{tier("dev", 0, "b", "a"), with(tier("prod", 1, "a"), func(t *Tier) {
				t.Hold = &v1alpha1.Hold{Reason: "sale", Owner: "bob", Until: &until}
			})}, target: "b",
			want: []row{{phase: "Proven"}, {phase: "Proven", reason: "tier prod is held by bob: sale (until", queued: "b"}}, again: time.Hour,
		},
		"a hold that is over holds nothing": {
			tiers: []Tier{with(tier("dev", 0, "a"), func(t *Tier) {
				t.Hold = &v1alpha1.Hold{Reason: "sale", Until: &past}
			})}, target: "b",
			want: []row{{phase: "Proven", enters: "b"}},
		},
		"a tier promoted by request waits for one": {
			tiers: []Tier{tier("dev", 0, "b", "a"), with(tier("prod", 1, "a"), func(t *Tier) { t.Manual = true })}, target: "b",
			want: []row{{phase: "Proven"}, {phase: "Proven", reason: "create a Promotion", queued: "b"}},
		},
		"a request opens the tier": {
			tiers: []Tier{tier("dev", 0, "b", "a"), with(tier("prod", 1, "a"), func(t *Tier) {
				t.Manual, t.Requests = true, []Request{{Name: "please", Apps: "bbbbbbb"}}
			})}, target: "b",
			want: []row{{phase: "Proven"}, {phase: "Proven", enters: "b"}},
		},
		"a person's roll back is not undone": {
			tiers: []Tier{tier("dev", 0, "b", "a"), with(tier("prod", 1, "a", "b", "a"), func(t *Tier) {
				byHand(t)
				t.AppsHead, t.AppsHeadTree = string(rel("b").Apps), rel("b").AppsTree
			})}, target: "b",
			want: []row{{phase: "Proven"}, {phase: "Proven", reason: "alice moved the tier away from bbbbbbbb by hand"}},
		},
		"a person's roll back ends with a newer proof": {
			tiers: []Tier{tier("dev", 0, "c", "b", "a"), with(tier("prod", 1, "a", "b", "a"), byHand)}, target: "c",
			want: []row{{phase: "Proven"}, {phase: "Proven", enters: "c"}},
		},
		"a person's roll back of the lowest tier is not undone": {
			tiers: []Tier{with(tier("dev", 0, "a", "b", "a"), byHand)}, target: "b",
			want: []row{{phase: "Proven", reason: "alice moved the tier back by hand"}},
		},
		"our own way back and forth is followed": {
			tiers: []Tier{tier("dev", 0, "a", "b", "a")}, target: "b",
			want: []row{{phase: "Proven", enters: "b"}},
		},
		"what goes back below goes back above": {
			tiers:  []Tier{tier("dev", 0, "a", "b", "a"), with(tier("prod", 1, "b", "a"), func(t *Tier) { t.Contains[string(rel("a").Apps)] = true })},
			target: "a",
			want:   []row{{phase: "Proven"}, {phase: "Proven", enters: "a"}},
		},
		"a person skipped a tier": {
			tiers: []Tier{tier("dev", 0, "b", "a"), tier("beta", 1, "a"), with(tier("prod", 2, "b", "a"), byHand)}, target: "b",
			want: []row{{phase: "Proven"}, {phase: "Proven", enters: "b"}, {phase: "Proven", broken: true, reason: "commit system-b by alice brought apps bbbbbbbb"}},
		},
		"what skipped a tier goes no higher": {
			tiers: []Tier{tier("dev", 0, "a"), with(tier("beta", 1, "b", "a"), byHand), tier("prod", 2, "a")}, target: "a",
			want: []row{{phase: "Proven"}, {phase: "Proven", broken: true}, {phase: "Proven"}},
		},
		"a merge commit with the proven tree is accepted": {
			tiers: []Tier{tier("dev", 0, "b", "a"), with(tier("prod", 1, "a"), func(t *Tier) {
				t.AppsHead, t.AppsHeadTree = string(rel("f").Apps), rel("b").AppsTree
			})}, target: "b",
			want: []row{{phase: "Proven"}, {phase: "Proven", enters: "f!"}},
		},
		"an apps branch moved to what never ran below is shown and not followed": {
			tiers: []Tier{tier("dev", 0, "b"), with(tier("prod", 1, "b"), func(t *Tier) {
				t.AppsHead, t.AppsHeadTree = string(rel("f").Apps), "new"
				t.Contains = map[string]bool{}
			})}, target: "b",
			want: []row{{phase: "Proven"}, {phase: "Proven", broken: true, reason: "apps branch tier-1 is at ffffffff"}},
		},
		"a branch that cannot be fast-forwarded is told": {
			tiers: []Tier{tier("dev", 0, "b", "a"), with(tier("prod", 1, "a"), func(t *Tier) {
				t.AppsHead, t.AppsHeadTree = string(rel("f").Apps), "new"
				t.Contains = map[string]bool{string(rel("a").Apps): true}
			})}, target: "b",
			want: []row{{phase: "Proven"}, {phase: "Proven", reason: "cannot be fast-forwarded to bbbbbbbb", queued: "b"}},
		},
		"stopped between the two pushes: the second is made": {
			tiers: []Tier{with(tier("dev", 0, "b", "a"), func(t *Tier) { t.Proven = &Proven{Release: rel("b")} }),
				with(tier("prod", 1, "a"), func(t *Tier) { t.AppsHead, t.AppsHeadTree = string(rel("b").Apps), rel("b").AppsTree })},
			target: "b",
			want:   []row{{phase: "Proven"}, {phase: "Proven", enters: "b!"}},
		},
		"a tier inserted below does not make the tier above a violator": {
			tiers:  []Tier{tier("dev", 0, "b", "a"), with(tier("new", 1, "b"), func(t *Tier) { t.History[0].Entered = noon }), tier("prod", 2, "a")},
			target: "b",
			want:   []row{{phase: "Proven"}, {phase: "Proven"}, {phase: "Proven", enters: "b"}},
		},
		"a tier that cannot be read takes no part, the others go on": {
			tiers:  []Tier{tier("dev", 0, "b", "a"), with(tier("beta", 1, "a"), func(t *Tier) { t.Blocked = "branch unreadable" }), tier("prod", 2, "a")},
			target: "c",
			want:   []row{{phase: "Proven", enters: "c"}, {phase: "Blocked", reason: "branch unreadable"}, {phase: "Proven"}},
		},
		"no target, no harm": {
			tiers: []Tier{tier("dev", 0, "b", "a"), tier("prod", 1, "a")},
			want:  []row{{phase: "Proven"}, {phase: "Proven", enters: "b"}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			in := Input{Now: noon, Tiers: tc.tiers}
			if tc.target != "" {
				r := rel(tc.target)
				in.Target = &r
			}
			p := Decide(in)
			if len(p.Verdicts) != len(tc.want) {
				t.Fatalf("%d verdicts for %d tiers", len(p.Verdicts), len(tc.want))
			}
			for i, w := range tc.want {
				v := p.Verdicts[i]
				got := row{phase: v.Phase, reason: w.reason, queued: letter(v.Queued), broken: v.Violation != ""}
				for _, e := range p.Enter {
					if e.To == v.Tier {
						got.enters = letter(string(e.Release.Apps))
						if e.ByHand {
							got.enters += "!"
						}
					}
				}
				if diff := cmp.Diff(w, got, cmp.AllowUnexported(row{})); diff != "" {
					t.Errorf("tier %s (-want +got), reason %q:\n%s", v.Tier, v.Reason, diff)
				}
				if !strings.Contains(v.Reason, w.reason) {
					t.Errorf("tier %s: reason %q lacks %q", v.Tier, v.Reason, w.reason)
				}
			}
			var again time.Duration
			if !p.Again.IsZero() {
				again = p.Again.Sub(noon)
			}
			if again != tc.again {
				t.Errorf("looks again in %s, want %s", again, tc.again)
			}
			slices.Reverse(in.Tiers)
			if diff := cmp.Diff(p, Decide(in)); diff != "" {
				t.Errorf("the order of input changes the plan:\n%s", diff)
			}
		})
	}
}

func letter(apps string) string {
	if apps == "" {
		return ""
	}
	return apps[:1]
}

func TestRequestForWhatNeverRanBelowIsRefused(t *testing.T) {
	prod := tier("prod", 1, "a")
	prod.Requests = []Request{{Name: "skip", Apps: "eeeeeee"}}
	target := rel("a")
	p := Decide(Input{Now: noon, Tiers: []Tier{tier("dev", 0, "a"), prod}, Target: &target})
	want := []Refusal{{Request: "skip", Reason: "tier dev has never run eeeeeee: no tier is skipped"}}
	if diff := cmp.Diff(want, p.Refuse); diff != "" {
		t.Errorf("refusals (-want +got):\n%s", diff)
	}
}
