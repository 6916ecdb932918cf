package system

import (
	"fmt"
	"path"
	"strings"
	"time"

	"shopset.dev/shopset/internal/plan/release"
)

// Trailer keys of our commits. They are enough to tell the history of a tier from Git alone.
const (
	TrailerActor       = "ShopSet-Actor"
	TrailerRelease     = "ShopSet-Release"
	TrailerTier        = "ShopSet-Tier"
	TrailerFromTier    = "ShopSet-From-Tier"
	TrailerReason      = "ShopSet-Reason"
	TrailerEvidence    = "ShopSet-Evidence"
	TrailerGatesPassed = "ShopSet-Gates-Passed"
	TrailerRequest     = "ShopSet-Request"
)

// ReleaseText writes a release on one line, as in the trailer.
func ReleaseText(r release.Release) string {
	return fmt.Sprintf("apps=%s configurations=%s platform=%s", r.Apps, r.Configurations, r.Platform)
}

// describe writes a commit's message and trailers.
func describe(c *Commit, now time.Time) {
	if c.Entry == nil {
		describeContent(c)
		return
	}
	e := c.Entry
	c.Subject = fmt.Sprintf("Release %s to %s", e.Release.Apps.Short(), e.To)
	c.Body = strings.ToUpper(e.Reason[:1]) + e.Reason[1:] + "."
	add := func(key, value string) {
		if value != "" {
			c.Trailers = append(c.Trailers, [2]string{key, strings.Join(strings.Fields(value), " ")})
		}
	}
	add(TrailerRelease, ReleaseText(e.Release))
	add(TrailerTier, e.To)
	add(TrailerFromTier, e.From)
	add(TrailerReason, e.Reason)
	for _, ev := range e.Evidence {
		add(TrailerEvidence, ev)
	}
	add(TrailerRequest, e.Request)
	add(TrailerGatesPassed, now.UTC().Format(time.RFC3339Nano))
	add(TrailerActor, Actor)
}

// describeContent describes a commit that leaves the release as it is.
func describeContent(c *Commit) {
	var names []string
	seen := map[string]bool{}
	for _, ch := range c.Changes {
		name := path.Base(path.Dir(ch.Path))
		if c.Tier == "" {
			name = strings.TrimSuffix(strings.TrimPrefix(ch.Path, "argocd/"), ".yaml")
		}
		if !seen[name] && name != "." {
			seen[name] = true
			names = append(names, name)
		}
	}
	const most = 5
	what := strings.Join(names[:min(most, len(names))], ", ")
	if len(names) > most {
		what += fmt.Sprintf(" and %d more", len(names)-most)
	}
	if what == "" {
		what = "the branch"
	}
	c.Subject = "Render " + what
	c.Body = "The objects of the fleet changed; what the tiers run did not."
	if c.Tier != "" {
		c.Trailers = append(c.Trailers, [2]string{TrailerTier, c.Tier})
	}
	c.Trailers = append(c.Trailers, [2]string{TrailerReason, "objects changed"}, [2]string{TrailerActor, Actor})
}
