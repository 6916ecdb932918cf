package table

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/internal/apitest"
	"shopset.dev/shopset/internal/plan/routes"
)

// apply writes a set as Argo CD would.
func apply(t *testing.T, server *apitest.Server, namespace string, set map[string]string) {
	t.Helper()
	for _, c := range routes.ConfigMaps(set) {
		put(t, server, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: c.Name, Namespace: namespace, Labels: map[string]string{routes.TableLabel: c.Table}},
			Data:       map[string]string{c.File: set[c.File]},
		})
	}
}

func put(t *testing.T, server *apitest.Server, m *corev1.ConfigMap) {
	t.Helper()
	err := server.Client.Create(t.Context(), m.DeepCopy())
	if apierrors.IsAlreadyExists(err) {
		err = server.Client.Update(t.Context(), m)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func overrideMap(namespace, text string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: routes.OverrideConfigMap, Namespace: namespace}, Data: map[string]string{routes.OverrideFile: text}}
}

// door is a way to the API server that can be shut.
type door struct {
	shut atomic.Bool
}

func (d *door) open(t *testing.T, server *apitest.Server) *rest.Config {
	t.Helper()
	transport, err := rest.TransportFor(server.Config)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(server.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: transport, FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	front := http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.shut.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	})}
	listener := listen(t)
	go func() { _ = front.Serve(listener) }()
	t.Cleanup(func() { _ = front.Close() })
	return &rest.Config{Host: "http://" + listener.Addr().String(), QPS: 100, Burst: 100}
}

func TestConfigMapsAreFollowed(t *testing.T) {
	server := apitest.Start(t)
	namespace := server.Namespace(t, "edge")
	d := &door{}
	d.shut.Store(true)
	clientset, err := kubernetes.NewForConfig(d.open(t, server))
	if err != nil {
		t.Fatal(err)
	}
	s := follow(t, &Kube{Client: clientset, Namespace: namespace})
	apply(t, server, namespace, files(t, fleet(1, 20_000)))
	until(t, "the absence of the API is said", func() bool { status, _ := s.Status(); return status.Trouble != "" })
	d.shut.Store(false)
	t.Logf("epoch 1 %v after the API came", until(t, "epoch 1 is in force", epochIs(s, 1)))

	changed := fleet(2, 20_000)
	changed.Groups[7].ShopSets = []string{"b"}
	apply(t, server, namespace, files(t, changed))
	t.Logf("epoch 2 %v after its last ConfigMap", until(t, "epoch 2 is in force", epochIs(s, 2)))

	put(t, server, overrideMap(namespace, "shopset:a b 2126-01-02T04:00:00Z taro why\n")) // without a label
	t.Logf("the override after %v", until(t, "the override is in force", func() bool { return s.State().Overrides.InForce(time.Now()) == 1 }))
	if err := server.Client.Delete(t.Context(), overrideMap(namespace, "")); err != nil {
		t.Fatal(err)
	}
	until(t, "the override is gone", func() bool { return s.State().Overrides.InForce(time.Now()) == 0 })

	torn := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "shopset-routes-classes", Namespace: namespace}}
	if err := server.Client.Delete(t.Context(), torn); err != nil {
		t.Fatal(err)
	}
	until(t, "the table is said to be torn", func() bool { status, _ := s.Status(); return status.Refused != nil && status.Refused.Reason == Torn })
	if err := server.Client.DeleteAllOf(t.Context(), &corev1.ConfigMap{}, client.InNamespace(namespace), client.HasLabels{routes.TableLabel}); err != nil {
		t.Fatal(err)
	}
	until(t, "the table is said to be gone", func() bool { status, _ := s.Status(); return status.Refused != nil && status.Refused.Reason == Empty })
	if !epochIs(s, 2)() {
		t.Error("the table went with its ConfigMaps")
	}
	apply(t, server, namespace, files(t, fleet(3, 20_000)))
	until(t, "epoch 3 is in force", epochIs(s, 3))
}

func TestTwoConfigMapsWithOneKey(t *testing.T) {
	k := &Kube{maps: map[string]map[string]string{}, changed: make(chan struct{}, 1)}
	lists := &tables{k: k}
	for i, name := range []string{"a-copy", "shopset-routes-classes", "z-copy"} {
		m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{routes.ClassesFile: fmt.Sprint(i), "README": "x"}}
		if err := lists.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	u, _ := k.update()
	if len(u.Files) != 1 || u.Files[routes.ClassesFile] != "1" {
		t.Errorf("got %v, want that of the ConfigMap of this name", u.Files)
	}
}
