package convention

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/api/v1alpha1"
)

func sorted(lines []string) []string {
	lines = slices.Clone(lines)
	slices.Sort(lines)
	return lines
}

func TestPatchProblems(t *testing.T) {
	const header = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: api\n"
	const container = header + "spec:\n  template:\n    spec:\n      containers:\n      - name: api\n"
	deployment := &v1alpha1.PatchTarget{Kind: "Deployment"}
	secret := &v1alpha1.PatchTarget{Kind: "Secret", Name: "db"}
	configMap := &v1alpha1.PatchTarget{Kind: "ConfigMap"}
	const nameless = "InvalidPatch: without a target, a patch must name what it applies to: apiVersion, kind and metadata.name"
	tests := map[string]struct {
		patch  string
		target *v1alpha1.PatchTarget
		want   []string
	}{
		"a strategic patch in order":         {patch: container + "        env:\n        - {name: LOG_LEVEL, value: debug}\n"},
		"the same as JSON":                   {patch: `{"kind":"Deployment","metadata":{"name":"api"},"spec":{"replicas":2}}`},
		"operations in order":                {patch: "- {op: replace, path: /spec/replicas, value: 3}\n- {op: remove, path: /spec/paused}\n", target: deployment},
		"several documents":                  {patch: header + "---\n" + header},
		"no patch at all":                    {patch: "# nothing\n", want: []string{"InvalidPatch: the patch is empty"}},
		"a text is no patch":                 {patch: "hello", want: []string{"InvalidPatch: a patch must be an object or a list of operations"}},
		"neither YAML nor JSON":              {patch: "a: [", want: []string{"InvalidPatch: this is neither YAML nor JSON"}},
		"a key that is set twice":            {patch: header + "kind: Secret\n", want: []string{"InvalidPatch: this is neither YAML nor JSON"}},
		"a patch that applies to nothing":    {patch: "spec: {replicas: 2}\n", want: []string{nameless}},
		"a target replaces the name":         {patch: "spec: {replicas: 2}\n", target: deployment},
		"operations without a target":        {patch: "- {op: remove, path: /a}\n", want: []string{"InvalidPatch: a list of operations (JSON 6902) needs a target"}},
		"an operation that does not exist":   {patch: "- {op: set, path: /a}\n", target: deployment, want: []string{"InvalidPatch: operation 0 needs op (add, remove, replace, move, copy or test) and a path that begins with /"}},
		"an operation that is a text":        {patch: "- hello\n", target: deployment, want: []string{"InvalidPatch: operation 0 is not an object"}},
		"the data of a Secret":               {patch: "kind: Secret\nmetadata: {name: db}\ndata: {user: eA==}\n", want: []string{"SecretValue: it sets the data of a Secret"}},
		"the stringData of a Secret":         {patch: `{"kind":"Secret","metadata":{"name":"db"},"stringData":{"user":"x"}}`, want: []string{"SecretValue: it sets the stringData of a Secret"}},
		"a Secret by its target":             {patch: "data: {user: eA==}\n", target: secret, want: []string{"SecretValue: it sets the data of a Secret"}},
		"a Secret in a list of objects":      {patch: "kind: List\nitems:\n- {kind: Secret, metadata: {name: db}, data: {user: eA==}}\n", want: []string{"SecretValue: it sets the data of a Secret"}},
		"a Secret by an operation":           {patch: "- {op: add, path: /data/user, value: eA==}\n", target: secret, want: []string{"SecretValue: it sets the data of a Secret"}},
		"a whole Secret by an operation":     {patch: "- {op: replace, path: '', value: {kind: Secret, stringData: {a: b}}}\n", target: deployment, want: []string{"SecretValue: it sets the stringData of a Secret"}},
		"the labels of a Secret are fine":    {patch: "kind: Secret\nmetadata: {name: db, labels: {a: b}}\n"},
		"a Secret taken out is fine":         {patch: "$patch: delete\nkind: Secret\nmetadata: {name: db}\n"},
		"a variable with a password":         {patch: container + "        env:\n        - {name: DB_PASSWORD, value: hunter2}\n", want: []string{"SecretValue: spec.template.spec.containers[0].env[0].value: the name DB_PASSWORD says that it is a secret"}},
		"a variable with a numeric password": {patch: container + "        env:\n        - {name: DB_PASSWORD, value: 1234}\n", want: []string{"SecretValue: spec.template.spec.containers[0].env[0].value: the name DB_PASSWORD says that it is a secret"}},
		"a variable from a Secret is fine":   {patch: container + "        env:\n        - {name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}\n"},
		"a variable by an operation":         {patch: "- {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: API_KEY, value: x}}\n", target: deployment, want: []string{"SecretValue: /spec/template/spec/containers/0/env/-.value: the name API_KEY says that it is a secret"}},
		"a variable with a URL":              {patch: container + "        env:\n        - {name: DB, value: 'postgres://u:hunter2@db/x'}\n", want: []string{"SecretValue: spec.template.spec.containers[0].env[0].value: it looks like a URL with a password"}},
		"an option with its value":           {patch: container + "        args: [--db-password, hunter2, --log-level, debug]\n", want: []string{"SecretValue: spec.template.spec.containers[0].args[1]: the option --db-password before it says that it is a secret"}},
		"an option and value in one":         {patch: container + "        args: [--db-password=hunter2]\n", want: []string{"SecretValue: spec.template.spec.containers[0].args[0]: it sets --db-password, whose name says that it is a secret"}},
		"fields that refer to Secrets":       {patch: "kind: Ingress\nmetadata: {name: lb}\nspec: {tls: [{secretName: tls}], auth: {secret: basic, tokenRef: {name: t}}}\n"},
		"service account tokens are fine":    {patch: header + "spec: {template: {spec: {automountServiceAccountToken: false, imagePullSecrets: [{name: pull}]}}}\n"},
		"the data of a ConfigMap":            {patch: "data: {LOG_LEVEL: info, API_KEY: hunter2}\n", target: configMap, want: []string{"SecretValue: data[API_KEY]: its name says that it is a secret"}},
		"a ConfigMap by an operation":        {patch: "- {op: add, path: /data/db~1password, value: hunter2}\n", target: configMap, want: []string{"SecretValue: data[db/password]: its name says that it is a secret"}},
		"a private key in an annotation":     {patch: "kind: Service\nmetadata: {name: lb, annotations: {note: '-----BEGIN " + "PRIVATE KEY-----'}}\n", want: []string{"SecretValue: metadata.annotations.note: it looks like a private key"}},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range patchProblems(v1alpha1.Patch{Patch: c.patch, Target: c.target}) {
				got = append(got, string(p.code)+": "+p.what)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}
