package v1alpha1_test

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"shopset.dev/shopset/internal/apitest"
)

// rule is one thing that the API server checks about a single object. refused is part of its
// answer; empty means that it accepts. update is merged into the object after its creation.
type rule struct {
	kind, name, spec, update string
	refused                  string
}

const repositories = "{apps: {url: 'https://git.example/apps.git'}, system: {url: 'https://git.example/system.git'}"

func TestRulesOfSingleObjects(t *testing.T) {
	server := apitest.Start(t)
	for kind, rules := range map[string]map[string]rule{
		"Fleet": fleetRules(), "Repository": repositoryRules(), "Tier": tierRules(), "Configuration": configurationRules(),
		"FailureDomain": domainRules(), "WorkloadCluster": clusterRules(), "ShopSet": shopSetRules(), "Promotion": promotionRules(),
		"ShopClass": shopClassRules(), "Shop": shopRules(), "ClusterMaintenance": maintenanceRules(),
	} {
		for name, r := range rules {
			t.Run(kind+"/"+name, func(t *testing.T) {
				got := answer(t, server, r)
				switch {
				case r.refused == "" && got != nil:
					t.Errorf("refused: %v", got)
				case r.refused != "" && got == nil:
					t.Errorf("accepted, want a refusal with %q", r.refused)
				case got != nil && !strings.Contains(got.Error(), r.refused):
					t.Errorf("refused with\n%v\nwant\n%s", got, r.refused)
				}
			})
		}
	}
}

// answer creates the object in a namespace of its own and then updates it.
func answer(t *testing.T, server *apitest.Server, r rule) error {
	t.Helper()
	name := r.name
	if name == "" {
		name = "one"
	}
	document := fmt.Sprintf("{apiVersion: shopset.dev/v1alpha1, kind: %s, metadata: {name: '%s', namespace: %s}, spec: %s}",
		r.kind, name, server.Namespace(t, "rules"), r.spec)
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
		t.Fatalf("reading %s: %v", document, err)
	}
	if err := server.Client.Create(t.Context(), object); err != nil {
		return err
	}
	if r.update == "" {
		return nil
	}
	patch, err := yaml.YAMLToJSON([]byte("spec: " + r.update))
	if err != nil {
		t.Fatalf("reading %s: %v", r.update, err)
	}
	return server.Client.Patch(t.Context(), object, client.RawPatch("application/merge-patch+json", patch))
}

func fleetRules() map[string]rule {
	const label = "must be a DNS label"
	return map[string]rule{
		"the two repositories are enough": {kind: "Fleet", spec: repositories + "}"},
		"a name with a dot":               {kind: "Fleet", name: "eu.shop", spec: repositories + "}", refused: label},
		"a long name":                     {kind: "Fleet", name: strings.Repeat("n", 64), spec: repositories + "}", refused: label},
		"a path":                          {kind: "Fleet", spec: "{apps: {url: 'https://h/a', path: deploy/base}, system: {url: 'https://h/s'}}"},
		"a path that leaves":              {kind: "Fleet", spec: "{apps: {url: 'https://h/a', path: deploy/../..}, system: {url: 'https://h/s'}}", refused: "path must be relative"},
		"an absolute path":                {kind: "Fleet", spec: "{apps: {url: 'https://h/a', path: /etc}, system: {url: 'https://h/s'}}", refused: "path must be relative"},
		"a polling interval":              {kind: "Fleet", spec: repositories + ", pollInterval: 1s}"},
		"polling too often":               {kind: "Fleet", spec: repositories + ", pollInterval: 900ms}", refused: "pollInterval must be at least 1s"},
		"an interval that is none":        {kind: "Fleet", spec: repositories + ", pollInterval: often}", refused: "pollInterval"},
		"another prefix later":            {kind: "Fleet", spec: repositories + ", namePrefix: eu-}", update: "{namePrefix: us-}", refused: "namePrefix is immutable"},
		"a prefix where there was none":   {kind: "Fleet", spec: repositories + "}", update: "{namePrefix: us-}", refused: "namePrefix is immutable"},
		"another branch prefix later":     {kind: "Fleet", spec: repositories + "}", update: "{branchPrefix: level-}", refused: "branchPrefix is immutable"},
		"another entry Service later":     {kind: "Fleet", spec: repositories + "}", update: "{entryService: door}"},
		"a branch prefix with a folder":   {kind: "Fleet", spec: repositories + ", branchPrefix: shop/tier-}"},
		"a branch prefix Git refuses":     {kind: "Fleet", spec: repositories + ", branchPrefix: '../tier'}", refused: "branchPrefix"},
		"a prefix no name can have":       {kind: "Fleet", spec: repositories + ", namePrefix: 'EU '}", refused: "namePrefix"},
		"how the apps keep namespaces":    {kind: "Fleet", spec: "{apps: {url: 'https://h/a', namespaces: Keep}, system: {url: 'https://h/s'}}"},
		"an unknown way of keeping":       {kind: "Fleet", spec: "{apps: {url: 'https://h/a', namespaces: Drop}, system: {url: 'https://h/s'}}", refused: "Unsupported value"},
	}
}

