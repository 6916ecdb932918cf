// Package kube gets shopctl to the API server the way kubectl gets there, and turns what can go
// wrong on the way into errors that name the next command.
package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/exit"
)

// Flags choose the API server and the namespace.
type Flags struct {
	Kubeconfig, Context, Namespace string
	// Timeout bounds the wait for one answer.
	Timeout time.Duration
}

// AnswerTimeout is how long one answer may take unless the user says otherwise.
const AnswerTimeout = 10 * time.Second

// AddFlags gives a verb kubectl's own flags.
func (k *Flags) AddFlags(f *pflag.FlagSet) {
	k.addConnection(f)
	f.DurationVar(&k.Timeout, "timeout", AnswerTimeout, "how long to wait for an answer of the server")
}

func (k *Flags) addConnection(f *pflag.FlagSet) {
	f.StringVar(&k.Kubeconfig, "kubeconfig", "", "kubeconfig file (default: $KUBECONFIG or ~/.kube/config)")
	f.StringVar(&k.Context, "context", "", "context of the kubeconfig (default: its current one)")
	f.StringVarP(&k.Namespace, "namespace", "n", "", "namespace of the fleet (default: the context's)")
}

// AddWaitFlags is AddFlags for a verb that can wait for what it asked for: there --timeout bounds
// that wait, and is usual unless the user says otherwise.
func (k *Flags) AddWaitFlags(f *pflag.FlagSet, w *Wait, usual time.Duration) {
	k.addConnection(f)
	k.Timeout = AnswerTimeout
	f.BoolVar(&w.On, "wait", false, "wait until it is done")
	f.DurationVar(&w.Timeout, "timeout", usual, "how long to wait at most, with --wait")
}

// Cluster is an API server and the namespace to look at.
type Cluster struct {
	Config    *rest.Config
	Namespace string
	Scheme    *runtime.Scheme
	Mapper    meta.RESTMapper
	Client    client.Client
	timeout   time.Duration
}

// Connect finds the API server. It does not ask it anything yet.
func (k *Flags) Connect() (*Cluster, error) {
	if k.Timeout <= 0 {
		return nil, exit.Usagef("--timeout %s: want more than nothing", k.Timeout)
	}
	loader := k.loader()
	config, err := loader.ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, exit.Next(errors.New("no kubeconfig tells which cluster to ask: set KUBECONFIG or add --kubeconfig FILE"), "kubectl config get-contexts")
	}
	if err != nil {
		return nil, exit.Next(fmt.Errorf("reading the kubeconfig: %w", err), "kubectl config get-contexts")
	}
	c, err := k.Offline()
	if err != nil {
		return nil, err
	}
	config.UserAgent = "shopctl"
	c.Config = config
	if c.Client, err = client.New(config, client.Options{Scheme: c.Scheme, Mapper: c.Mapper}); err != nil {
		return nil, fmt.Errorf("making a client of %s: %w", config.Host, err)
	}
	return c, nil
}

func (k *Flags) loader() clientcmd.ClientConfig {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = k.Kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: k.Context}
	overrides.Context.Namespace = k.Namespace
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
}

// Offline knows the kinds and the namespace, and no API server: enough for printing objects.
func (k *Flags) Offline() (*Cluster, error) {
	c := &Cluster{Scheme: runtime.NewScheme(), Mapper: mapper(), timeout: k.Timeout}
	var err error
	if c.Namespace, _, err = k.loader().Namespace(); err != nil && !clientcmd.IsEmptyConfig(err) {
		return nil, fmt.Errorf("reading the namespace from the kubeconfig: %w", err)
	}
	if err := errors.Join(v1alpha1.AddToScheme(c.Scheme), corev1.AddToScheme(c.Scheme)); err != nil {
		return nil, fmt.Errorf("learning the kinds of ShopSet: %w", err)
	}
	return c, nil
}

// mapper knows where the kinds are served, so that the server need not be asked.
func mapper() meta.RESTMapper {
	m := meta.NewDefaultRESTMapper([]schema.GroupVersion{v1alpha1.GroupVersion, corev1.SchemeGroupVersion})
	for _, kind := range []string{"ConfigMap", "ConfigMapList"} {
		m.Add(corev1.SchemeGroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	for _, kind := range []string{"Fleet", "Tier", "Configuration", "FailureDomain", "WorkloadCluster", "ShopSet", "Promotion",
		"Shop", "ShopClass", "ClusterMaintenance"} {
		m.Add(v1alpha1.GroupVersion.WithKind(kind), meta.RESTScopeNamespace)
		m.Add(v1alpha1.GroupVersion.WithKind(kind+"List"), meta.RESTScopeNamespace) // a cache asks for it
	}
	return m
}

// List lists objects of the cluster's namespace within the time-out.
func (c *Cluster) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return c.Explain(c.Client.List(ctx, list, append([]client.ListOption{client.InNamespace(c.Namespace)}, options...)...))
}

// Explain turns an error of the API server into one that names the next command.
func (c *Cluster) Explain(err error) error {
	var network net.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case unknownKind(err), meta.IsNoMatchError(err):
		return exit.Next(fmt.Errorf("%s does not know the kinds of %s: ShopSet is not installed there", c.Config.Host, v1alpha1.GroupVersion),
			"kubectl apply --server-side -k config/crd")
	case apierrors.IsForbidden(err):
		return exit.Next(fmt.Errorf("reading namespace %s: %w", c.Namespace, err), "kubectl auth can-i list tiers.shopset.dev -n "+c.Namespace)
	case apierrors.IsUnauthorized(err):
		return exit.Next(fmt.Errorf("%s does not accept the credentials of the kubeconfig: %w", c.Config.Host, err), "kubectl auth whoami")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return &exit.Error{Code: exit.Timeout, Err: fmt.Errorf("no answer from %s within %s", c.Config.Host, c.timeout), Next: "kubectl cluster-info"}
	case errors.As(err, &network):
		return exit.Next(fmt.Errorf("%s does not answer: %w", c.Config.Host, withoutURL(err)), "kubectl cluster-info")
	}
	return fmt.Errorf("asking %s: %w", c.Config.Host, err)
}

// withoutURL takes the request off an error: which one failed first tells nobody anything.
func withoutURL(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err
	}
	return err
}
