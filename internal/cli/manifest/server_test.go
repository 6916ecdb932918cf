package manifest_test

import (
	"bytes"
	"errors"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/apitest"
	"shopset.dev/shopset/internal/cli/manifest"
)

// secretive matches the values that we keep to ourselves.
var secretive = regexp.MustCompile(`(\.(?:url|patch):) Invalid value: "(?:\\.|[^"\\])*": `)

// TestLikeAnAPIServer gives the same files to a real API server and compares: its words where it
// refuses, and its defaults where it accepts.
func TestLikeAnAPIServer(t *testing.T) {
	server := apitest.Start(t)
	namespace := server.Namespace(t, "manifest")
	create := func(file string) (refusals []error) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, document := range bytes.Split(raw, []byte("\n---\n")) {
			o := &unstructured.Unstructured{}
			if err := yaml.Unmarshal(document, &o.Object); err != nil {
				t.Fatal(err)
			}
			if o.GroupVersionKind().Group != v1alpha1.GroupVersion.Group || o.GetGenerateName() != "" {
				continue
			}
			o.SetNamespace(namespace)
			if err := server.Client.Create(t.Context(), o, client.FieldValidation("Strict")); err != nil {
				refusals = append(refusals, err)
			}
		}
		return refusals
	}
	t.Run("refusals", func(t *testing.T) {
		_, _, err := read(t, manifest.Source{Paths: []string{"testdata/invalid.yaml"}, Namespace: namespace})
		var all interface{ Unwrap() []error }
		if !errors.As(err, &all) {
			t.Fatalf("got %v", err)
		}
		offline, online := all.Unwrap(), create("testdata/invalid.yaml")
		if len(offline) != len(online) {
			t.Fatalf("%d refusals, the API server has %d", len(offline), len(online))
		}
		for i := range online {
			if diff := cmp.Diff(causes(t, online[i]), causes(t, offline[i])); diff != "" {
				t.Errorf("words (-API server +offline):\n%s", diff)
			}
		}
	})
	t.Run("defaults", func(t *testing.T) {
		got, _, err := read(t, manifest.Source{Paths: []string{"testdata/fleet.yaml"}, Namespace: namespace})
		if err != nil {
			t.Fatal(err)
		}
		if refused := create("testdata/fleet.yaml"); len(refused) > 0 {
			t.Fatal(refused)
		}
		for _, offline := range []client.Object{
			&got.Fleets[0], &got.Tiers[0], &got.WorkloadClusters[0], &got.FailureDomains[0], &got.Configurations[0], &got.ShopSets[0], &got.Promotions[0],
		} {
			online, ok := offline.DeepCopyObject().(client.Object)
			if !ok {
				t.Fatalf("%T is no object", offline)
			}
			if err := server.Client.Get(t.Context(), client.ObjectKeyFromObject(offline), online); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(online, offline, unimportant); diff != "" {
				t.Errorf("%T (-API server +offline):\n%s", offline, diff)
			}
		}
	})
}

// causes are a refusal's reasons, sorted: the API server gives them in any order. Values that we
// keep to ourselves are taken out.
func causes(t *testing.T, err error) []string {
	t.Helper()
	var status *apierrors.StatusError
	if !errors.As(err, &status) || status.ErrStatus.Details == nil {
		t.Fatalf("not an API server's refusal: %v", err)
	}
	d := status.ErrStatus.Details
	out := []string{d.Kind + "." + d.Group + " " + d.Name}
	for _, c := range d.Causes {
		out = append(out, secretive.ReplaceAllString(c.Field+": "+c.Message, "$1 Invalid value: "))
	}
	slices.Sort(out)
	return out
}
