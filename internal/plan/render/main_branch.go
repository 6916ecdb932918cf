package render

import (
	"fmt"
	"path"
	"strings"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/routes"
)

// MainBranch is the branch of the system repository that Argo CD's root Application points at.
const MainBranch = "main"

// Branch is a Tier's branch, of the same name in both repositories.
func Branch(prefix string, level int32) string {
	return fmt.Sprintf("%s%d", prefix, level)
}

// ApplicationPath is where a ShopSet's Application is in branch main.
func ApplicationPath(s *v1alpha1.ShopSet) string {
	return path.Join("argocd", s.Spec.Cluster, s.Name+".yaml")
}

// ApplicationName is the name of a ShopSet's Application in Argo CD.
func ApplicationName(namePrefix, shopSet string) string { return namePrefix + shopSet }

// ServicesApplicationName is the name of the Application of a cluster's cluster-wide services.
// A dot keeps it apart from every ShopSet's.
func ServicesApplicationName(namePrefix, cluster string) string {
	return namePrefix + cluster + ".services"
}

// RoutesApplicationName is the name of the Application that brings the routing tables to a cluster
// which runs edges.
func RoutesApplicationName(namePrefix, cluster string) string {
	return namePrefix + cluster + ".routes"
}

// RoutesApplicationPath is where that Application is in branch main.
func RoutesApplicationPath(cluster string) string {
	return path.Join("argocd", cluster, "cluster.routes.yaml")
}

// ClusterPaths are the two files which a cluster has in branch main: its Application and its kustomization.
func ClusterPaths(cluster string) (application, kustomization string) {
	return path.Join("argocd", cluster, "cluster.services.yaml"), path.Join("clusters", cluster, "kustomization.yaml")
}

// Application renders the Argo CD Application of one ShopSet. Of all ShopSets on a cluster one
// bringsShared: what all of them share, such as definitions, exists once, and two Applications
// that want it differently would undo each other's work for as long as a release climbs. By hand
// every overlay can be applied as it is: only Argo CD leaves the shared objects out of the others.
func Application(f *v1alpha1.Fleet, s *v1alpha1.ShopSet, t *v1alpha1.Tier, c *v1alpha1.WorkloadCluster, bringsShared bool) (File, error) {
	a := application(f, ApplicationName(f.Spec.NamePrefix, s.Name), c)
	a.Metadata.Labels[v1alpha1.LabelTier] = t.Name
	a.Metadata.Labels[v1alpha1.LabelShopSet] = s.Name
	// There is no annotation manifest-generate-paths, on purpose. With it, Argo CD (3.5) compares
	// revisions in a checkout whose submodules it leaves alone, and other Applications of the branch
	// that are refreshed at that moment build from the same checkout: they are then Synced at the
	// new commit with the apps of the one before.
	a.Spec.Source = source{RepoURL: f.Spec.System.URL, TargetRevision: Branch(f.Spec.BranchPrefix, t.Spec.Level), Path: path.Join("overlays", s.Name)}
	if !bringsShared {
		a.Spec.Source.Kustomize = &kustomize{Patches: []patch{leaveOutShared()}}
	}
	a.Spec.Destination.Namespace = convention.EffectiveNamespace(f.Spec, *s)
	a.Spec.IgnoreDifferences = []ignore{{
		Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition",
		JSONPointers: []string{"/metadata/annotations/argocd.argoproj.io~1tracking-id"},
	}}
	return sealedYAML("ShopSet "+s.Name, applicationInput(f, c, a, s.Spec.Configuration), a)
}

// applicationInput is what of the objects an Application depends on, so that a newer renderer
// alone does not count as a change of the object.
func applicationInput(f *v1alpha1.Fleet, c *v1alpha1.WorkloadCluster, a argoApplication, more ...string) any {
	return []any{f.Spec.System.URL, f.Spec.ArgoCD, c.Spec.ArgoCDCluster, a.Metadata.Name, a.Spec.Source.TargetRevision,
		a.Spec.Destination.Namespace, c.Spec.Services, more}
}

// ClusterServices renders what a cluster runs besides its ShopSets: an Application, and the
// kustomization that it applies. domains is the cluster's path in the tree of failure domains.
func ClusterServices(f *v1alpha1.Fleet, c *v1alpha1.WorkloadCluster, domains []string) (Tree, error) {
	appPath, kustPath := ClusterPaths(c.Name)
	a := application(f, ServicesApplicationName(f.Spec.NamePrefix, c.Name), c)
	a.Spec.Source = source{RepoURL: f.Spec.System.URL, TargetRevision: MainBranch, Path: path.Dir(kustPath)}
	a.Spec.Destination.Namespace = "shopset-cluster"
	a.Spec.SyncPolicy.SyncOptions = append(a.Spec.SyncPolicy.SyncOptions, "CreateNamespace=true")
	k := kustomization{
		APIVersion: "kustomize.config.k8s.io/v1beta1", Kind: "Kustomization",
		ConfigMapGenerator: []configMap{{
			Name: f.Spec.NamePrefix + "cluster", Behavior: "create",
			Literals: []string{"cluster=" + c.Name, "domains=" + strings.Join(domains, "/")},
		}},
	}
	for _, s := range c.Spec.Services {
		k.Resources = append(k.Resources, "../../services/"+s)
	}
	t := Tree{}
	var err error
	if t[appPath], err = sealedYAML("WorkloadCluster "+c.Name, applicationInput(f, c, a), a); err != nil {
		return nil, err
	}
	t[kustPath], err = sealedYAML("WorkloadCluster "+c.Name, applicationInput(f, c, a, domains...), k)
	return t, err
}

// Routes renders the Application of the routing tables for a cluster that runs edges. Tables are
// applied on the server's side: their ConfigMaps are too large for what a client would note in an
// annotation. Only what differs is applied: of hundreds of ConfigMaps a move changes a few.
func Routes(f *v1alpha1.Fleet, c *v1alpha1.WorkloadCluster) (File, error) {
	a := application(f, RoutesApplicationName(f.Spec.NamePrefix, c.Name), c)
	a.Spec.Source = source{RepoURL: f.Spec.System.URL, TargetRevision: MainBranch, Path: routes.Folder}
	a.Spec.Destination.Namespace = EdgeNamespace(f)
	a.Spec.SyncPolicy.SyncOptions = []string{"CreateNamespace=true", "ServerSideApply=true", "ApplyOutOfSyncOnly=true"}
	return sealedYAML("WorkloadCluster "+c.Name, applicationInput(f, c, a), a)
}

// EdgeNamespace is where the routing tables lie on the clusters that run edges.
func EdgeNamespace(f *v1alpha1.Fleet) string {
	if f.Spec.Routing.EdgeNamespace == "" {
		return "shopset-edge"
	}
	return f.Spec.Routing.EdgeNamespace
}

// GitModules renders .gitmodules: where the apps repository is, seen from the system repository.
func GitModules(submoduleURL string) (File, error) {
	body := "[submodule \"base\"]\n\tpath = base\n\turl = " + submoduleURL + "\n"
	return sealed("the Fleet", submoduleURL, []byte(body))
}

func sealedYAML(source string, input, content any) (File, error) {
	body, err := marshal(content)
	if err != nil {
		return File{}, fmt.Errorf("rendering %s: %w", source, err)
	}
	return sealed(source, input, body)
}
