package system

import (
	"fmt"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/render"
)

// Actor is who the controller says it is, in the trailer that tells its commits from people's.
const Actor = "shopset-controller"

// Branch is a branch of the system repository.
type Branch struct {
	// Head is its commit; empty if there is no such branch.
	Head string
	// Files by path, the gitlink base left out.
	Files map[string]render.Blob
	// Routes says that the branch holds routing tables. Their files are not among Files: whoever
	// places shops writes them, and nobody here.
	Routes bool
}

// Tier is what Git and the clusters hold of one tier. Its release.Tier needs only the facts;
// what the Tier object says is filled in here.
type Tier struct {
	Branch Branch
	Facts  release.Tier
	// Judged are the ShopSets by name.
	Judged map[string]release.ShopSet
}

// Input is the whole world of the planner. Objects are those of one fleet, Fleet the one that
// rules it. Tiers are by name.
type Input struct {
	Now     time.Time
	Fleet   *v1alpha1.Fleet
	Objects convention.Objects
	// SubmoduleURL is where the apps repository is, seen from the system repository.
	SubmoduleURL string
	// Additions are further files of platform/.
	Additions map[string][]byte
	Main      Branch
	Tiers     map[string]Tier
	// Holding counts the placement groups for which the routing table in Main, of epoch Epoch, names a
	// ShopSet, and RoutesProblem says why that cannot be known, if so. They matter for ShopSets that
	// are being deleted: they stay as long as they may be serving shops.
	Holding       map[string]int
	Epoch         int64
	RoutesProblem string
	// Apps is the head of the lowest tier's apps branch with its tree, and AppsProblem why it
	// cannot be released, if so.
	Apps, AppsTree, AppsProblem string
	// Settings and Configurations tell what is in platform and configurations trees, by tree id.
	Settings       map[string]render.Settings
	Configurations map[string][]string
	// Overlays remembers rendered overlays; see Memo. It may be nil.
	Overlays *Memo
}

// EdgesBehind says that edges still use an older routing table than the one in Main; empty if none
// is known to.
func (in *Input) EdgesBehind() string {
	r := in.Fleet.Status.Routes
	if r == nil || r.EdgesEpoch == 0 || r.EdgesEpoch >= in.Epoch {
		return ""
	}
	return fmt.Sprintf("edges still use routing table %d and not yet table %d", r.EdgesEpoch, in.Epoch)
}

// Commit is one commit to be made and pushed.
type Commit struct {
	Branch string
	// Parent is the head it is built on; empty makes the branch.
	Parent string
	// Tier is the Tier's name, empty for branch main.
	Tier string
	// Entry is set when the commit lets a release in. Trees are then to be set as they are.
	Entry    *release.Entry
	SetTrees bool
	// Changes to single files.
	Changes  []render.Change
	Subject  string
	Body     string
	Trailers [][2]string
}

// Note is what the plan has to say about one ShopSet.
type Note struct {
	// Waiting says why it is not rendered as it shall be; empty if it is.
	Waiting string
	// Edited names files that a person changed, and Removed those a person removed.
	Edited, Removed []string
	// Rendered are the digests to remember.
	Rendered map[string]string
}

// Plan is what to do and what to tell.
type Plan struct {
	Findings []convention.Finding
	Release  release.Plan
	// Levels are the names of the Tiers that take part, the lowest first.
	Levels  []string
	Commits []Commit
	Notes   map[string]Note
	// Target is what the lowest tier shall run; nil if that cannot be known.
	Target *release.Release
	// Unmanaged lists folders in Git that look like a ShopSet's and have no object.
	Unmanaged []string
	// Gone lists objects that are being deleted and are out of Git, as "Kind/name".
	Gone []string
}
