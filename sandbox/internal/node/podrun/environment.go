package podrun

import (
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"shopset.dev/shopset/sandbox/internal/node/image"
	"shopset.dev/shopset/sandbox/internal/node/mount"
	"shopset.dev/shopset/sandbox/internal/node/podenv"
)

// environment computes the environment of a run and links its mounts. Nothing of
// the agent's own environment gets there except the search path.
func (c *container) environment(spec *corev1.Container, img image.Image) (*podenv.Set, mount.Root, error) {
	p := c.pod
	env := podenv.NewSet()
	root, err := p.volumes.Root(&corev1.Container{Name: spec.Name}, env.Lookup)
	if err != nil {
		return nil, root, err
	}
	c.addSandbox(env, spec, root.Dir)
	// The agent's own paths are real already, and may lie below a path that something is mounted at.
	own := env.Clone()
	for name, value := range img.Env {
		env.Put(name, value)
	}
	resolver := podenv.Resolver{Source: p.Source, Facts: p.facts()}
	if err := resolver.AddTo(env, p.spec(), spec); err != nil {
		return nil, root, err
	}
	// Only now: a sub-path may be made of the container's own variables.
	if root, err = p.volumes.Root(spec, env.Lookup); err != nil {
		return nil, root, err
	}
	env.Map(root.Rewrite, own)
	env.Put("POD_ROOT", root.Dir)
	return env, root, nil
}

// addSandbox adds what a process must know to live without a network and file
// system of its own. The container may override it.
func (c *container) addSandbox(env *podenv.Set, spec *corev1.Container, root string) {
	p := c.pod
	env.Put("PATH", os.Getenv("PATH"))
	env.Put("HOME", root)
	env.Put("TMPDIR", filepath.Join(root, "tmp"))
	env.Put("HOSTNAME", p.name)
	env.Put("POD_IP", p.local())
	env.Put("SANDBOX_BIND_ADDRESS", p.local())
	env.Put("POD_ROOT", root)
	if p.Proxy != "" {
		// Some clients ask a person for a missing password; the proxy reads only the user.
		proxy := "http://" + p.namespace + ":pod@" + p.Proxy
		for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
			env.Put(name, proxy)
		}
		env.Put("NO_PROXY", "localhost,127.0.0.0/8")
		env.Put("no_proxy", "localhost,127.0.0.0/8")
	}
	if volume, ok := mount.APIAccess(spec); ok && p.Server != "" {
		env.Put("KUBECONFIG", p.kubeconfigPath(volume))
	}
}

// prepared expands and rewrites the words of a command.
func prepared(words []string, root mount.Root, lookup func(string) (string, bool)) []string {
	return root.RewriteAll(podenv.ExpandAll(words, lookup))
}

func (p *pod) kubeconfigPath(volume string) string {
	return filepath.Join(p.dir, volume+".kubeconfig")
}

// writeKubeconfig writes how the pod's service account reaches the API server:
// clients that read fixed paths below /var/run would not find its token.
func (p *pod) writeKubeconfig() error {
	if p.Server == "" {
		return nil
	}
	spec := p.spec()
	for i := range spec.Spec.Containers {
		volume, ok := mount.APIAccess(&spec.Spec.Containers[i])
		if !ok {
			continue
		}
		config := clientcmdapi.NewConfig()
		config.Clusters["sandbox"] = &clientcmdapi.Cluster{Server: p.Server, CertificateAuthority: p.CAFile}
		config.AuthInfos["pod"] = &clientcmdapi.AuthInfo{TokenFile: filepath.Join(p.volumes.Path(volume), "token")}
		config.Contexts["pod"] = &clientcmdapi.Context{Cluster: "sandbox", AuthInfo: "pod", Namespace: p.namespace}
		config.CurrentContext = "pod"
		if err := clientcmd.WriteToFile(*config, p.kubeconfigPath(volume)); err != nil {
			return fmt.Errorf("writing the pod's kubeconfig: %w", err)
		}
		return nil
	}
	return nil
}