func repositoryRules() map[string]rule {
	const form, credentials = "url must begin with https://", "url must not hold a user or password"
	rules := make(map[string]rule)
	for url, refused := range map[string]string{
		"https://git.example/apps.git":          "",
		"http://127.0.0.1:3000/apps.git":        "",
		"http://[::1]:3000/apps.git":            "",
		"ssh://git@git.example:2222/apps.git":   "",
		"git@git.example:team/apps.git":         "",
		"https://me:hunter2@git.example/apps":   credentials,
		"https://token@git.example/apps":        credentials,
		"https://me:p@ss@git.example/apps":      credentials,
		"ssh://git:hunter2@git.example/apps":    credentials,
		"file:///etc":                           form,
		"ext::sh -c id":                         form,
		"--upload-pack=id":                      form,
		"ssh://-oProxyCommand=id/apps":          form,
		"-x@git.example:apps":                   form,
		"https://git.example/apps\\n[core]":     form,
		"https://git.example/a b":               form,
		"apps.git":                              form,
		"git@git.example:-oProxyCommand=id.git": form,
	} {
		rules[url] = rule{kind: "Fleet", refused: refused,
			spec: fmt.Sprintf("{apps: {url: \"%s\"}, system: {url: 'https://h/s'}}", url)}
	}
	return rules
}

func tierRules() map[string]rule {
	return map[string]rule{
		"a level is enough":        {kind: "Tier", spec: "{level: 0}"},
		"no level":                 {kind: "Tier", spec: "{}", refused: "spec.level: Required value"},
		"a level below the ground": {kind: "Tier", spec: "{level: -1}", refused: "spec.level"},
		"another level later":      {kind: "Tier", spec: "{level: 1}", update: "{level: 2}", refused: "level is immutable"},
		"another mode later":       {kind: "Tier", spec: "{level: 1}", update: "{promotion: Manual}"},
		"an unknown mode":          {kind: "Tier", spec: "{level: 1, promotion: Never}", refused: "Unsupported value"},
		"gates":                    {kind: "Tier", spec: "{level: 1, gates: {soak: 1h30m, settle: 500ms, progressDeadline: 1s}}"},
		"a negative soak":          {kind: "Tier", spec: "{level: 1, gates: {soak: '-1s'}}", refused: "soak must not be negative"},
		"a negative settle":        {kind: "Tier", spec: "{level: 1, gates: {settle: '-1s'}}", refused: "settle must not be negative"},
		"a deadline too near":      {kind: "Tier", spec: "{level: 1, gates: {progressDeadline: 0s}}", refused: "progressDeadline must be at least 1s"},
		"a hold without a reason":  {kind: "Tier", spec: "{level: 1, hold: {owner: me}}", refused: "spec.hold.reason: Required value"},
		"a hold":                   {kind: "Tier", spec: "{level: 1, hold: {reason: sale, until: '2026-01-01T00:00:00Z'}}"},
		"a name with a dot":        {kind: "Tier", name: "a.b", spec: "{level: 1}", refused: "must be a DNS label"},
	}
}

