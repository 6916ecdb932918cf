package convention

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"shopset.dev/shopset/api/v1alpha1"
)

func secondFleets(o Objects) []Finding {
	var found []Finding
	for i, f := range o.Fleets {
		if i == 0 {
			continue
		}
		found = append(found, newFinding(KindFleet, f.Name, "metadata.namespace", CodeSecondFleet,
			fmt.Sprintf("the namespace already holds the older Fleet %s, and one namespace is one fleet", o.Fleets[0].Name),
			"delete this Fleet, or create it in a namespace of its own"))
	}
	return found
}

func namespaceLabels(o Objects) []Finding {
	var found []Finding
	for _, f := range o.Fleets {
		for _, key := range slices.Sorted(maps.Keys(f.Spec.NamespaceLabels)) {
			one := map[string]string{key: f.Spec.NamespaceLabels[key]}
			errs := metav1validation.ValidateLabels(one, field.NewPath("spec", "namespaceLabels"))
			if len(errs) == 0 {
				continue
			}
			found = append(found, newFinding(KindFleet, f.Name, fmt.Sprintf("spec.namespaceLabels[%s]", key),
				CodeInvalidLabel, "not a label that a namespace can carry: "+errs[0].Detail,
				"correct or remove it"))
		}
	}
	return found
}

// FleetFindings gives the broken rules among Fleets and ShopSets of all namespaces, as far
// as they concern more than one namespace: what would have two owners in Argo CD or in Git.
func FleetFindings(fleets []v1alpha1.Fleet, shopSets []v1alpha1.ShopSet) []Finding {
	fleets = oldestFirst(fleets)
	found := clashingFleets(fleets)
	found = append(found, clashingApplications(fleets, oldestFirst(shopSets))...)
	return ordered(found)
}

func clashingFleets(fleets []v1alpha1.Fleet) []Finding {
	type names struct{ argocd, prefix string }
	firstNames := make(map[names]v1alpha1.Fleet)
	firstSystem := make(map[string]v1alpha1.Fleet)
	var found []Finding
	for _, f := range fleets {
		n := names{f.Spec.ArgoCD.Namespace, f.Spec.NamePrefix}
		if older, taken := firstNames[n]; !taken {
			firstNames[n] = f
		} else if older.Namespace != f.Namespace {
			found = append(found, newFinding(KindFleet, f.Name, "spec.namePrefix", CodeFleetClash,
				fmt.Sprintf("the older Fleet %s/%s has the same namePrefix %q in the same Argo CD namespace %s, "+
					"so their Applications would have the same names", older.Namespace, older.Name, n.prefix, n.argocd),
				"create this Fleet with a namePrefix of its own"))
		}
		repository := repositoryKey(f.Spec.System.URL)
		if older, taken := firstSystem[repository]; !taken {
			firstSystem[repository] = f
		} else if older.Namespace != f.Namespace {
			found = append(found, newFinding(KindFleet, f.Name, "spec.system.url", CodeFleetClash,
				fmt.Sprintf("the older Fleet %s/%s writes the same system repository", older.Namespace, older.Name),
				"give this Fleet a system repository of its own"))
		}
	}
	return found
}

// repositoryKey makes spellings of one repository equal.
func repositoryKey(url string) string {
	return strings.TrimSuffix(strings.TrimRight(url, "/"), ".git")
}

// clashingApplications finds prefixes that differ and names that are the same all the same:
// "a-" and "b-1" against "a-b-" and "1".
func clashingApplications(fleets []v1alpha1.Fleet, shopSets []v1alpha1.ShopSet) []Finding {
	ruling := make(map[string]v1alpha1.Fleet, len(fleets))
	for _, f := range fleets {
		if _, known := ruling[f.Namespace]; !known {
			ruling[f.Namespace] = f
		}
	}
	type application struct{ argocd, name string }
	first := make(map[application]v1alpha1.ShopSet, len(shopSets))
	var found []Finding
	for _, s := range shopSets {
		fleet, ok := ruling[s.Namespace]
		if !ok {
			continue
		}
		app := application{fleet.Spec.ArgoCD.Namespace, fleet.Spec.NamePrefix + s.Name}
		older, taken := first[app]
		if !taken {
			first[app] = s
			continue
		}
		found = append(found, newFinding(KindShopSet, s.Name, "metadata.name", CodeFleetClash,
			fmt.Sprintf("its Application %s/%s belongs to the older ShopSet %s/%s of another fleet",
				app.argocd, app.name, older.Namespace, older.Name),
			"create the ShopSet under another name"))
	}
	return found
}
