package controlplane

import (
	"fmt"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"shopset.dev/shopset/sandbox/internal/pki"
	"shopset.dev/shopset/sandbox/internal/state"
)

// WriteKubeconfig writes a kubeconfig for somebody outside the cluster, whose pair is among its
// certificates.
func (c Cluster) WriteKubeconfig(path, user string) error {
	return writeKubeconfig(path, c.Name, c.PublicURL(), c.Certificates(), user)
}

// writeKubeconfig writes a kubeconfig that needs no other file, readable by
// its owner only.
func writeKubeconfig(path, cluster, server string, certificates pki.Directory, user string) error {
	ca, err := os.ReadFile(certificates.Certificate(pki.CA))
	if err != nil {
		return fmt.Errorf("writing kubeconfig %s: %w", path, err)
	}
	pair, err := certificates.Read(user)
	if err != nil {
		return fmt.Errorf("writing kubeconfig %s: %w", path, err)
	}
	config := clientcmdapi.NewConfig()
	config.Clusters[cluster] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: ca}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{ClientCertificateData: pair.Certificate, ClientKeyData: pair.Key}
	config.Contexts[cluster] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: user}
	config.CurrentContext = cluster
	data, err := clientcmd.Write(*config)
	if err != nil {
		return fmt.Errorf("encoding kubeconfig %s: %w", path, err)
	}
	return state.WriteFile(path, data, 0o600)
}