func configurationRules() map[string]rule {
	const values = "a Configuration holds no secret values"
	patch := func(text string) string { return fmt.Sprintf("{patches: [{patch: %q}]}", text) }
	return map[string]rule{
		"an empty one":                       {kind: "Configuration", spec: "{}"},
		"a name with a dot":                  {kind: "Configuration", name: "a.b", spec: "{}", refused: "must be a DNS label"},
		"an ordinary patch":                  {kind: "Configuration", spec: patch("kind: Deployment\nmetadata: {name: api}\n")},
		"a Secret":                           {kind: "Configuration", spec: patch("apiVersion: v1\nkind: Secret\nmetadata: {name: db}\n"), refused: values},
		"a Secret in quotes":                 {kind: "Configuration", spec: patch("\"kind\": 'Secret'\n"), refused: values},
		"a Secret in the second document":    {kind: "Configuration", spec: patch("kind: Service\n---\nkind: Secret\n"), refused: values},
		"stringData":                         {kind: "Configuration", spec: patch("stringData:\n  a: b\n"), refused: values},
		"a reference of kind Secret":         {kind: "Configuration", spec: patch("kind: Gateway\nspec:\n  certificateRefs:\n  - name: tls\n    kind: Secret\n")},
		"a SecretStore":                      {kind: "Configuration", spec: patch("kind: SecretStore\nmetadata: {name: vault}\n")},
		"an empty patch":                     {kind: "Configuration", spec: patch(""), refused: "patch"},
		"two sets of literals of one name":   {kind: "Configuration", spec: "{literals: [{configMap: a, values: {b: c}}, {configMap: a, values: {d: e}}]}", refused: "Duplicate value"},
		"a variable from a Secret":           {kind: "Configuration", spec: "{secretEnv: [{workload: api, container: api, env: DB_PASSWORD, secret: db, key: password}]}"},
		"a variable with an impossible name": {kind: "Configuration", spec: "{secretEnv: [{workload: api, container: api, env: 'DB-PASSWORD', secret: db, key: password}]}", refused: "env"},
		"the largest patches that may be": {kind: "Configuration",
			spec: fmt.Sprintf("{patches: [%s]}", strings.Repeat("{patch: 'a: "+strings.Repeat("x", 30000)+"'},", 10))},
	}
}

func domainRules() map[string]rule {
	return map[string]rule{
		"a level is enough":     {kind: "FailureDomain", spec: "{level: site}"},
		"no level":              {kind: "FailureDomain", spec: "{}", refused: "spec.level: Required value"},
		"its own parent":        {kind: "FailureDomain", spec: "{level: site, parent: one}", refused: "cannot be its own parent"},
		"another as its parent": {kind: "FailureDomain", spec: "{level: site, parent: two}"},
		"a name with a dot":     {kind: "FailureDomain", name: "a.b", spec: "{level: site}", refused: "must be a DNS label"},
	}
}

func clusterRules() map[string]rule {
	return map[string]rule{
		"a domain is enough":               {kind: "WorkloadCluster", spec: "{failureDomain: a}"},
		"no domain":                        {kind: "WorkloadCluster", spec: "{}", refused: "spec.failureDomain: Required value"},
		"services":                         {kind: "WorkloadCluster", spec: "{failureDomain: a, services: [logs, monitoring]}"},
		"a service that is no folder name": {kind: "WorkloadCluster", spec: "{failureDomain: a, services: ['../logs']}", refused: "spec.services[0]"},
		"a service named twice":            {kind: "WorkloadCluster", spec: "{failureDomain: a, services: [logs, logs]}", refused: "Duplicate value"},
		"an unknown state":                 {kind: "WorkloadCluster", spec: "{failureDomain: a, state: Tired}", refused: "Unsupported value"},
		"no capacity at all":               {kind: "WorkloadCluster", spec: "{failureDomain: a, capacity: 0}", refused: "spec.capacity"},
		"a name with a dot":                {kind: "WorkloadCluster", name: "a.b", spec: "{failureDomain: a}", refused: "must be a DNS label"},
	}
}

func shopSetRules() map[string]rule {
	const spec = "{tier: dev, configuration: dev, cluster: a"
	return map[string]rule{
		"tier, configuration and cluster": {kind: "ShopSet", spec: spec + "}"},
		"no tier":                         {kind: "ShopSet", spec: "{configuration: dev, cluster: a}", refused: "spec.tier: Required value"},
		"another tier later":              {kind: "ShopSet", spec: spec + "}", update: "{tier: prod}"},
		"another cluster later":           {kind: "ShopSet", spec: spec + "}", update: "{cluster: b}", refused: "cluster is immutable"},
		"another namespace later":         {kind: "ShopSet", spec: spec + ", namespace: a}", update: "{namespace: b}", refused: "namespace is immutable"},
		"a namespace where was none":      {kind: "ShopSet", spec: spec + "}", update: "{namespace: b}", refused: "namespace is immutable"},
		"no namespace, said twice":        {kind: "ShopSet", spec: spec + "}", update: "{namespace: ''}"},
		"a namespace that is no label":    {kind: "ShopSet", spec: spec + ", namespace: a.b}", refused: "spec.namespace"},
		"one workload scaled twice":       {kind: "ShopSet", spec: spec + ", scale: [{name: api, count: 1}, {name: api, count: 2}]}", refused: "Duplicate value"},
		"the longest name":                {kind: "ShopSet", name: strings.Repeat("n", 43), spec: spec + "}"},
		"a name that is longer":           {kind: "ShopSet", name: strings.Repeat("n", 44), spec: spec + "}", refused: "at most 43 characters"},
		"a name with a dot":               {kind: "ShopSet", name: "a.b", spec: spec + "}", refused: "must be a DNS label"},
	}
}

