package edge

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/internal/apitest"
	"shopset.dev/shopset/internal/plan/routes"
)

// BenchmarkTableFromCluster is BenchmarkTable with ConfigMaps on a real API server, and also says
// how long after the last ConfigMap was written a change is in force.
func BenchmarkTableFromCluster(b *testing.B) {
	server := apitest.Start(b)
	namespace := server.Namespace(b, "edge")
	t := million(1)
	written := map[string]string{}
	var layout routes.Layout
	apply := func() {
		files, err := routes.EncodeLike(t, layout)
		if err != nil {
			b.Fatal(err)
		}
		layout = routes.LayoutOf(files)
		for _, c := range routes.ConfigMaps(files) {
			if text := string(files[c.File]); written[c.File] != text {
				put(b, server, &corev1.ConfigMap{
					ObjectMeta: metav1.ObjectMeta{Name: c.Name, Namespace: namespace, Labels: map[string]string{routes.TableLabel: c.Table}},
					Data:       map[string]string{c.File: text},
				})
				written[c.File] = text
			}
		}
	}
	apply()
	for range b.N {
		m := measure(b, 3, kubeconfigVariable+"="+server.Kubeconfig, namespaceVariable+"="+namespace)
		m.next("the first load", t.Epoch)
		for what, change := range map[string]func(*routes.Table){"one host changed": renameOne, "every group changed": swapGroups} {
			change(&t)
			apply()
			began := time.Now()
			m.next(what, t.Epoch)
			b.Logf("in force %v after its last ConfigMap was written", time.Since(began).Round(time.Millisecond))
		}
		m.end()
	}
}

func put(b *testing.B, server *apitest.Server, m *corev1.ConfigMap) {
	b.Helper()
	err := server.Client.Create(b.Context(), m.DeepCopy())
	if apierrors.IsAlreadyExists(err) {
		err = server.Client.Update(b.Context(), m)
	}
	if err != nil {
		b.Fatal(err)
	}
}
