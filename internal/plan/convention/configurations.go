package convention

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"

	"shopset.dev/shopset/api/v1alpha1"
)

// takeOut is what to do with a secret found in a Configuration.
const takeOut = "take it out, create a Secret in the ShopSet's namespace and name it in spec.secretEnv"

// configurations looks for secret values and for what kustomize would refuse.
func configurations(o Objects) []Finding {
	var found []Finding
	for _, c := range o.Configurations {
		found = append(found, literals(c)...)
		found = append(found, secretEnvs(c)...)
		for i, p := range c.Spec.Patches {
			field := fmt.Sprintf("spec.patches[%d].patch", i)
			for _, problem := range patchProblems(p) {
				next := takeOut
				if problem.code == CodeInvalidPatch {
					next = "correct the patch; kustomize's documentation of `patches` shows both forms"
				}
				found = append(found, newFinding(KindConfiguration, c.Name, field, problem.code, problem.what, next))
			}
		}
	}
	return found
}

func literals(c v1alpha1.Configuration) []Finding {
	var found []Finding
	for _, l := range c.Spec.Literals {
		for _, key := range slices.Sorted(maps.Keys(l.Values)) {
			field := fmt.Sprintf("spec.literals[%s].values[%s]", l.ConfigMap, key)
			if errs := validation.IsConfigMapKey(key); len(errs) > 0 {
				found = append(found, newFinding(KindConfiguration, c.Name, field, CodeInvalidLiteral,
					"a ConfigMap cannot hold this key: "+errs[0], "rename the key"))
			}
			if why := secretIn(key, l.Values[key]); why != "" {
				found = append(found, newFinding(KindConfiguration, c.Name, field, CodeSecretValue, why, takeOut))
			}
		}
	}
	return found
}

// secretEnvs finds variables that are set twice: only one of the two would come through.
func secretEnvs(c v1alpha1.Configuration) []Finding {
	type variable struct{ kind, workload, container, env string }
	first := make(map[variable]int, len(c.Spec.SecretEnv))
	var found []Finding
	for i, e := range c.Spec.SecretEnv {
		v := variable{e.Kind, e.Workload, e.Container, e.Env}
		before, taken := first[v]
		if !taken {
			first[v] = i
			continue
		}
		found = append(found, newFinding(KindConfiguration, c.Name, fmt.Sprintf("spec.secretEnv[%d]", i), CodeInvalidLiteral,
			fmt.Sprintf("variable %s of container %s in %s is already set by spec.secretEnv[%d]", e.Env, e.Container, e.Workload, before),
			"keep one of the two"))
	}
	return found
}
