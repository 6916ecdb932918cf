package v1alpha1_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"shopset.dev/shopset/api/v1alpha1"
)

var separator = regexp.MustCompile(`(?m)^---$`)

// TestExamplesDecodeStrictly finds fields that do not exist, or not under this name, and kinds
// that have no example. That the API server accepts them is tested with admission.
func TestExamplesDecodeStrictly(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, pattern := range []string{"kinds/*.yaml", "fleet/[0-9]*.yaml"} {
		files, err := filepath.Glob(filepath.Join("..", "..", "examples", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("examples/%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, document := range separator.Split(strings.TrimPrefix(string(text), "---\n"), -1) {
				seen[decodeStrictly(t, scheme, file, document)] = true
			}
		}
	}
	for _, kind := range []string{"Fleet", "Tier", "Configuration", "FailureDomain", "WorkloadCluster", "ShopSet", "Promotion",
		"ShopClass", "Shop", "ClusterMaintenance"} {
		if !seen[kind] {
			t.Errorf("no example of a %s", kind)
		}
	}
}

func decodeStrictly(t *testing.T, scheme *runtime.Scheme, file, document string) string {
	t.Helper()
	var head struct{ APIVersion, Kind string }
	if err := yaml.Unmarshal([]byte(document), &head); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if head.APIVersion != v1alpha1.GroupVersion.String() {
		t.Errorf("%s: apiVersion %q", file, head.APIVersion)
	}
	object, err := scheme.New(v1alpha1.GroupVersion.WithKind(head.Kind))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if err := yaml.UnmarshalStrict([]byte(document), object); err != nil {
		t.Errorf("%s: a %s that does not decode: %v", file, head.Kind, err)
	}
	return head.Kind
}
