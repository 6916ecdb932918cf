package podenv

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Field is the value of a downward API field path such as "metadata.labels['app']".
func Field(pod *corev1.Pod, path string, facts Facts) (string, error) {
	if base, key, ok := subscript(path); ok {
		switch base {
		case "metadata.labels":
			return pod.Labels[key], nil
		case "metadata.annotations":
			return pod.Annotations[key], nil
		}
	}
	switch path {
	case "metadata.name":
		return pod.Name, nil
	case "metadata.namespace":
		return pod.Namespace, nil
	case "metadata.uid":
		return string(pod.UID), nil
	case "metadata.labels":
		return lines(pod.Labels), nil
	case "metadata.annotations":
		return lines(pod.Annotations), nil
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.podIP", "status.podIPs":
		return facts.PodIP, nil
	case "status.hostIP", "status.hostIPs":
		return facts.HostIP, nil
	}
	return "", fmt.Errorf("field %q is not one that pods offer", path)
}

// subscript splits "metadata.labels['app']".
func subscript(path string) (base, key string, ok bool) {
	base, rest, ok := strings.Cut(path, "['")
	if !ok || !strings.HasSuffix(rest, "']") {
		return "", "", false
	}
	return base, strings.TrimSuffix(rest, "']"), true
}

// lines writes a map as downward API files have it: key="value", sorted.
func lines(values map[string]string) string {
	out := make([]string, 0, len(values))
	for key, value := range values {
		out = append(out, key+"="+strconv.Quote(value))
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

// Resource is the value of a resource name such as "limits.cpu", in units of the
// divisor, rounded up. A limit that is not set is what the node has to give.
func Resource(pod *corev1.Pod, container *corev1.Container, ref *corev1.ResourceFieldSelector, facts Facts) (string, error) {
	if ref.ContainerName != "" && ref.ContainerName != container.Name {
		named, ok := containerNamed(pod, ref.ContainerName)
		if !ok {
			return "", fmt.Errorf("container %q is not in the pod", ref.ContainerName)
		}
		container = named
	}
	kind, name, _ := strings.Cut(ref.Resource, ".")
	resourceName := corev1.ResourceName(name)
	var quantity resource.Quantity
	switch kind {
	case "limits":
		limit, ok := container.Resources.Limits[resourceName]
		if !ok {
			limit = facts.Allocatable[resourceName]
		}
		quantity = limit
	case "requests":
		quantity = container.Resources.Requests[resourceName]
	default:
		return "", fmt.Errorf("resource %q is neither limits nor requests", ref.Resource)
	}
	return divide(resourceName, quantity, ref.Divisor), nil
}

func divide(name corev1.ResourceName, quantity, divisor resource.Quantity) string {
	if divisor.IsZero() {
		divisor = resource.MustParse("1")
	}
	amount, by := quantity.Value(), divisor.Value()
	if name == corev1.ResourceCPU {
		amount, by = quantity.MilliValue(), divisor.MilliValue()
	}
	return strconv.FormatInt((amount+by-1)/by, 10)
}

func containerNamed(pod *corev1.Pod, name string) (*corev1.Container, bool) {
	for i := range pod.Spec.Containers {
		if pod.Spec.Containers[i].Name == name {
			return &pod.Spec.Containers[i], true
		}
	}
	for i := range pod.Spec.InitContainers {
		if pod.Spec.InitContainers[i].Name == name {
			return &pod.Spec.InitContainers[i], true
		}
	}
	return nil, false
}
