package routes

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func TestKustomizeMakesTheConfigMaps(t *testing.T) {
	files := encode(t, large(20_000))
	fs := filesys.MakeFsInMemory()
	write := func(name string, content []byte) {
		if err := fs.WriteFile("/routes/"+name, content); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		write(name, content)
	}
	write(KustomizationFile, Kustomization(files, "shopset-edge", "1234"))
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fs, "/routes")
	if err != nil {
		t.Fatal(err)
	}
	got, labels := map[string][]byte{}, map[string]string{}
	for _, r := range resources.Resources() {
		if r.GetKind() != "ConfigMap" || r.GetNamespace() != "shopset-edge" || r.GetLabels()[FleetLabel] != "1234" {
			t.Errorf("%s %s in %s with %v", r.GetKind(), r.GetName(), r.GetNamespace(), r.GetLabels())
		}
		labels[r.GetName()] = r.GetLabels()[TableLabel]
		for key, value := range r.GetDataMap() {
			got[key] = []byte(value)
		}
	}
	if diff := cmp.Diff(files, got); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{
		"shopset-routes-hosts-0000": "hosts", "shopset-routes-groups-0000": "groups", "shopset-routes-shopsets": "shopsets",
		"shopset-routes-classes": "classes", IndexConfigMap: "index",
	} {
		if labels[name] != want {
			t.Errorf("ConfigMap %s has label %q, want %q", name, labels[name], want)
		}
	}
}
