package workload

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// parseKubeconfig takes only what is complete in itself. What would run a program or read a file
// here is refused: whoever may write the Secret must not be able to act as the controller.
func parseKubeconfig(content []byte) (*rest.Config, error) {
	all, err := clientcmd.Load(content)
	if err != nil {
		return nil, fmt.Errorf("reading it: %w", err)
	}
	current, ok := all.Contexts[all.CurrentContext]
	if !ok || current == nil {
		return nil, fmt.Errorf("current-context %q is not among its contexts: set it", all.CurrentContext)
	}
	cluster, user := all.Clusters[current.Cluster], all.AuthInfos[current.AuthInfo]
	if cluster == nil || cluster.Server == "" {
		return nil, fmt.Errorf("context %q names no cluster with a server: add one", all.CurrentContext)
	}
	if user == nil {
		user = clientcmdapi.NewAuthInfo()
	}
	if err := selfContained(cluster, user); err != nil {
		return nil, err
	}
	config, err := clientcmd.NewDefaultClientConfig(*all, &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("making a client of it: %w", err)
	}
	return config, nil
}

func selfContained(c *clientcmdapi.Cluster, u *clientcmdapi.AuthInfo) error {
	switch {
	case u.Exec != nil:
		return fmt.Errorf("it would run the program %q: put a token or a client certificate into it instead", u.Exec.Command)
	case u.AuthProvider != nil:
		return fmt.Errorf("it uses the auth provider %q: put a token or a client certificate into it instead", u.AuthProvider.Name)
	case u.TokenFile != "" || u.ClientCertificate != "" || u.ClientKey != "" || c.CertificateAuthority != "":
		return errors.New("it names files, which are not here: make it with `kubectl config view --raw --flatten --minify`")
	}
	return nil
}

// connection is the way to one cluster. Its two sets of TCP connections are apart, so that a watch
// that hangs does not make a probe hang.
type connection struct {
	config  *rest.Config
	version string // of the Secret that it is made of
	prober  *http.Client
	ready   string // URL
}

const dialPatience = 2 * time.Second

func newConnection(config *rest.Config, version string) (*connection, error) {
	prober, err := httpClient(config)
	if err != nil {
		return nil, err
	}
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, fmt.Errorf("reading the server's URL: %w", err)
	}
	return &connection{config: config, version: version, prober: prober, ready: base.JoinPath("readyz").String()}, nil
}

// clientset makes clients over new TCP connections, and gives a function that closes them.
func (c *connection) clientset() (kubernetes.Interface, func(), error) {
	h, err := httpClient(c.config)
	if err != nil {
		return nil, nil, err
	}
	config := rest.CopyConfig(c.config)
	config.QPS, config.Burst = 20, 40
	set, err := kubernetes.NewForConfigAndClient(config, h)
	if err != nil {
		return nil, nil, fmt.Errorf("making clients: %w", err)
	}
	return set, h.CloseIdleConnections, nil
}

// httpClient uses HTTP/1.1: a request that is given up takes its connection with it, and the next
// attempt begins with a new one. A connection that is shared, as with HTTP/2, would for most of a
// minute go on being used after the cluster came back under it.
func httpClient(config *rest.Config) (*http.Client, error) {
	tlsConfig, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, fmt.Errorf("reading its certificates: %w", err)
	}
	dialer := &net.Dialer{Timeout: dialPatience, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3,
	}}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	transport := &http.Transport{
		TLSClientConfig: tlsConfig, DialContext: dialer.DialContext, TLSHandshakeTimeout: dialPatience,
		Proxy: config.Proxy, Protocols: protocols, IdleConnTimeout: time.Minute, MaxIdleConns: 4,
	}
	wrapped, err := rest.HTTPWrappersForConfig(config, transport)
	if err != nil {
		return nil, fmt.Errorf("reading its credentials: %w", err)
	}
	return &http.Client{Transport: wrapped}, nil
}
