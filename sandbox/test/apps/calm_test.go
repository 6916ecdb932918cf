package apps

import (
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// calm fails if anything of the fleet moves within a time: an Application out of sync or with
// another operation, or an object that was made anew or written again.
func (f *fleet) calm(d time.Duration) {
	f.t.Helper()
	before, problem := f.still()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second) {
		if problem != nil {
			f.t.Fatalf("the fleet does not keep still: %v", problem)
		}
		var now map[string]string
		now, problem = f.still()
		if diff := cmp.Diff(before, now); problem == nil && diff != "" {
			f.t.Fatalf("the fleet does not keep still (-before +now):\n%s", diff)
		}
	}
}

// still notes what must not move: the operation of each Application and the versions of what it
// applied. Of objects with a status of their own that is the generation.
func (f *fleet) still() (map[string]string, error) {
	out := map[string]string{}
	for _, name := range f.names() {
		app := newApplication(f.namespace(name))
		if err := shared.mgmt.Get(f.t.Context(), client.ObjectKeyFromObject(app), app); err != nil {
			return nil, err
		}
		if is, _, _ := unstructured.NestedString(app.Object, "status", "sync", "status"); is != "Synced" {
			return nil, fmt.Errorf("Application %s is %s: %v", app.GetName(), is, stray(app))
		}
		out["operation of "+app.GetName()], _, _ = unstructured.NestedString(app.Object, "status", "operationState", "startedAt")
		for _, r := range resources(app) {
			var o metav1.PartialObjectMetadata
			o.SetGroupVersionKind(r.gvk)
			key := client.ObjectKey{Namespace: r.namespace, Name: r.name}
			if err := f.cluster(name).Get(f.t.Context(), key, &o); err != nil {
				return nil, fmt.Errorf("reading what Application %s applied: %w", app.GetName(), err)
			}
			version := o.ResourceVersion
			if r.namespace != "" {
				version = fmt.Sprint(o.UID, " generation ", o.Generation)
			}
			out[fmt.Sprintf("%s %s/%s", r.gvk.Kind, r.namespace, r.name)] = version
		}
	}
	return out, nil
}

// resource is an object that an Application applies.
type resource struct {
	gvk                     schema.GroupVersionKind
	namespace, name, status string
}

func resources(app *unstructured.Unstructured) []resource {
	list, _, _ := unstructured.NestedSlice(app.Object, "status", "resources")
	var out []resource
	for _, item := range list {
		m, _ := item.(map[string]any)
		text := func(key string) string { s, _ := m[key].(string); return s }
		if hook, _ := m["hook"].(bool); hook {
			continue
		}
		out = append(out, resource{
			schema.GroupVersionKind{Group: text("group"), Version: text("version"), Kind: text("kind")},
			text("namespace"), text("name"), text("status"),
		})
	}
	return out
}

// stray lists the objects of an Application that are not as Git says.
func stray(app *unstructured.Unstructured) []string {
	var out []string
	for _, r := range resources(app) {
		if r.status != "Synced" {
			out = append(out, fmt.Sprintf("%s %s/%s is %s", r.gvk.Kind, r.namespace, r.name, r.status))
		}
	}
	return out
}
