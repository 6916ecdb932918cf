package render

import "shopset.dev/shopset/api/v1alpha1"

// argoApplication holds the fields of an Argo CD Application that we write.
type argoApplication struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       appSpec  `yaml:"spec"`
}

type metadata struct {
	Name       string            `yaml:"name"`
	Namespace  string            `yaml:"namespace"`
	Labels     map[string]string `yaml:"labels"`
	Finalizers []string          `yaml:"finalizers,omitempty"`
}

type appSpec struct {
	Project           string      `yaml:"project"`
	Source            source      `yaml:"source"`
	Destination       destination `yaml:"destination"`
	SyncPolicy        syncPolicy  `yaml:"syncPolicy"`
	IgnoreDifferences []ignore    `yaml:"ignoreDifferences,omitempty"`
}

type source struct {
	RepoURL        string     `yaml:"repoURL"`
	TargetRevision string     `yaml:"targetRevision"`
	Path           string     `yaml:"path"`
	Kustomize      *kustomize `yaml:"kustomize,omitempty"`
}

// kustomize is what Argo CD adds to the overlay before it builds it.
type kustomize struct {
	Patches []patch `yaml:"patches"`
}

type destination struct {
	Name      string `yaml:"name"`
	Namespace string `yaml:"namespace"`
}

type syncPolicy struct {
	Automated   automated `yaml:"automated"`
	SyncOptions []string  `yaml:"syncOptions"`
	Retry       retry     `yaml:"retry"`
}

type automated struct {
	Prune    bool `yaml:"prune"`
	SelfHeal bool `yaml:"selfHeal"`
}

type retry struct {
	Limit   int     `yaml:"limit"`
	Refresh bool    `yaml:"refresh"`
	Backoff backoff `yaml:"backoff"`
}

type backoff struct {
	Duration    string `yaml:"duration"`
	Factor      int    `yaml:"factor"`
	MaxDuration string `yaml:"maxDuration"`
}

type ignore struct {
	Group        string   `yaml:"group"`
	Kind         string   `yaml:"kind"`
	JSONPointers []string `yaml:"jsonPointers"`
}

// application gives what all our Applications share. Retries refresh, else a retry would go on
// with the commit that failed although a newer one mends it; and they never end, since a cluster
// that was away for a day must come to the release without help.
func application(f *v1alpha1.Fleet, name string, c *v1alpha1.WorkloadCluster) argoApplication {
	cluster := c.Spec.ArgoCDCluster
	if cluster == "" {
		cluster = c.Name
	}
	return argoApplication{
		APIVersion: "argoproj.io/v1alpha1", Kind: "Application",
		Metadata: metadata{
			Name: name, Namespace: f.Spec.ArgoCD.Namespace,
			Labels:     map[string]string{v1alpha1.LabelFleet: f.Namespace, v1alpha1.LabelCluster: c.Name},
			Finalizers: []string{"resources-finalizer.argocd.argoproj.io"},
		},
		Spec: appSpec{
			Project:     f.Spec.ArgoCD.Project,
			Destination: destination{Name: cluster},
			SyncPolicy: syncPolicy{
				Automated: automated{Prune: true, SelfHeal: true},
				// Only what differs is applied: a Job of the same release must not run again
				// because something else was repaired.
				// A custom resource whose definition comes later, from an operator or from another
				// ShopSet of the cluster, must not keep everything else from being applied.
				SyncOptions: []string{"ApplyOutOfSyncOnly=true", "RespectIgnoreDifferences=true", "SkipDryRunOnMissingResource=true"},
				Retry: retry{
					Limit: -1, Refresh: true,
					Backoff: backoff{Duration: "1s", Factor: 2, MaxDuration: "30s"},
				},
			},
		},
	}
}
