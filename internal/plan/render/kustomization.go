package render

// kustomization holds the fields of a Kustomization or Component that we write. It is our own
// type because kustomize's has no stable order of keys and carries its whole library along.
type kustomization struct {
	APIVersion         string      `yaml:"apiVersion"`
	Kind               string      `yaml:"kind"`
	Namespace          string      `yaml:"namespace,omitempty"`
	Resources          []string    `yaml:"resources,omitempty"`
	Components         []string    `yaml:"components,omitempty"`
	ConfigMapGenerator []configMap `yaml:"configMapGenerator,omitempty"`
	GeneratorOptions   *generator  `yaml:"generatorOptions,omitempty"`
	Labels             []labels    `yaml:"labels,omitempty"`
	Patches            []patch     `yaml:"patches,omitempty"`
	Replicas           []replicas  `yaml:"replicas,omitempty"`
	Transformers       []string    `yaml:"transformers,omitempty"`
}

// generator says the default in so many words, since kustomize takes a Component without any
// field for an empty file and refuses it.
type generator struct {
	DisableNameSuffixHash bool `yaml:"disableNameSuffixHash"`
}

type labels struct {
	Pairs            map[string]string `yaml:"pairs"`
	IncludeTemplates bool              `yaml:"includeTemplates,omitempty"`
}

type configMap struct {
	Name     string   `yaml:"name"`
	Behavior string   `yaml:"behavior"`
	Literals []string `yaml:"literals"`
}

type patch struct {
	Target  *target         `yaml:"target,omitempty"`
	Patch   string          `yaml:"patch"`
	Options map[string]bool `yaml:"options,omitempty"`
}

// target is v1alpha1.PatchTarget as a kustomization writes it.
type target struct {
	Group              string `yaml:"group,omitempty"`
	Version            string `yaml:"version,omitempty"`
	Kind               string `yaml:"kind,omitempty"`
	Name               string `yaml:"name,omitempty"`
	LabelSelector      string `yaml:"labelSelector,omitempty"`
	AnnotationSelector string `yaml:"annotationSelector,omitempty"`
}

type replicas struct {
	Name  string `yaml:"name"`
	Count int32  `yaml:"count"`
}
