package controlplane

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/clock"
)

const pollInterval = 200 * time.Millisecond

// Client returns a client of the cluster, as used from inside.
func (c Cluster) Client() (*kubernetes.Clientset, *rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.DirectKubeconfig())
	if err != nil {
		return nil, nil, fmt.Errorf("reading the kubeconfig of cluster %q: %w", c.Name, err)
	}
	config.Timeout = 10 * time.Second // a frozen API server never answers
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, nil, fmt.Errorf("connecting to cluster %q: %w", c.Name, err)
	}
	return client, config, nil
}

// WaitAPI waits until the API server says it is ready.
func (c Cluster) WaitAPI(ctx context.Context, clk clock.Clock) error {
	client, _, err := c.Client()
	if err != nil {
		return err
	}
	return Poll(ctx, clk, "API server of cluster "+c.Name, func(ctx context.Context) error {
		return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// WaitReady waits until Pods can run: the controllers and the scheduler say
// they are ready, the default service account is there, and so is a node.
func (c Cluster) WaitReady(ctx context.Context, clk clock.Clock) error {
	client, config, err := c.Client()
	if err != nil {
		return err
	}
	web, err := rest.HTTPClientFor(config)
	if err != nil {
		return fmt.Errorf("connecting to cluster %q: %w", c.Name, err)
	}
	checks := []struct {
		name  string
		check func(context.Context) error
	}{
		{Controller, func(ctx context.Context) error { return Healthy(ctx, web, c.url(c.Ports.ControllerManager)+"/healthz") }},
		{Scheduler, func(ctx context.Context) error { return Healthy(ctx, web, c.url(c.Ports.Scheduler)+"/healthz") }},
		{"default service account", func(ctx context.Context) error {
			_, err := client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
			return err
		}},
		{"node", func(ctx context.Context) error { return nodeReady(ctx, client) }},
	}
	for _, check := range checks {
		if err := Poll(ctx, clk, check.name+" of cluster "+c.Name, check.check); err != nil {
			return err
		}
	}
	return nil
}

// Healthy says whether a URL answers 200.
func Healthy(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", request.URL, response.Status)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
	return err
}

func nodeReady(ctx context.Context, client kubernetes.Interface) error {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, node := range nodes.Items {
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
				return nil
			}
		}
	}
	return fmt.Errorf("%d nodes, none Ready", len(nodes.Items))
}

// Poll repeats a check until it passes or the context ends, and then says what
// the last check said.
func Poll(ctx context.Context, clk clock.Clock, what string, check func(context.Context) error) error {
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the %s: %w (last: %w)", what, context.Cause(ctx), err)
		case <-clk.After(pollInterval):
		}
	}
}
