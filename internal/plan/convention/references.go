package convention

import (
	"fmt"

	"shopset.dev/shopset/api/v1alpha1"
)

// missing words the finding that a field names an object that does not exist.
func missing(kind, name, field, wantKind, want string, have map[string]bool) Finding {
	next := fmt.Sprintf("create the %s", wantKind)
	if len(have) > 0 {
		next += " or name one that exists: " + listed(have)
	}
	problem := fmt.Sprintf("there is no %s %q", wantKind, want)
	return newFinding(kind, name, field, CodeMissingReference, problem, next)
}

func shopSetReferences(o Objects) []Finding {
	tiers, configurations, clusters := names(o.Tiers), names(o.Configurations), names(o.WorkloadClusters)
	var found []Finding
	for _, s := range o.ShopSets {
		if !tiers[s.Spec.Tier] {
			found = append(found, missing(KindShopSet, s.Name, "spec.tier", KindTier, s.Spec.Tier, tiers))
		}
		if !configurations[s.Spec.Configuration] {
			found = append(found, missing(KindShopSet, s.Name, "spec.configuration",
				KindConfiguration, s.Spec.Configuration, configurations))
		}
		if !clusters[s.Spec.Cluster] {
			found = append(found, missing(KindShopSet, s.Name, "spec.cluster",
				KindWorkloadCluster, s.Spec.Cluster, clusters))
		}
	}
	return found
}

func clusterReferences(o Objects) []Finding {
	domains := names(o.FailureDomains)
	var found []Finding
	for _, c := range o.WorkloadClusters {
		if !domains[c.Spec.FailureDomain] {
			found = append(found, missing(KindWorkloadCluster, c.Name, "spec.failureDomain",
				KindFailureDomain, c.Spec.FailureDomain, domains))
		}
	}
	return found
}

// promotionReferences looks at Promotions that are still to be carried out only: a finished
// one is a record, and outlives its Tier.
func promotionReferences(o Objects) []Finding {
	tiers := names(o.Tiers)
	var found []Finding
	for _, p := range o.Promotions {
		if !finished(p) && !tiers[p.Spec.Tier] {
			found = append(found, missing(KindPromotion, p.Name, "spec.tier", KindTier, p.Spec.Tier, tiers))
		}
	}
	return found
}

func finished(p v1alpha1.Promotion) bool {
	switch p.Status.Phase {
	case v1alpha1.PromotionProven, v1alpha1.PromotionFailed,
		v1alpha1.PromotionSuperseded, v1alpha1.PromotionRefused:
		return true
	default:
		return false
	}
}

func tierLevels(o Objects) []Finding {
	first := make(map[int32]string, len(o.Tiers))
	var found []Finding
	for _, t := range o.Tiers {
		older, taken := first[t.Spec.Level]
		if !taken {
			first[t.Spec.Level] = t.Name
			continue
		}
		found = append(found, newFinding(KindTier, t.Name, "spec.level", CodeDuplicateLevel,
			fmt.Sprintf("level %d belongs to the older Tier %s", t.Spec.Level, older),
			"delete this Tier and create it with a level of its own"))
	}
	return found
}

func argoCDClusters(o Objects) []Finding {
	first := make(map[string]string, len(o.WorkloadClusters))
	var found []Finding
	for _, c := range o.WorkloadClusters {
		field, name := "spec.argocdCluster", c.Spec.ArgoCDCluster
		if name == "" {
			field, name = "metadata.name", c.Name
		}
		older, taken := first[name]
		if !taken {
			first[name] = c.Name
			continue
		}
		found = append(found, newFinding(KindWorkloadCluster, c.Name, field, CodeDuplicateArgoCDCluster,
			fmt.Sprintf("Argo CD's cluster %q is already the older WorkloadCluster %s", name, older),
			"set spec.argocdCluster to this cluster's own name in Argo CD, or use that WorkloadCluster"))
	}
	return found
}
