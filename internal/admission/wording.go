package admission

import (
	"fmt"
	"strings"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
)

const (
	// mostUsers and mostReasons keep an answer readable in a terminal.
	mostUsers   = 10
	mostReasons = 10
)

// reasonsOf gives the messages of the findings on the changed object; those on other objects
// only if there are none: two ends of one mistake need not be told twice.
func reasonsOf(found []convention.Finding, kind, name string) []string {
	var own, others []string
	for _, f := range found {
		if f.Kind == kind && f.Name == name {
			own = append(own, f.Message)
		} else {
			others = append(others, f.Message)
		}
	}
	if len(own) > 0 {
		return own
	}
	return others
}

// sentence joins reasons into one answer.
func sentence(reasons []string) string {
	if more := len(reasons) - mostReasons; more > 0 {
		reasons = append(reasons[:mostReasons:mostReasons], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(reasons, "\n")
}

// inUse words the refusal to delete what others name: some of them by name, and how many there are.
func inUse(kind, name string, users []string, total int) string {
	more := ""
	users = users[:min(len(users), mostUsers)]
	if n := total - len(users); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("%s %s cannot be deleted: it is in use by %s%s; %s",
		kind, name, strings.Join(users, ", "), more, nextStep(kind))
}

func nextStep(kind string) string {
	switch kind {
	case convention.KindTier, convention.KindConfiguration:
		return "let them name another " + kind + ", or delete them, and wait until they are gone"
	case convention.KindFailureDomain, convention.KindShopClass:
		return "let them name another " + kind + ", or delete them"
	case convention.KindShopSet:
		return "pin them to another ShopSet or to none, and wait until they are served there"
	default:
		return "delete them and wait until they are gone; without it nobody could take them out of Git"
	}
}

// underWay words the refusal to delete a maintenance that has moved something.
func underWay(m *v1alpha1.ClusterMaintenance) []string {
	if m.Status.Before == "" || convention.MaintenanceFinished(m) {
		return nil
	}
	return []string{fmt.Sprintf("ClusterMaintenance %s cannot be deleted: it is %s, and only it knows what it has moved; "+
		"set its spec.goal to Return or Abort and wait until it has ended", m.Name, m.Status.Phase)}
}
