package argocd

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"shopset.dev/shopset/sandbox/internal/controlplane"
	"shopset.dev/shopset/sandbox/internal/pki"
)

// Namespace is where Argo CD's objects are.
const Namespace = "argocd"

const (
	// manifests is the directory of Argo CD's own files beside the programs.
	manifests = "argocd-manifests"
	crdKind   = "CustomResourceDefinition"

	typeLabel     = "argocd.argoproj.io/secret-type"
	clusterLabel  = "shopset.dev/cluster"
	platformLabel = "shopset.dev/platform"
)

// resync is the seconds after which Argo CD asks Git again unasked.
const resync = "120"

// settings overrides Argo CD's defaults.
func settings() map[string]any {
	return map[string]any{
		"timeout.reconciliation":             resync + "s",
		"timeout.reconciliation.jitter":      "0s",
		"application.resourceTrackingMethod": "annotation",
	}
}

// shipped reads Argo CD's own objects, definitions and configuration apart.
func shipped(parts, sandboxID string) (definitions, configuration []*unstructured.Unstructured, err error) {
	files, err := filepath.Glob(filepath.Join(parts, manifests, "*.yaml"))
	if err != nil {
		return nil, nil, fmt.Errorf("looking for Argo CD's manifests: %w", err)
	}
	if len(files) == 0 {
		return nil, nil, fmt.Errorf("looking for Argo CD's manifests: none in %s", filepath.Join(parts, manifests))
	}
	for _, file := range files { // Glob sorts
		objects, err := decode(file)
		if err != nil {
			return nil, nil, err
		}
		for _, object := range objects {
			if object.GetKind() == crdKind {
				definitions = append(definitions, object)
				continue
			}
			object.SetNamespace(Namespace)
			complete(object, sandboxID)
			configuration = append(configuration, object)
		}
	}
	return definitions, configuration, nil
}

// complete adds what an installation adds to the shipped configuration.
func complete(object *unstructured.Unstructured, sandboxID string) {
	switch object.GetName() {
	case "argocd-cm":
		data, _, _ := unstructured.NestedMap(object.Object, "data")
		if data == nil {
			data = map[string]any{}
		}
		maps.Copy(data, settings())
		object.Object["data"] = data
	case "argocd-secret":
		// Argo CD's API server would make it; there is none.
		key := sha256.Sum256([]byte("argocd server key " + sandboxID))
		object.Object["stringData"] = map[string]any{"server.secretkey": hex.EncodeToString(key[:])}
	}
}

func decode(file string) ([]*unstructured.Unstructured, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading Argo CD's manifests: %w", err)
	}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("decoding %s: %w", file, err)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

func namespace() *unstructured.Unstructured {
	return object("v1", "Namespace", "", Namespace, nil)
}

// project is the default AppProject, which allows everything.
func project() *unstructured.Unstructured {
	all := []any{map[string]any{"group": "*", "kind": "*"}}
	return object("argoproj.io/v1alpha1", "AppProject", Namespace, "default", map[string]any{
		"spec": map[string]any{
			"sourceRepos":                []any{"*"},
			"destinations":               []any{map[string]any{"namespace": "*", "server": "*", "name": "*"}},
			"clusterResourceWhitelist":   all,
			"namespaceResourceWhitelist": all,
		},
	})
}

// clusterSecret tells Argo CD of a workload cluster, as reached from outside.
func clusterSecret(c controlplane.Cluster) (*unstructured.Unstructured, error) {
	admin, err := c.Certificates().Read(pki.Admin)
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(c.Certificates().Certificate(pki.CA))
	if err != nil {
		return nil, fmt.Errorf("registering cluster %q: %w", c.Name, err)
	}
	encode := base64.StdEncoding.EncodeToString
	config, err := json.Marshal(map[string]any{"tlsClientConfig": map[string]any{
		"caData": encode(ca), "certData": encode(admin.Certificate), "keyData": encode(admin.Key),
	}})
	if err != nil {
		return nil, fmt.Errorf("registering cluster %q: %w", c.Name, err)
	}
	secret := object("v1", "Secret", Namespace, c.Name, map[string]any{
		"stringData": map[string]any{"name": c.Name, "server": c.PublicURL(), "config": string(config)},
	})
	secret.SetLabels(map[string]string{typeLabel: "cluster", clusterLabel: c.Name, platformLabel: c.Platform})
	return secret, nil
}

// repositoryCredentials apply to all repositories of the sandbox's Git server.
func repositoryCredentials(url, username, password string) *unstructured.Unstructured {
	secret := object("v1", "Secret", Namespace, "sandbox-git", map[string]any{
		"stringData": map[string]any{"type": "git", "url": url, "username": username, "password": password},
	})
	secret.SetLabels(map[string]string{typeLabel: "repo-creds"})
	return secret
}

func object(apiVersion, kind, namespace, name string, content map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{}}
	maps.Copy(o.Object, content)
	o.SetAPIVersion(apiVersion)
	o.SetKind(kind)
	o.SetNamespace(namespace)
	o.SetName(name)
	return o
}
