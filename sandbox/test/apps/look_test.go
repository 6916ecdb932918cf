package apps

import (
	"fmt"
	"strings"
	"testing"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/util/jsonpath"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// cluster is where a ShopSet runs, seen by a check.
type cluster struct {
	t         *testing.T
	client    client.Client
	namespace string
	shopSet   string
}

// look compares fields of an object with what they shall be. The object is written
// group/version/Kind/name, the core group being empty; a cluster-scoped one begins with a dot.
func (c cluster) look(object string, want map[string]string) error {
	namespace := c.namespace
	if rest, ok := strings.CutPrefix(object, "."); ok {
		namespace, object = "", rest
	}
	part := strings.SplitN(object, "/", 4)
	var o unstructured.Unstructured
	o.SetGroupVersionKind(schema.GroupVersionKind{Group: part[0], Version: part[1], Kind: part[2]})
	if err := c.client.Get(c.t.Context(), client.ObjectKey{Namespace: namespace, Name: part[3]}, &o); err != nil {
		return err
	}
	for path, value := range want {
		is, err := field(&o, path)
		if err != nil {
			return fmt.Errorf("%s of %s: %w", path, object, err)
		}
		if is != value {
			return fmt.Errorf("%s of %s is %q, want %q", path, object, is, value)
		}
	}
	return nil
}

func field(o *unstructured.Unstructured, path string) (string, error) {
	j := jsonpath.New(path).AllowMissingKeys(true)
	if err := j.Parse("{" + path + "}"); err != nil {
		return "", err
	}
	var b strings.Builder
	err := j.Execute(&b, o.Object)
	return b.String(), err
}

// all is a check that passes when all of several do.
func all(objects map[string]map[string]string) check {
	return func(c cluster) error {
		for object, want := range objects {
			if err := c.look(strings.ReplaceAll(object, "NS", c.namespace), replaced(want, c)); err != nil {
				return err
			}
		}
		return nil
	}
}

func replaced(want map[string]string, c cluster) map[string]string {
	out := map[string]string{}
	for path, value := range want {
		out[path] = strings.NewReplacer("NS", c.namespace, "SHOPSET", c.shopSet).Replace(value)
	}
	return out
}

// events are those about objects of the fleet.
func (f *fleet) events() []eventsv1.Event {
	f.t.Helper()
	var list eventsv1.EventList
	if err := shared.mgmt.List(f.t.Context(), &list, client.InNamespace(f.name)); err != nil {
		f.t.Fatal(err)
	}
	return list.Items
}
