// Package layout says where a sandbox keeps its files. A sandbox is one
// directory; everything it writes lies below it, except Unix sockets whose
// path would be longer than the kernel accepts.
package layout

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
)

// maxSocketPath stays below the 108 bytes of sockaddr_un, its final NUL
// included, on every platform.
const maxSocketPath = 100

// Dir is a sandbox's directory, absolute.
type Dir string

// Path joins elements below the directory.
func (d Dir) Path(elements ...string) string {
	return filepath.Join(append([]string{string(d)}, elements...)...)
}

// State is the file with ports, addresses and process ids.
func (d Dir) State() string { return d.Path("state.json") }

// Lock is held by the running supervisor.
func (d Dir) Lock() string { return d.Path("supervisor.lock") }

// UpLock is held by whoever is starting a supervisor.
func (d Dir) UpLock() string { return d.Path("up.lock") }

// Progress is where a starting supervisor writes its stages, one JSON object a line.
func (d Dir) Progress() string { return d.Path("progress.jsonl") }

// Log is one process's log file.
func (d Dir) Log(name string) string { return d.Path("logs", name+".log") }

// Kubeconfig is a cluster's admin kubeconfig, as used from outside it.
func (d Dir) Kubeconfig(cluster string) string { return d.Path("kubeconfigs", cluster+".yaml") }

// Cluster is a cluster's own directory.
func (d Dir) Cluster(name string) string { return d.Path("clusters", name) }

// Images is the store of images that run as local processes.
func (d Dir) Images() string { return d.Path("images") }

// Git is the directory of the bare repositories.
func (d Dir) Git() string { return d.Path("git", "repositories") }

// GitPassword is the file with the Git server's password.
func (d Dir) GitPassword() string { return d.Path("git", "password") }

// Webhooks lists who is told of a push.
func (d Dir) Webhooks() string { return d.Path("webhooks.json") }

// ArgoCD is the directory Argo CD's two processes work in.
func (d Dir) ArgoCD(elements ...string) string {
	return d.Path(append([]string{"argocd"}, elements...)...)
}

// Edges is the directory of the edges and of their certificate authority.
func (d Dir) Edges(elements ...string) string {
	return d.Path(append([]string{"edges"}, elements...)...)
}

// EdgeCA is the certificate that vouches for the edges.
func (d Dir) EdgeCA() string { return d.Edges("pki", "ca.crt") }

// ControlSocket is where the supervisor answers.
func (d Dir) ControlSocket() string { return d.socket("run", "control.sock") }

// EgressSocket is where a cluster's kube-apiserver reaches Pods and Services.
func (d Dir) EgressSocket(cluster string) string {
	return d.socket("clusters", cluster, "egress.sock")
}

// AskPassSocket is where Argo CD's repo-server hands credentials to git.
func (d Dir) AskPassSocket() string { return d.socket("argocd", "askpass.sock") }

// socket is a path below the directory or, were that too long, one below
// ShortSockets.
func (d Dir) socket(elements ...string) string {
	path := d.Path(elements...)
	if len(path) <= maxSocketPath {
		return path
	}
	name := elements[len(elements)-1]
	if len(elements) > 2 {
		name = elements[1] + "-" + name
	}
	return filepath.Join(d.ShortSockets(), name)
}

// PrepareSockets makes the directories of all sockets of the named clusters.
func (d Dir) PrepareSockets(clusters []string) error {
	paths := []string{d.ControlSocket(), d.AskPassSocket()}
	for _, cluster := range clusters {
		paths = append(paths, d.EgressSocket(cluster))
	}
	for _, path := range paths {
		if err := MakePrivate(filepath.Dir(path)); err != nil {
			return err
		}
	}
	return nil
}

// ShortSockets is a directory with a short path of its own for each sandbox.
func (d Dir) ShortSockets() string {
	sum := sha256.Sum256([]byte(d))
	return filepath.Join(os.TempDir(), "shopset-sandbox-"+hex.EncodeToString(sum[:6]))
}
