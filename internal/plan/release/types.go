package release

import (
	"time"

	"shopset.dev/shopset/api/v1alpha1"
)

// Release is a release, with the tree of its apps commit: a merge commit that carries the very
// tree of a proven commit counts as that commit.
type Release struct {
	v1alpha1.Release
	AppsTree string
}

// Same tells whether two releases are the same thing, by reference or by the apps' tree.
func (r Release) Same(o Release) bool {
	return r.Configurations == o.Configurations && r.Platform == o.Platform &&
		(r.Apps == o.Apps || (r.AppsTree != "" && r.AppsTree == o.AppsTree))
}

// Tenure is the stay of a release on a tier.
type Tenure struct {
	Release
	// Commit of the system repository that began it.
	Commit  string
	Entered time.Time
	// ByHand says that somebody other than the controller made that commit; Actor says who.
	ByHand bool
	Actor  string
	// What the commit's trailers say of how it came: all empty for a person's commit without any.
	From, Request string
	Evidence      []string
	GatesPassed   time.Time
}

// Health is what Argo CD says of a ShopSet.
type Health string

// The values of Health.
const (
	Healthy     Health = "Healthy"
	Progressing Health = "Progressing"
	Degraded    Health = "Degraded"
	Missing     Health = "Missing"
	Suspended   Health = "Suspended"
	Unknown     Health = "Unknown"
)

// ShopSet is one ShopSet of a tier, judged against the tier's current release.
type ShopSet struct {
	Name, Cluster string
	// AtRelease says that the release has been applied there without error.
	AtRelease bool
	// Broken says that the release itself cannot be applied there.
	Broken bool
	Health Health
	// HealthSince is when Health last changed or the release was applied, whichever is later.
	HealthSince time.Time
	// Why says what is missing, when something is.
	Why string
	// Running is the apps commit that was last applied there, if that is known.
	Running v1alpha1.ObjectID
}

// Proven is a release that passed all gates of a tier.
type Proven struct {
	Release
	At       time.Time
	Evidence []string
}

// Request is a person's wish that a release enter a tier.
type Request struct {
	Name   string
	Apps   string // prefix of the apps commit; empty takes what is proven
	Reason string
}

// Tier is one tier as it stands.
type Tier struct {
	Name, Branch string
	Level        int32
	Manual       bool
	Hold         *v1alpha1.Hold
	Soak         time.Duration
	Settle       time.Duration
	// ProgressDeadline is how long a release may take to become live.
	ProgressDeadline time.Duration
	// Blocked says why the tier can be neither judged nor changed now; empty if it can.
	Blocked string
	// History of the tier's branch, newest first; the first one is what the tier runs.
	History []Tenure
	// AppsHead is the head of the tier's apps branch, with its tree; empty if there is no branch.
	AppsHead, AppsHeadTree string
	// Contains tells of apps commits whether AppsHead is among their ancestors (or is the commit).
	Contains map[string]bool
	ShopSets []ShopSet
	// Since is when the current release was first seen here, HealthySince when all ShopSets had
	// become live and healthy with it: both zero if not yet.
	Since, HealthySince time.Time
	// Proven is the newest release that passed all gates here.
	Proven *Proven
	// Requests for this tier, oldest first.
	Requests []Request
}

// Current is what the tier runs, nil when it has never run anything.
func (t *Tier) Current() *Tenure {
	if len(t.History) == 0 {
		return nil
	}
	return &t.History[0]
}

// held is the tier's hold if it is in force.
func (t *Tier) held(now time.Time) *v1alpha1.Hold {
	if t.Hold == nil || (t.Hold.Until != nil && !now.Before(t.Hold.Until.Time)) {
		return nil
	}
	return t.Hold
}

// tenureOf finds the newest tenure of a release, -1 if it never was here. Lower is newer.
func (t *Tier) tenureOf(r Release) int {
	for i := range t.History {
		if t.History[i].Same(r) {
			return i
		}
	}
	return -1
}

// Input is the whole world of the release planner.
type Input struct {
	Now   time.Time
	Tiers []Tier
	// Target of the lowest tier; nil when it cannot be known now.
	Target *Release
}

// Verdict is where one tier stands.
type Verdict struct {
	Tier    string
	Phase   v1alpha1.TierPhase
	Release *Release
	// Live counts the ShopSets that run the release, of Total.
	Live, Total  int
	HealthySince time.Time
	Proven       *Proven
	// Reason says in one sentence what the tier waits for.
	Reason string
	// Queued is a newer apps commit that waits to enter.
	Queued string
	// Violation says which commit broke the order of tiers; empty if none did.
	Violation string
}

// Entry lets a release into a tier.
type Entry struct {
	To, From string
	Release  Release
	// MoveApps says that the apps branch of To must be moved to the release first.
	MoveApps bool
	// ByHand says that a person moved the apps branch already, and we follow.
	ByHand   bool
	Reason   string
	Evidence []string
	// Request is the Promotion object that asked for it; empty when none had to.
	Request string
}

// Refusal answers a Request that can never be granted as it stands.
type Refusal struct {
	Request, Reason string
}

// Plan is what to do, in buckets. Verdicts and Enter are ordered from the lowest tier up.
type Plan struct {
	Verdicts []Verdict
	Enter    []Entry
	Refuse   []Refusal
	// Again is when time alone may change the plan; zero if it cannot.
	Again time.Time
}
