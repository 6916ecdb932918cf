package edge

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/prometheus/client_golang/prometheus"

	"shopset.dev/shopset/internal/apitest"
	"shopset.dev/shopset/internal/edgestatus"
	"shopset.dev/shopset/internal/plan/routes"
)

func TestAnEdgeOnAClusterPublishesWhatItSees(t *testing.T) {
	server := apitest.Start(t)
	namespace := server.Namespace(t, "edge")
	a, b := newBackend(t, "a"), newBackend(t, "b")
	f := &fixture{t: t, registry: prometheus.NewRegistry(), done: make(chan error, 1)}
	var err error
	f.Edge, err = New(Config{
		Name: "edge-1", Tables: TablesConfig{Namespace: namespace, REST: server.Config}, StateDir: t.TempDir(), Registry: f.registry,
		Probe: ProbeConfig{Interval: 50 * time.Millisecond, Timeout: 300 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	f.cancel = cancel
	go func() { f.done <- f.Run(ctx) }()
	defer f.stop()
	published := func() (s Status) {
		var m corev1.ConfigMap
		key := types.NamespacedName{Namespace: namespace, Name: edgestatus.NamePrefix + "edge-1"}
		if err := server.Client.Get(ctx, key, &m); err != nil || m.Labels[edgestatus.LabelKey] != "true" {
			return Status{}
		}
		if err := json.Unmarshal([]byte(m.Data[edgestatus.DataKey]), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	f.until("an edge without a table says so", func() bool { s := published(); return s.Edge == "edge-1" && !s.Ready && s.Table.Refused != nil })

	files, err := routes.Encode(twoShopSets(a.address(), b.address()))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range routes.ConfigMaps(files) {
		m := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: c.Name, Namespace: namespace, Labels: map[string]string{routes.TableLabel: c.Table}},
			Data:       map[string]string{c.File: string(files[c.File])},
		}
		if err := server.Client.Create(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	f.until("the table is published", func() bool { s := published(); return s.Ready && s.Table.Epoch == 1 && len(s.ShopSets) == 2 })
	if _, status := f.serve(http.MethodGet, "hoge.example"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	a.server.Close()
	f.until("the edge sees that a is down", func() bool { return !f.healthy("a") })
	began := time.Now()
	f.until("others see it too", func() bool { s := published(); return !s.ShopSets[0].Healthy && s.ShopSets[0].Reason != "" })
	t.Logf("published %v later", time.Since(began))
	if s := published(); s.ShopSets[0].Name != "a" || s.ShopSets[0].LastRequest.IsZero() || s.ShopSets[0].Since.IsZero() || !s.ShopSets[1].Healthy {
		t.Errorf("got %+v", s.ShopSets)
	}
	if got := f.metric("status_writes_total", "result=error"); got != 0 {
		t.Errorf("%v writes failed", got)
	}
}
