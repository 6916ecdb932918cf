package status

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/duration"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
)

// view is what the API server says of a fleet. Its JSON is what `-o json` prints.
type view struct {
	Namespace string       `json:"namespace"`
	Fleet     string       `json:"fleet"`
	Tiers     []tierRow    `json:"tiers"`
	ShopSets  []shopSetRow `json:"shopSets"`
	// fleetProblem is what keeps the fleet from being Ready.
	fleetProblem string
}

// tierRow is one tier.
type tierRow struct {
	Tier    string `json:"tier"`
	Level   int32  `json:"level"`
	Release string `json:"release,omitempty"`
	Phase   string `json:"phase,omitempty"`
	Live    string `json:"live,omitempty"`
	// Since is when the release entered the tier.
	Since  *time.Time `json:"since,omitempty"`
	Reason string     `json:"reason,omitempty"`
	Queued string     `json:"queued,omitempty"`
	Branch string     `json:"branch,omitempty"`
	// OrderViolated says which commit broke the order of tiers.
	OrderViolated string `json:"orderViolated,omitempty"`
}

// shopSetRow is one ShopSet.
type shopSetRow struct {
	ShopSet       string `json:"shopSet"`
	Tier          string `json:"tier"`
	Configuration string `json:"configuration"`
	Cluster       string `json:"cluster"`
	Release       string `json:"release,omitempty"`
	Health        string `json:"health,omitempty"`
	Live          bool   `json:"live"`
	Reason        string `json:"reason,omitempty"`
}

// gather makes a view of the objects that list gives; found is false without a Fleet.
func gather(list func(client.ObjectList) error, namespace string) (v view, found bool, err error) {
	var fleets v1alpha1.FleetList
	var tiers v1alpha1.TierList
	var shopSets v1alpha1.ShopSetList
	for _, kind := range []client.ObjectList{&fleets, &tiers, &shopSets} {
		if err := list(kind); err != nil {
			return view{}, false, err
		}
	}
	fleet, found := convention.EffectiveFleet(fleets.Items)
	fleet.Namespace = namespace
	v = makeView(&fleet, tiers.Items, shopSets.Items)
	if !found {
		v.fleetProblem = fmt.Sprintf("namespace %s has no Fleet any more", namespace)
	}
	return v, found, nil
}

// makeView orders tiers from the lowest up, and ShopSets by tier and name.
func makeView(fleet *v1alpha1.Fleet, tiers []v1alpha1.Tier, shopSets []v1alpha1.ShopSet) view {
	v := view{Namespace: fleet.Namespace, Fleet: fleet.Name, Tiers: []tierRow{}, ShopSets: []shopSetRow{}}
	if c := meta.FindStatusCondition(fleet.Status.Conditions, v1alpha1.ConditionReady); c != nil && c.Status != "True" {
		v.fleetProblem = fmt.Sprintf("Fleet %s is not Ready: %s", fleet.Name, c.Message)
	}
	level := map[string]int32{}
	for i := range tiers {
		level[tiers[i].Name] = tiers[i].Spec.Level
		v.Tiers = append(v.Tiers, makeTier(&tiers[i]))
	}
	slices.SortFunc(v.Tiers, func(a, b tierRow) int { return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Tier, b.Tier)) })
	for i := range shopSets {
		v.ShopSets = append(v.ShopSets, makeShopSet(&shopSets[i]))
	}
	slices.SortFunc(v.ShopSets, func(a, b shopSetRow) int {
		return cmp.Or(cmp.Compare(level[a.Tier], level[b.Tier]), cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.ShopSet, b.ShopSet))
	})
	return v
}

func makeTier(t *v1alpha1.Tier) tierRow {
	r := tierRow{
		Tier: t.Name, Level: t.Spec.Level, Release: t.Status.ShortRelease, Phase: string(t.Status.Phase), Live: t.Status.Live,
		Reason: t.Status.Reason, Queued: t.Status.Queued, Branch: t.Status.Branch,
	}
	if t.Status.Since != nil {
		at := t.Status.Since.UTC()
		r.Since = &at
	}
	if c := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionOrderViolated); c != nil && c.Status == "True" {
		r.OrderViolated = cmp.Or(c.Message, c.Reason, "yes")
	}
	return r
}

func makeShopSet(s *v1alpha1.ShopSet) shopSetRow {
	r := shopSetRow{
		ShopSet: s.Name, Tier: s.Spec.Tier, Configuration: s.Spec.Configuration, Cluster: s.Spec.Cluster,
		Release: s.Status.Release, Health: s.Status.Health, Live: s.Status.Live,
	}
	if c := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		r.Reason = c.Message
	}
	return r
}

// unhealthy says in one sentence what is wrong with the tiers; empty if nothing is.
func (v view) unhealthy() string {
	for _, t := range v.Tiers {
		switch {
		case t.OrderViolated != "":
			return fmt.Sprintf("tier %s violates the order of tiers: %s", t.Tier, t.OrderViolated)
		case t.Phase == string(v1alpha1.TierDegraded), t.Phase == string(v1alpha1.TierBlocked):
			return fmt.Sprintf("tier %s is %s: %s", t.Tier, t.Phase, t.Reason)
		}
	}
	return ""
}

// notes are messages beside the data.
func (v view) notes() []string {
	var out []string
	if v.fleetProblem != "" {
		out = append(out, v.fleetProblem)
	}
	if len(v.Tiers) == 0 {
		out = append(out, fmt.Sprintf("namespace %s has no Tier yet: kubectl explain tier.spec", v.Namespace))
	}
	for _, t := range v.Tiers {
		if t.Phase == "" {
			out = append(out, fmt.Sprintf("no controller has looked at tier %s yet: kubectl get pods -A -l app.kubernetes.io/name=shopset", t.Tier))
			break
		}
	}
	return out
}

// age writes how long ago something was, as kubectl does.
func age(at *time.Time, now time.Time) string {
	if at == nil {
		return ""
	}
	return duration.HumanDuration(max(0, now.Sub(*at)))
}
