package node

import (
	"fmt"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// clients are the agent's ways to the API server. Each has a rate of its own: when
// hundreds of pods change at once, neither their events nor their statuses may keep
// the node's heartbeat waiting.
type clients struct {
	client, events, heartbeat kubernetes.Interface
}

func connect(kubeconfig string) (clients, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return clients{}, fmt.Errorf("reading kubeconfig %q: %w", kubeconfig, err)
	}
	config.UserAgent = "shopset-sandbox-node"
	var c clients
	for _, each := range []struct {
		client *kubernetes.Interface
		qps    float32
		burst  int
	}{
		{&c.client, 200, 400},
		{&c.events, 20, 100},
		{&c.heartbeat, 5, 10},
	} {
		config.QPS, config.Burst = each.qps, each.burst
		made, err := kubernetes.NewForConfig(config)
		if err != nil {
			return clients{}, fmt.Errorf("connecting with kubeconfig %q: %w", kubeconfig, err)
		}
		*each.client = made
	}
	return c, nil
}
