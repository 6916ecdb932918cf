package apps

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
)

// end takes the fleet out of everybody's work, so that the tests that go on have the machine to
// themselves. What it ran is left to the end of the sandbox.
func (f *fleet) end() {
	ctx := context.Background() // the test's own has ended
	object := f.object()
	if err := shared.mgmt.Delete(ctx, &object); client.IgnoreNotFound(err) != nil {
		f.t.Error(err)
	}
	names := []string{f.name}
	for _, name := range f.names() {
		names = append(names, f.namespace(name))
	}
	var list unstructured.UnstructuredList
	list.SetGroupVersionKind(newApplication("").GroupVersionKind())
	_ = shared.mgmt.List(ctx, &list, client.InNamespace(argoNamespace), client.MatchingLabels{v1alpha1.LabelFleet: f.name})
	for _, app := range list.Items {
		names = append(names, app.GetName())
	}
	for _, name := range names {
		app := newApplication(name)
		patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
		if err := shared.mgmt.Patch(ctx, app, patch); err == nil {
			_ = shared.mgmt.Delete(ctx, app) // one that is gone already is as good
		}
	}
}
