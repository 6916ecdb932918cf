package routes

import (
	"fmt"
	"strings"
)

// Labels and names of the ConfigMaps.
const (
	FleetLabel      = "shopset.dev/fleet"
	TableLabel      = "shopset.dev/table"
	ConfigMapPrefix = "shopset-routes-"
	IndexConfigMap  = ConfigMapPrefix + "index"
)

// ConfigMap says how a file becomes one: its name and what TableLabel says. The key is the name of
// the file.
type ConfigMap struct {
	Name, Table, File string
}

// ConfigMapName is the name of the ConfigMap of a file.
func ConfigMapName(file string) string {
	if file == IndexFile {
		return IndexConfigMap
	}
	return ConfigMapPrefix + strings.TrimSuffix(file, ".txt")
}

// ConfigMaps lists what becomes of files, by the name of the file. Files that are none of the
// table's are left out.
func ConfigMaps[T any](files map[string]T) []ConfigMap {
	var list []ConfigMap
	for _, name := range sortedNames(files) {
		c := ConfigMap{Name: ConfigMapName(name), File: name}
		table, _, sharded := ShardFile(name)
		switch {
		case sharded:
			c.Table = table
		case name == ShopSetsFile, name == ClassesFile:
			c.Table = strings.TrimSuffix(name, ".txt")
		case name == IndexFile:
			c.Table = "index"
		default:
			continue
		}
		list = append(list, c)
	}
	return list
}

// Kustomization gives kustomization.yaml, with which `kubectl apply -k` and Argo CD make the
// ConfigMaps. Both names must be names of Kubernetes objects; they are written as they are.
func Kustomization(files map[string][]byte, namespace, fleet string) []byte {
	text := fmt.Appendf(nil, `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: %q
generatorOptions:
  disableNameSuffixHash: true
  labels:
    %s: %q
configMapGenerator:
`, namespace, FleetLabel, fleet)
	for _, c := range ConfigMaps(files) {
		text = fmt.Appendf(text, "- name: %s\n  files: [%s]\n  options:\n    labels:\n      %s: %s\n", c.Name, c.File, TableLabel, c.Table)
	}
	return text
}