func promotionRules() map[string]rule {
	const spec = "{tier: prod, apps: 0123abc, reason: because}"
	return map[string]rule{
		"a tier is enough":         {kind: "Promotion", spec: "{tier: prod}"},
		"a commit and a reason":    {kind: "Promotion", spec: spec},
		"a commit too short":       {kind: "Promotion", spec: "{tier: prod, apps: 0123ab}", refused: "spec.apps"},
		"a branch for a commit":    {kind: "Promotion", spec: "{tier: prod, apps: main}", refused: "spec.apps"},
		"another tier later":       {kind: "Promotion", spec: spec, update: "{tier: dev}", refused: "a Promotion's spec is immutable"},
		"another reason later":     {kind: "Promotion", spec: spec, update: "{reason: whim}", refused: "a Promotion's spec is immutable"},
		"the same once more":       {kind: "Promotion", spec: spec, update: "{tier: prod}"},
		"a name with a generation": {kind: "Promotion", name: "prod.20260101", spec: spec},
	}
}

func shopClassRules() map[string]rule {
	const weight, twice = "weight must be above 0 and at most 1M", "spread names a level twice"
	return map[string]rule{
		"a tier is enough":         {kind: "ShopClass", spec: "{tier: prod}"},
		"no tier":                  {kind: "ShopClass", spec: "{}", refused: "spec.tier: Required value"},
		"no domain":                {kind: "ShopClass", spec: "{tier: prod, domains: 0}", refused: "spec.domains"},
		"more domains than anyone": {kind: "ShopClass", spec: "{tier: prod, domains: 6}", refused: "spec.domains"},
		"levels":                   {kind: "ShopClass", spec: "{tier: prod, domains: 2, spread: [{level: site}, {level: platform, mode: Preferred}]}"},
		"a level twice":            {kind: "ShopClass", spec: "{tier: prod, spread: [{level: site}, {level: site, mode: Preferred}]}", refused: twice},
		"a level that is no label": {kind: "ShopClass", spec: "{tier: prod, spread: [{level: 'Site A'}]}", refused: "spec.spread[0].level"},
		"an unknown mode":          {kind: "ShopClass", spec: "{tier: prod, spread: [{level: site, mode: Maybe}]}", refused: "Unsupported value"},
		"a weight in thousandths":  {kind: "ShopClass", spec: "{tier: prod, weight: 50m}"},
		"a whole weight":           {kind: "ShopClass", spec: "{tier: prod, weight: 3}"},
		"no weight at all":         {kind: "ShopClass", spec: "{tier: prod, weight: 0}", refused: weight},
		"a negative weight":        {kind: "ShopClass", spec: "{tier: prod, weight: '-1'}", refused: weight},
		"a weight that is none":    {kind: "ShopClass", spec: "{tier: prod, weight: heavy}", refused: weight},
		"too much weight":          {kind: "ShopClass", spec: "{tier: prod, weight: 2M}", refused: weight},
		"three buckets":            {kind: "ShopClass", spec: "{tier: prod, buckets: 3}", refused: "buckets must be a power of two"},
		"the most buckets":         {kind: "ShopClass", spec: "{tier: prod, buckets: 65536}"},
		"twice as many buckets":    {kind: "ShopClass", spec: "{tier: prod, buckets: 64}", update: "{buckets: 128}"},
		"half as many buckets":     {kind: "ShopClass", spec: "{tier: prod, buckets: 64}", update: "{buckets: 32}", refused: "buckets can only grow"},
		"fewer than the default":   {kind: "ShopClass", spec: "{tier: prod}", update: "{buckets: 32}", refused: "buckets can only grow"},
		"a policy":                 {kind: "ShopClass", spec: "{tier: prod, edge: {rateLimit: {requestsPerSecond: 20, burst: 40}, maxInFlight: 100, retryPercent: 0, connectTimeout: 200ms, responseTimeout: 0s}}"},
		"no request a second":      {kind: "ShopClass", spec: "{tier: prod, edge: {rateLimit: {requestsPerSecond: 0}}}", refused: "requestsPerSecond"},
		"a retry for each and more": {kind: "ShopClass", spec: "{tier: prod, edge: {retryPercent: 101}}",
			refused: "spec.edge.retryPercent"},
		"no time to connect":      {kind: "ShopClass", spec: "{tier: prod, edge: {connectTimeout: 0s}}", refused: "connectTimeout must be between 10ms and 60s"},
		"a timeout that is none":  {kind: "ShopClass", spec: "{tier: prod, edge: {responseTimeout: soon}}", refused: "responseTimeout"},
		"a name with a dot":       {kind: "ShopClass", name: "a.b", spec: "{tier: prod}", refused: "must be a DNS label"},
		"a name that is too long": {kind: "ShopClass", name: strings.Repeat("n", 64), spec: "{tier: prod}", refused: "must be a DNS label"},
	}
}

