package statuswrite_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/apitest"
	"shopset.dev/shopset/internal/conditions"
	"shopset.dev/shopset/internal/statuswrite"
)

// TestTwoControllersTellOfOneObject has two writers who both begin with the same old copy.
func TestTwoControllersTellOfOneObject(t *testing.T) {
	server := apitest.Start(t)
	namespace := server.Namespace(t, "two")
	live := &v1alpha1.WorkloadCluster{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "a"}, Spec: v1alpha1.WorkloadClusterSpec{FailureDomain: "x"}}
	if err := server.Client.Create(t.Context(), live); err != nil {
		t.Fatal(err)
	}
	first := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	writer := func(kind string) statuswrite.Writer {
		return statuswrite.Writer{Client: server.Client, Live: server.Client, Mine: func(k string) bool { return k == kind }}
	}
	write := func(kind string, from *v1alpha1.WorkloadCluster, message string, at time.Time, more func(*v1alpha1.WorkloadClusterStatus)) {
		t.Helper()
		after := from.DeepCopy()
		conditions.For(&after.Status.Conditions, 1, metav1.NewTime(at)).True(kind, "Reason", message)
		more(&after.Status)
		if err := writer(kind).Write(t.Context(), from, after); err != nil {
			t.Fatal(err)
		}
	}
	nothing := func(*v1alpha1.WorkloadClusterStatus) {}
	old := live.DeepCopy()
	write("Serving", old, "one", first, nothing)
	write("Ready", old, "two", first, func(s *v1alpha1.WorkloadClusterStatus) { s.ShopSets = 7 })
	write("Serving", old, "three", first.Add(time.Hour), nothing)
	if err := server.Client.Get(t.Context(), client.ObjectKeyFromObject(live), live); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range live.Status.Conditions {
		got[c.Type] = c.Message
	}
	if len(got) != 2 || got["Serving"] != "three" || got["Ready"] != "two" || live.Status.ShopSets != 7 {
		t.Errorf("status: %+v", live.Status)
	}
	if err := server.Client.Delete(t.Context(), live); err != nil {
		t.Fatal(err)
	}
	write("Ready", old, "of an object that is gone", first, nothing)
}
