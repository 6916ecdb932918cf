package apps

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
)

// good is the smallest application: its files with an image.
func good(image string) map[string]string {
	return map[string]string{"kustomization.yaml": "resources: [web.yaml]\n", "web.yaml": deployment("web", image)}
}

// stalls waits until an object says, with all these words, what is wrong with it, and has an Event
// that says so.
func (f *fleet) stalls(name string, o client.Object, conditions func() []metav1.Condition, words ...string) {
	f.t.Helper()
	kind := strings.TrimPrefix(fmt.Sprintf("%T", o), "*v1alpha1.")
	f.eventually(fmt.Sprintf("%s %s to be stalled", kind, name), func() error {
		get(f, name, o)
		c := meta.FindStatusCondition(conditions(), v1alpha1.ConditionStalled)
		if c == nil || c.Status != metav1.ConditionTrue {
			return fmt.Errorf("it is not: %v", conditions())
		}
		return said(c.Message, words)
	})
	f.told(kind, name, words...)
}

// told waits for a warning about an object.
func (f *fleet) told(kind, name string, words ...string) {
	f.t.Helper()
	f.eventually(fmt.Sprintf("an Event of %s %s", kind, name), func() error {
		err := fmt.Errorf("there is none")
		for _, e := range f.events() {
			if e.Regarding.Kind == kind && e.Regarding.Name == name && e.Type == corev1.EventTypeWarning {
				if err = said(e.Note, words); err == nil {
					return nil
				}
			}
		}
		return err
	})
}

func said(message string, words []string) error {
	for _, w := range words {
		if !strings.Contains(message, w) {
			return fmt.Errorf("it lacks %q: %s", w, message)
		}
	}
	return nil
}

func (f *fleet) fleetStalls(words ...string) {
	f.t.Helper()
	var o v1alpha1.Fleet
	f.stalls("fleet", &o, func() []metav1.Condition { return o.Status.Conditions }, words...)
}

func (f *fleet) shopSetStalls(name string, words ...string) {
	f.t.Helper()
	var o v1alpha1.ShopSet
	f.stalls(name, &o, func() []metav1.Condition { return o.Status.Conditions }, words...)
}

func (f *fleet) tierStalls(name string, words ...string) {
	f.t.Helper()
	var o v1alpha1.Tier
	f.stalls(name, &o, func() []metav1.Condition { return o.Status.Conditions }, words...)
}

// runs waits until a ShopSet's workload has an image.
func (f *fleet) runs(shopSet, image string) {
	f.t.Helper()
	c := cluster{f.t, f.cluster(shopSet), f.namespace(shopSet), shopSet}
	f.eventually(image+" to run in "+shopSet, func() error {
		return c.look("apps/v1/Deployment/web", map[string]string{".spec.template.spec.containers[0].image": image})
	})
}

// again waits until the fleet has recovered: all tiers proven, nothing stalled.
func (f *fleet) again() {
	f.t.Helper()
	f.eventually("the fleet to be well again", func() error {
		for _, name := range f.tiers {
			if st := get(f, name, &v1alpha1.Tier{}).Status; st.Phase != v1alpha1.TierProven {
				return fmt.Errorf("tier %s is %s: %s", name, st.Phase, st.Reason)
			}
		}
		if c := meta.FindStatusCondition(get(f, "fleet", &v1alpha1.Fleet{}).Status.Conditions, v1alpha1.ConditionReady); c == nil || c.Status != metav1.ConditionTrue {
			return fmt.Errorf("the Fleet is not ready: %v", c)
		}
		return nil
	})
}

// TestWithoutKustomization loses the kustomization, and then gets it back.
func TestWithoutKustomization(t *testing.T) {
	t.Parallel()
	f := start(t, plan{name: "no-kustomization"})
	before := f.push(good("shop/web:v1"))
	f.proven(before)
	f.push(map[string]string{"kustomization.yaml": "", "web.yaml": deployment("web", "shop/web:v2")})
	f.fleetStalls("Fleet fleet: spec.apps.path", "no kustomization.yaml in its root", "add one, or correct the path")
	// What the tiers run stays, and other changes get through.
	f.edit("s1", &v1alpha1.ShopSet{}, func(o client.Object) {
		o.(*v1alpha1.ShopSet).Spec.Scale = []v1alpha1.Replicas{{Name: "web", Count: 2}}
	})
	f.eventually("the other change", func() error {
		return cluster{t, shared.workloads, f.namespace("s1"), "s1"}.look("apps/v1/Deployment/web", map[string]string{".spec.replicas": "2"})
	})
	f.proven(before)
	f.proven(f.push(good("shop/web:v3")))
	f.again()
}

// TestMissingBranch has a Fleet whose apps repository is empty.
func TestMissingBranch(t *testing.T) {
	t.Parallel()
	f := start(t, plan{name: "no-branch"})
	f.fleetStalls("Fleet fleet: spec.apps.url", "branch tier-0 does not exist", "push the first commit to it")
	f.proven(f.push(good("shop/web:v1")))
	f.again()
}

// TestMalformedURL has a Fleet that no Git could reach.
func TestMalformedURL(t *testing.T) {
	t.Parallel()
	var right string
	f := start(t, plan{name: "malformed", change: func(s *v1alpha1.FleetSpec) {
		right, s.Apps.URL = s.Apps.URL, "http://127.0.0.1:port/apps.git"
	}})
	f.fleetStalls("Fleet fleet: spec.apps.url", "port", "correct the URL")
	f.edit("fleet", &v1alpha1.Fleet{}, func(o client.Object) { o.(*v1alpha1.Fleet).Spec.Apps.URL = right })
	f.proven(f.push(good("shop/web:v1")))
	f.again()

	wrong := f.object()
	wrong.Spec.Apps.URL = "https://mia:secret@git.example.com/apps.git"
	if err := shared.mgmt.Create(t.Context(), &wrong); err == nil || !strings.Contains(err.Error(), "put username and password into a Secret") {
		t.Errorf("a URL with a password: %v", err)
	}
}
