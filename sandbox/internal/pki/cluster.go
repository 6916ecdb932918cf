package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Names of the pairs in a cluster's directory: <name>.crt and <name>.key.
const (
	CA            = "ca"
	EtcdCA        = "etcd-ca"
	FrontProxyCA  = "front-proxy-ca"
	APIServer     = "apiserver"
	KubeletClient = "apiserver-kubelet-client"
	EtcdServer    = "etcd-server"
	EtcdClient    = "etcd-client"
	FrontProxy    = "front-proxy-client"
	Admin         = "admin"
	Controllers   = "controller-manager"
	Scheduler     = "scheduler"
	NodeAgent     = "node-agent"
	// Serving is what the controller-manager and the scheduler answer with.
	Serving = "control-plane"
)

// Files of the key that signs service-account tokens.
const (
	ServiceAccountKey    = "service-account.key"
	ServiceAccountPublic = "service-account.pub"
)

// administrators is the group that Kubernetes grants everything.
const administrators = "system:masters"

// Directory holds a cluster's keys and certificates.
type Directory string

// Certificate is the path of a pair's certificate.
func (d Directory) Certificate(name string) string { return filepath.Join(string(d), name+".crt") }

// Key is the path of a pair's key.
func (d Directory) Key(name string) string { return filepath.Join(string(d), name+".key") }

// File is the path of any other file.
func (d Directory) File(name string) string { return filepath.Join(string(d), name) }

// Read reads a pair.
func (d Directory) Read(name string) (Pair, error) {
	certificate, err := os.ReadFile(d.Certificate(name))
	if err != nil {
		return Pair{}, fmt.Errorf("reading certificate %q: %w", name, err)
	}
	key, err := os.ReadFile(d.Key(name))
	if err != nil {
		return Pair{}, fmt.Errorf("reading the key of %q: %w", name, err)
	}
	return Pair{Certificate: certificate, Key: key}, nil
}

// Ensure makes all keys and certificates of a cluster unless they are there.
// Hosts are the names and addresses its API server answers to. The directory
// appears whole or not at all.
func (d Directory) Ensure(cluster string, hosts []string, now time.Time) error {
	if _, err := os.Stat(string(d)); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking for certificates of cluster %q: %w", cluster, err)
	}
	temporary := Directory(string(d) + ".new")
	if err := os.RemoveAll(string(temporary)); err != nil {
		return fmt.Errorf("making certificates of cluster %q: %w", cluster, err)
	}
	if err := os.MkdirAll(string(temporary), 0o700); err != nil {
		return fmt.Errorf("making certificates of cluster %q: %w", cluster, err)
	}
	if err := temporary.fill(cluster, hosts, now); err != nil {
		return fmt.Errorf("making certificates of cluster %q: %w", cluster, err)
	}
	if err := os.Rename(string(temporary), string(d)); err != nil {
		return fmt.Errorf("making certificates of cluster %q: %w", cluster, err)
	}
	return nil
}

// issues lists who signs what. The node agent does a cloud provider's work
// too (it assigns load balancer addresses), hence its group.
func issues(hosts []string) map[string]map[string]subject {
	return map[string]map[string]subject{
		CA: {
			APIServer:     {name: "kube-apiserver", hosts: hosts},
			Serving:       {name: "control-plane", hosts: hosts},
			KubeletClient: {name: "kube-apiserver-kubelet-client", organizations: []string{administrators}, client: true},
			Admin:         {name: "kubernetes-admin", organizations: []string{administrators}, client: true},
			Controllers:   {name: "system:kube-controller-manager", client: true},
			Scheduler:     {name: "system:kube-scheduler", client: true},
			NodeAgent:     {name: "shopset-sandbox:node-agent", organizations: []string{administrators}, client: true},
		},
		EtcdCA: {
			EtcdServer: {name: "etcd", hosts: hosts, client: true}, // its gateway is its own client
			EtcdClient: {name: "kube-apiserver", client: true},
		},
		FrontProxyCA: {
			FrontProxy: {name: "front-proxy-client", client: true},
		},
	}
}

func (d Directory) fill(cluster string, hosts []string, now time.Time) error {
	for name, subjects := range issues(hosts) {
		signer, err := newAuthority(cluster+"-"+name, now)
		if err != nil {
			return err
		}
		if err := d.write(name, signer.pair); err != nil {
			return err
		}
		for name, subject := range subjects {
			pair, err := signer.issue(subject)
			if err != nil {
				return err
			}
			if err := d.write(name, pair); err != nil {
				return err
			}
		}
	}
	return d.writeServiceAccountKey()
}

func (d Directory) write(name string, pair Pair) error {
	return errors.Join(
		os.WriteFile(d.Certificate(name), pair.Certificate, 0o600),
		os.WriteFile(d.Key(name), pair.Key, 0o600),
	)
}

func (d Directory) writeServiceAccountKey() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("making the service account key: %w", err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("encoding the service account key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("encoding the service account key: %w", err)
	}
	return errors.Join(
		os.WriteFile(d.File(ServiceAccountKey), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), 0o600),
		os.WriteFile(d.File(ServiceAccountPublic), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o600),
	)
}