func shopRules() map[string]rule {
	const weight = "weight must be above 0 and at most 1M"
	return map[string]rule{
		"hosts and a class":        {kind: "Shop", spec: "{hosts: [tea.example], class: standard}"},
		"no class":                 {kind: "Shop", spec: "{hosts: [tea.example]}", refused: "spec.class: Required value"},
		"an empty class":           {kind: "Shop", spec: "{hosts: [tea.example], class: ''}", refused: "spec.class"},
		"no hosts":                 {kind: "Shop", spec: "{class: standard}", refused: "spec.hosts: Required value"},
		"an empty list of hosts":   {kind: "Shop", spec: "{hosts: [], class: standard}", refused: "spec.hosts"},
		"an empty host":            {kind: "Shop", spec: "{hosts: [''], class: standard}", refused: "spec.hosts[0]"},
		"the most hosts":           {kind: "Shop", spec: "{hosts: [" + strings.Repeat("h.example,", 100) + "], class: standard}"},
		"too many hosts":           {kind: "Shop", spec: "{hosts: [" + strings.Repeat("h.example,", 101) + "], class: standard}", refused: "spec.hosts"},
		"another class later":      {kind: "Shop", spec: "{hosts: [tea.example], class: standard}", update: "{class: premium}"},
		"a weight":                 {kind: "Shop", spec: "{hosts: [tea.example], class: standard, weight: 12}"},
		"no weight":                {kind: "Shop", spec: "{hosts: [tea.example], class: standard, weight: 0m}", refused: weight},
		"a pin":                    {kind: "Shop", spec: "{hosts: [tea.example], class: standard, pin: [a-1, b-1]}"},
		"a pin twice":              {kind: "Shop", spec: "{hosts: [tea.example], class: standard, pin: [a-1, a-1]}", refused: "Duplicate value"},
		"something to avoid twice": {kind: "Shop", spec: "{hosts: [tea.example], class: standard, avoid: [a, a]}", refused: "Duplicate value"},
		"a name with a dot":        {kind: "Shop", name: "tea.example", spec: "{hosts: [tea.example], class: standard}", refused: "must be a DNS label"},
	}
}

func maintenanceRules() map[string]rule {
	const goal = "cannot change its goal"
	return map[string]rule{
		"a cluster is enough":   {kind: "ClusterMaintenance", spec: "{cluster: a}"},
		"no cluster":            {kind: "ClusterMaintenance", spec: "{}", refused: "spec.cluster: Required value"},
		"another cluster later": {kind: "ClusterMaintenance", spec: "{cluster: a}", update: "{cluster: b}", refused: "cluster is immutable"},
		"back when it is done":  {kind: "ClusterMaintenance", spec: "{cluster: a}", update: "{goal: Return}"},
		"aborted":               {kind: "ClusterMaintenance", spec: "{cluster: a}", update: "{goal: Abort}"},
		"on again while it goes back": {kind: "ClusterMaintenance", spec: "{cluster: a, goal: Return}", update: "{goal: Drain}",
			refused: goal},
		"aborted while it goes back": {kind: "ClusterMaintenance", spec: "{cluster: a, goal: Return}", update: "{goal: Abort}", refused: goal},
		"an unknown goal":            {kind: "ClusterMaintenance", spec: "{cluster: a, goal: Explode}", refused: "Unsupported value"},
		"larger steps later":         {kind: "ClusterMaintenance", spec: "{cluster: a}", update: "{stepPercent: 100}"},
		"no step at all":             {kind: "ClusterMaintenance", spec: "{cluster: a, stepPercent: 0}", refused: "spec.stepPercent"},
		"a name with a dot":          {kind: "ClusterMaintenance", name: "a.b", spec: "{cluster: a}", refused: "must be a DNS label"},
	}
}
