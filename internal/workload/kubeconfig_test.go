package workload

import (
	"strings"
	"testing"
)

const kubeconfig = `apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://127.0.0.1:6443", CLUSTER}}]
users: [{name: u, user: {USER}}]
`

func TestParseKubeconfig(t *testing.T) {
	with := func(cluster, user string) string {
		return strings.NewReplacer("CLUSTER", cluster, "USER", user).Replace(kubeconfig)
	}
	tests := map[string]struct{ content, refused string }{
		"with a token is taken":                {with("insecure-skip-tls-verify: true", "token: t"), ""},
		"with inlined certificates is taken":   {with("certificate-authority-data: Y2E=", "token: t"), ""},
		"with an exec plugin would run it":     {with("", "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}"), `would run the program "aws"`},
		"with an auth provider is refused":     {with("", "auth-provider: {name: oidc}"), "auth provider"},
		"with the path of a token would read":  {with("", "tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token"), "names files"},
		"with the path of a certificate, too":  {with("", "client-certificate: /c, client-key: /k"), "names files"},
		"with the path of a CA, too":           {with("certificate-authority: /ca", "token: t"), "names files"},
		"without a current context is refused": {strings.Replace(with("", "token: t"), "current-context: here", "", 1), "current-context"},
		"without a server is refused":          {strings.Replace(with("", "token: t"), `server: "https://127.0.0.1:6443", `, "", 1), "no cluster with a server"},
		"that is empty is refused":             {"", "current-context"},
		"that is no YAML is refused":           {"\t{", "reading it"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := parseKubeconfig([]byte(tc.content))
			switch {
			case tc.refused == "" && err == nil:
				if c.Host != "https://127.0.0.1:6443" {
					t.Errorf("host %q", c.Host)
				}
			case err == nil || tc.refused == "" || !strings.Contains(err.Error(), tc.refused):
				t.Errorf("got %v, want an error with %q", err, tc.refused)
			}
		})
	}
}
