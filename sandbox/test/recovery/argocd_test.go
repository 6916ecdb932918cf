package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func application() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "Application"}
}

func emptyApplication(name string) *unstructured.Unstructured {
	app := &unstructured.Unstructured{}
	app.SetGroupVersionKind(application())
	app.SetNamespace("argocd")
	app.SetName(name)
	return app
}

// root is the Application that a person applies once.
func (f *testFleet) root() client.Object {
	app := emptyApplication(f.prefix + "root")
	app.Object["spec"] = map[string]any{
		"project": "default",
		"source": map[string]any{"repoURL": f.host.url("system"), "targetRevision": "main", "path": "argocd",
			"directory": map[string]any{"recurse": true}},
		"destination": map[string]any{"server": "https://kubernetes.default.svc", "namespace": "argocd"},
		"syncPolicy": map[string]any{
			"automated": map[string]any{"prune": true, "selfHeal": true},
			"retry": map[string]any{"limit": int64(-1), "refresh": true,
				"backoff": map[string]any{"duration": "1s", "factor": int64(2), "maxDuration": "30s"}},
		},
	}
	return app
}

// refresh asks Argo CD to look at an Application now, as a person does.
func (f *testFleet) refresh(name string) {
	f.t.Helper()
	patch := []byte(`{"metadata":{"annotations":{"argocd.argoproj.io/refresh":"normal"}}}`)
	if err := f.box.mgmt.Patch(context.Background(), emptyApplication(f.prefix+name), client.RawPatch(types.MergePatchType, patch)); err != nil {
		f.t.Fatalf("refreshing Application %s: %v", name, err)
	}
}

// page is the release that a ShopSet serves, as the cluster has it.
func (f *testFleet) page(shopSet string) (string, error) {
	cmd := append([]string{"--kubeconfig", f.box.dir.Kubeconfig(cluster)},
		"-n", f.prefix+shopSet, "get", "configmap", "page", "-o", "jsonpath={.data.release}")
	return f.box.kubectl(context.Background(), cmd...)
}

// served waits until ShopSets serve the release of a number.
func (f *testFleet) served(number int, shopSets ...string) {
	f.t.Helper()
	for _, name := range shopSets {
		eventually(f.t, fmt.Sprintf("ShopSet %s to serve release %d", name, number), func() error {
			page, err := f.page(name)
			if err == nil && page != fmt.Sprint(number) {
				err = fmt.Errorf("it serves %s", page)
			}
			return err
		})
	}
}

// removeFromArgoCD deletes the fleet's Applications, and what they brought without waiting for it:
// no test uses a name of another's, and who does waits for vacant.
func (f *testFleet) removeFromArgoCD() {
	ctx := context.Background()
	if err := f.box.mgmt.Delete(ctx, emptyApplication(f.prefix+"root")); err != nil && !apierrors.IsNotFound(err) {
		f.t.Errorf("deleting the root Application: %v", err)
	}
	eventually(f.t, "the Applications to be gone", func() error {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(application())
		if err := f.box.mgmt.List(ctx, list, client.InNamespace("argocd")); err != nil {
			return err
		}
		left := 0
		for i := range list.Items {
			app := &list.Items[i]
			if !strings.HasPrefix(app.GetName(), f.prefix) {
				continue
			}
			left++
			app.SetFinalizers(nil)
			if err := errors.Join(f.box.mgmt.Update(ctx, app), f.box.mgmt.Delete(ctx, app)); err != nil && !apierrors.IsNotFound(err) {
				return err
			}
		}
		if left > 0 {
			return fmt.Errorf("there were %d", left)
		}
		return nil
	})
	if left := f.namespaces(); len(left) > 0 {
		remove := append([]string{"--kubeconfig", f.box.dir.Kubeconfig(cluster), "delete", "--wait=false"}, left...)
		_, _ = f.box.kubectl(ctx, remove...) // gone is as good
	}
}

// namespaces are those that the fleet has on the cluster, as kubectl names them.
func (f *testFleet) namespaces() []string {
	names, _ := f.box.kubectl(context.Background(), "--kubeconfig", f.box.dir.Kubeconfig(cluster), "get", "namespaces", "-o", "name")
	return slices.DeleteFunc(strings.Fields(names), func(name string) bool { return !strings.HasPrefix(name, "namespace/"+f.prefix) })
}

// vacant waits until nothing on the cluster is left of a fleet that had the same names.
func (f *testFleet) vacant() {
	f.t.Helper()
	eventually(f.t, "the namespaces of another fleet to be gone", func() error {
		if left := f.namespaces(); len(left) > 0 {
			return fmt.Errorf("there are %s", strings.Join(left, ", "))
		}
		return nil
	})
}
