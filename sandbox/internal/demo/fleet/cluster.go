package fleet

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// entryService is the Service through which a ShopSet is entered.
const entryService = "lb"

// EntryURL is where shoppers enter a ShopSet: its load balancer. It is empty until there is one.
func (f Fleet) EntryURL(ctx context.Context, cluster, namespace string) (string, error) {
	c, ok := f.Clusters[cluster]
	if !ok {
		return "", fmt.Errorf("looking for namespace %s: there is no cluster %q", namespace, cluster)
	}
	var service corev1.Service
	err := c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: entryService}, &service)
	if apierrors.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading Service %s/%s on %s: %w", namespace, entryService, cluster, err)
	}
	if len(service.Status.LoadBalancer.Ingress) == 0 || len(service.Spec.Ports) == 0 {
		return "", nil
	}
	ingress := service.Status.LoadBalancer.Ingress[0]
	port := service.Spec.Ports[0].Port
	if len(ingress.Ports) > 0 {
		port = ingress.Ports[0].Port // the sandbox moves privileged ports
	}
	return "http://" + net.JoinHostPort(ingress.IP, strconv.Itoa(int(port))), nil
}

// PodsReady is when the last of a ShopSet's Pods made since a time had become ready, to the
// second; zero if none was made since.
func (f Fleet) PodsReady(ctx context.Context, cluster, namespace string, since time.Time) (time.Time, error) {
	var pods corev1.PodList
	if err := f.Clusters[cluster].List(ctx, &pods, client.InNamespace(namespace)); err != nil {
		return time.Time{}, fmt.Errorf("listing the Pods of %s on %s: %w", namespace, cluster, err)
	}
	var last time.Time
	for i := range pods.Items {
		if pods.Items[i].CreationTimestamp.Time.Before(since.Truncate(time.Second)) {
			continue
		}
		for _, c := range pods.Items[i].Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue && c.LastTransitionTime.After(last) {
				last = c.LastTransitionTime.Time
			}
		}
	}
	return last, nil
}

// ServiceURL is the address of a Service's port by its cluster IP.
func ServiceURL(ctx context.Context, c client.Client, namespace, name string) (string, error) {
	var service corev1.Service
	if err := c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &service); err != nil {
		return "", fmt.Errorf("reading Service %s/%s: %w", namespace, name, err)
	}
	if len(service.Spec.Ports) == 0 {
		return "", fmt.Errorf("reading Service %s/%s: it has no port", namespace, name)
	}
	return "http://" + net.JoinHostPort(service.Spec.ClusterIP, strconv.Itoa(int(service.Spec.Ports[0].Port))), nil
}
