package podenv

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestExpand(t *testing.T) {
	known := map[string]string{"HOST": "cart", "PORT": "80", "EMPTY": ""}
	lookup := func(name string) (string, bool) { value, ok := known[name]; return value, ok }
	for name, test := range map[string]struct{ text, want string }{
		"nothing to expand":                 {"plain", "plain"},
		"a reference":                       {"http://$(HOST):$(PORT)/", "http://cart:80/"},
		"an empty value":                    {"[$(EMPTY)]", "[]"},
		"an unknown name stays":             {"$(NOBODY)", "$(NOBODY)"},
		"a doubled dollar is one":           {"$$(HOST)", "$(HOST)"},
		"a doubled dollar before another":   {"$$$(HOST)", "$cart"},
		"a shell variable is not ours":      {"$HOST ${HOST}", "$HOST ${HOST}"},
		"a dollar at the end":               {"5$", "5$"},
		"a reference that is never closed":  {"$(HOST", "$(HOST"},
		"a reference within one stays open": {"$(A$(HOST))", "$(A$(HOST))"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Expand(test.text, lookup); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// objects is what there is in a test's namespace.
type objects struct {
	configMaps map[string]*corev1.ConfigMap
	secrets    map[string]*corev1.Secret
	services   []*corev1.Service
}

func (o objects) ConfigMap(_, name string) (*corev1.ConfigMap, error) {
	if found, ok := o.configMaps[name]; ok {
		return found, nil
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "configmaps"}, name)
}

func (o objects) Secret(_, name string) (*corev1.Secret, error) {
	if found, ok := o.secrets[name]; ok {
		return found, nil
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, name)
}

func (o objects) Services(string) ([]*corev1.Service, error) { return o.services, nil }

func some() objects {
	return objects{
		configMaps: map[string]*corev1.ConfigMap{"shop": {Data: map[string]string{"COLOR": "red", "SIZE": "9"}}},
		secrets:    map[string]*corev1.Secret{"key": {Data: map[string][]byte{"token": []byte("t0p")}}},
		services: []*corev1.Service{
			{
				ObjectMeta: metav1.ObjectMeta{Name: "my-cart", Namespace: "shop"},
				Spec: corev1.ServiceSpec{ClusterIP: "127.9.0.7", Ports: []corev1.ServicePort{
					{Name: "http", Port: 80, Protocol: corev1.ProtocolTCP},
				}},
			},
			{
				ObjectMeta: metav1.ObjectMeta{Name: "kubernetes", Namespace: "default"},
				Spec:       corev1.ServiceSpec{ClusterIP: "127.9.0.1"},
			},
		},
	}
}

func pod() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "cart-1", Namespace: "shop", UID: "u-1",
			Labels: map[string]string{"app.kubernetes.io/name": "cart"}, Annotations: map[string]string{"b": "2", "a": "\"1\""},
		},
		Spec: corev1.PodSpec{NodeName: "n-1", ServiceAccountName: "cart"},
	}
}

func field(name, path string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}}
}

func amount(name, of, divisor string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{
		Resource: of, Divisor: resource.MustParse(divisor),
	}}}
}

func TestAddTo(t *testing.T) {
	yes := true
	named := corev1.LocalObjectReference{Name: "nowhere"}
	for name, test := range map[string]struct {
		container corev1.Container
		want      []string
		fails     string
	}{
		"values in order, each of what came before": {
			container: corev1.Container{Env: []corev1.EnvVar{
				{Name: "A", Value: "$(B)"}, {Name: "B", Value: "b"}, {Name: "C", Value: "$(B)$(MY_CART_SERVICE_PORT)"},
			}},
			want: []string{"A=$(B)", "B=b", "C=b80"},
		},
		"a whole ConfigMap, overridden by name": {
			container: corev1.Container{
				EnvFrom: []corev1.EnvFromSource{{Prefix: "S_", ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "shop"}}}},
				Env:     []corev1.EnvVar{{Name: "S_COLOR", Value: "blue"}},
			},
			want: []string{"S_COLOR=blue", "S_SIZE=9"},
		},
		"a key of a Secret": {
			container: corev1.Container{Env: []corev1.EnvVar{{Name: "T", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: "key"}, Key: "token",
			}}}}},
			want: []string{"T=t0p"},
		},
		"what is optional may be missing": {
			container: corev1.Container{
				EnvFrom: []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: named, Optional: &yes}}},
				Env: []corev1.EnvVar{{Name: "T", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
					LocalObjectReference: named, Key: "x", Optional: &yes,
				}}}},
			},
		},
		"what is not optional may not": {
			container: corev1.Container{EnvFrom: []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: named}}}},
			fails:     `configmap "nowhere": not found`,
		},
		"the pod itself": {
			container: corev1.Container{Env: []corev1.EnvVar{
				field("IP", "status.podIP"), field("L", "metadata.labels['app.kubernetes.io/name']"), field("N", "metadata.name"),
				field("NODE", "spec.nodeName"), field("NS", "metadata.namespace"), field("ALL", "metadata.annotations"),
			}},
			want: []string{"ALL=a=\"\\\"1\\\"\"\nb=\"2\"", "IP=127.8.0.1", "L=cart", "N=cart-1", "NODE=n-1", "NS=shop"},
		},
		"its resources, rounded up; a missing limit is the node's": {
			container: corev1.Container{
				Resources: corev1.ResourceRequirements{
					Requests: corev1.ResourceList{"cpu": resource.MustParse("250m"), "memory": resource.MustParse("64Mi")},
				},
				Env: []corev1.EnvVar{
					amount("CORES", "requests.cpu", "1"), amount("MILLI", "requests.cpu", "1m"),
					amount("MI", "requests.memory", "1Mi"), amount("MAX", "limits.cpu", "0"),
				},
			},
			want: []string{"CORES=1", "MAX=256", "MI=64", "MILLI=250"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			env := NewSet()
			resolver := Resolver{Source: some(), Facts: Facts{
				PodIP: "127.8.0.1", Allocatable: corev1.ResourceList{"cpu": resource.MustParse("256")},
			}}
			err := resolver.AddTo(env, pod(), &test.container)
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Fatalf("got error %v, want %q", err, test.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, line := range env.List() {
				if !strings.HasPrefix(line, "MY_CART_") {
					got = append(got, line)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestServiceLinks(t *testing.T) {
	env := NewSet()
	if err := (Resolver{Source: some()}).AddTo(env, pod(), &corev1.Container{}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"MY_CART_PORT=tcp://127.9.0.7:80", "MY_CART_PORT_80_TCP=tcp://127.9.0.7:80", "MY_CART_PORT_80_TCP_ADDR=127.9.0.7",
		"MY_CART_PORT_80_TCP_PORT=80", "MY_CART_PORT_80_TCP_PROTO=tcp", "MY_CART_SERVICE_HOST=127.9.0.7",
		"MY_CART_SERVICE_PORT=80", "MY_CART_SERVICE_PORT_HTTP=80",
	}
	if diff := cmp.Diff(want, env.List()); diff != "" {
		t.Error(diff)
	}
}
