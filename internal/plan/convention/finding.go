package convention

import (
	"cmp"
	"fmt"
	"slices"
)

// Code names a rule, for programs; people read the message.
type Code string

// The rules.
const (
	// CodeSecondFleet: the namespace already has a Fleet, or another Fleet has the same names.
	CodeSecondFleet Code = "SecondFleet"
	// CodeFleetClash: a Fleet of another namespace already uses these names or this repository.
	CodeFleetClash Code = "FleetClash"
	// CodeInvalidLabel: a label that Kubernetes would refuse on a namespace.
	CodeInvalidLabel Code = "InvalidLabel"
	// CodeDuplicateLevel: an older Tier has this level.
	CodeDuplicateLevel Code = "DuplicateLevel"
	// CodeMissingReference: the spec names an object that does not exist.
	CodeMissingReference Code = "MissingReference"
	// CodeParentCycle: the parents of a FailureDomain lead back to it.
	CodeParentCycle Code = "ParentCycle"
	// CodeNamespaceTaken: an older ShopSet has this namespace on the cluster.
	CodeNamespaceTaken Code = "NamespaceTaken"
	// CodeNamespaceInvalid: the namespace is too long or belongs to the system.
	CodeNamespaceInvalid Code = "NamespaceInvalid"
	// CodeClusterTaken: the apps keep their own namespaces and so fit once on a cluster.
	CodeClusterTaken Code = "ClusterTaken"
	// CodeDuplicateArgoCDCluster: an older WorkloadCluster is the same cluster of Argo CD.
	CodeDuplicateArgoCDCluster Code = "DuplicateArgoCDCluster"
	// CodeSecretValue: a Configuration seems to hold the value of a secret.
	CodeSecretValue Code = "SecretValue"
	// CodeInvalidLiteral: a literal that a ConfigMap cannot hold.
	CodeInvalidLiteral Code = "InvalidLiteral"
	// CodeInvalidPatch: a patch that kustomize would not accept.
	CodeInvalidPatch Code = "InvalidPatch"
	// CodeInvalidHost: a host of a Shop that is no host name.
	CodeInvalidHost Code = "InvalidHost"
	// CodeHostTaken: a host of a Shop belongs to another.
	CodeHostTaken Code = "HostTaken"
	// CodeWrongTier: a Shop is pinned to a ShopSet that its class is not served by.
	CodeWrongTier Code = "WrongTier"
	// CodeUnknownLevel: a ShopClass names a level that no FailureDomain has.
	CodeUnknownLevel Code = "UnknownLevel"
	// CodeTooFewDomains: a ShopClass asks for more domains than there are.
	CodeTooFewDomains Code = "TooFewDomains"
	// CodeNoCapacity: a capacity that takes nothing.
	CodeNoCapacity Code = "NoCapacity"
	// CodeSecondMaintenance: an older ClusterMaintenance of the cluster is not finished.
	CodeSecondMaintenance Code = "SecondMaintenance"
)

// Finding is a broken rule. Message names the object, the field and the next step and can
// be shown to a person as it is.
type Finding struct {
	Kind, Name, Field string
	Code              Code
	Message           string
}

// newFinding words a finding: what is wrong with the field, and what to do next.
func newFinding(kind, name, field string, code Code, problem, next string) Finding {
	return Finding{
		Kind: kind, Name: name, Field: field, Code: code,
		Message: fmt.Sprintf("%s %s: %s: %s; %s", kind, name, field, problem, next),
	}
}

// Findings gives every broken rule among the objects of one namespace, ordered by kind,
// name, field, code and message.
func Findings(o Objects) []Finding {
	o = o.byAge()
	var found []Finding
	for _, rule := range []func(Objects) []Finding{
		secondFleets,
		namespaceLabels,
		tierLevels,
		shopSetReferences,
		clusterReferences,
		promotionReferences,
		domainParents,
		domainCycles,
		namespaces,
		keptNamespaces,
		argoCDClusters,
		configurations,
		shopClasses,
		capacities,
		maintenances,
		shops,
	} {
		found = append(found, rule(o)...)
	}
	return ordered(found)
}

// Added gives the findings that a change of one object, named by kind and name, adds. A
// finding on another object counts as added only if that object did not have one of the same
// field and code: its wording may well change with what else exists.
func Added(before, after []Finding, kind, name string) []Finding {
	seen := make(map[Finding]bool, len(before))
	wordless := func(f Finding) Finding {
		if f.Kind != kind || f.Name != name {
			f.Message = ""
		}
		return f
	}
	for _, f := range before {
		seen[wordless(f)] = true
	}
	var added []Finding
	for _, f := range after {
		if !seen[wordless(f)] {
			added = append(added, f)
		}
	}
	return ordered(added)
}

func ordered(found []Finding) []Finding {
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Field, b.Field),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(found)
}
