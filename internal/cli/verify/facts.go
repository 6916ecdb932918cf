package verify

import (
	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/render"
)

// facts are all that the checks look at.
type facts struct {
	// tiers, lowest first.
	tiers []tier
	main  branch
	// appsComplete says that an apps commit which is not in the clone does not exist.
	appsComplete bool
	// apps is what the user called the clone.
	apps string
	// desired is what the objects render to; nil without objects.
	desired *desired
}

// desired is the rendering of the objects that were given.
type desired struct {
	// files by branch and path.
	files map[string]map[string][]byte
	// waiting tells, by the path of its overlay, what a ShopSet waits for.
	waiting map[string]string
}

// branch is a branch of the system repository.
type branch struct {
	name  string
	files map[string]render.Blob
	// routes says that the branch holds routing tables.
	routes bool
	// edits are, by path of a file that is not as ShopSet wrote it, the commits that left it so,
	// newest first. Empty for a file that never was ShopSet's.
	edits map[string][]commit
}

// tier is one tier's branch in both repositories. Its release.Tier has the branch in Branch and,
// as Name, the Tier's name as far as the branch's commits tell it.
type tier struct {
	release.Tier
	branch
	// commits of the history, by id.
	commits map[string]gitrepo.Commit
	// appsHead describes the head of the apps branch.
	appsHead commit
	// ahead says that the apps branch is ahead of the gitlink, behind that it is behind.
	ahead, behind bool
}

// blame names the commit that began a tenure.
func (t *tier) blame(tenure *release.Tenure) []commit {
	return []commit{blamed("system", t.commits[tenure.Commit])}
}

// releases are the tiers as the planner sees them.
func (f *facts) releases() []release.Tier {
	out := make([]release.Tier, len(f.tiers))
	for i := range f.tiers {
		out[i] = f.tiers[i].Tier
	}
	return out
}
