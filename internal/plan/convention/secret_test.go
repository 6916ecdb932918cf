package convention

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/api/v1alpha1"
)

func TestSecretName(t *testing.T) {
	secret := []string{
		"PASSWORD", "DB_PASSWORD", "dbPassword", "db.password", "client-secret", "clientSecret", "API_KEY", "apiKey", "APIKey",
		"apikey", "AWS_SECRET_ACCESS_KEY", "private-key", "SESSION_KEY", "GITHUB_TOKEN", "token", "credentials", "SIGNING_KEY_2",
		"PGPASSWORD2_PWD", "ENCRYPTION_KEYS", "passphrase",
	}
	plain := []string{
		"", "LOG_LEVEL", "PUBLIC_KEY", "primaryKey", "monkey", "KEYBOARD", "tokenizer", "secretName", "TOKEN_TTL", "PASSWORD_FILE",
		"password-min-length", "SECRET_REF", "apiKeyHeader", "TOKEN_URL", "ACCESS_KEY_ID", "compassword", "SORT_KEY", "tokenEndpoint",
	}
	for _, name := range secret {
		if !secretName(name) {
			t.Errorf("%q is the name of a secret", name)
		}
	}
	for _, name := range plain {
		if secretName(name) {
			t.Errorf("%q is not the name of a secret", name)
		}
	}
}

// fake builds a value of a well-known form in pieces, so that no scanner takes this file for a leak.
func fake(parts ...string) string { return strings.Join(parts, "") }

func TestSecretIn(t *testing.T) {
	long := strings.Repeat("a1B2", 12)
	const named = "its name says that it is a secret"
	tests := map[string]struct{ name, value, want string }{
		"an ordinary setting":                {"LOG_LEVEL", "debug", ""},
		"a password by its name":             {"DB_PASSWORD", "hunter2", named},
		"a numeric password":                 {"DB_PASSWORD", "123456", named},
		"an empty password":                  {"DB_PASSWORD", "  ", ""},
		"a switch about passwords":           {"REQUIRE_PASSWORD", "true", ""},
		"a duration of a token":              {"SESSION_TOKEN", "30m", ""},
		"a reference to a variable":          {"PASSWORD", "$(DB_PASSWORD)", ""},
		"a shell variable":                   {"PASSWORD", "${DB_PASSWORD}", ""},
		"a template":                         {"PASSWORD", "{{ .Values.password }}", ""},
		"a mounted file":                     {"PASSWORD", "/run/secrets/db.password", ""},
		"a reference into a vault":           {"PASSWORD", "vault:secret/data/db#password", ""},
		"a private key under any name":       {"motd", "-----BEGIN " + "RSA PRIVATE KEY-----\nMII\n", "it looks like a private key"},
		"a certificate is public":            {"ca.crt", "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n", ""},
		"a cloud key":                        {"id", fake("AKIA", "ABCDEFGHIJKLMNOP"), "it looks like an AWS access key"},
		"a forge token":                      {"x", fake("ghp", "_", long), "it looks like a GitHub token"},
		"another forge's token":              {"x", fake("glpat", "-", long), "it looks like a GitLab token"},
		"a chat hook":                        {"x", fake("https://hooks.slack", ".com/services/T0/B0/", long), "it looks like a Slack token"},
		"a payment key":                      {"x", fake("sk", "_live_", long), "it looks like a payment key"},
		"a signed token":                     {"x", fake("eyJ", long, ".eyJ", long, ".", long), "it looks like a signed token (JWT)"},
		"a header":                           {"x", "Authorization: Basic " + long, "it looks like an Authorization header"},
		"a header that is filled in later":   {"x", "Authorization: Bearer $(TOKEN)", ""},
		"a URL with a password":              {"DATABASE_URL", "postgres://app:hunter2@db:5432/shop", "it looks like a URL with a password"},
		"a URL whose password comes later":   {"DATABASE_URL", "postgres://app:$(PASSWORD)@db:5432/shop", ""},
		"a URL with a user only":             {"DATABASE_URL", "postgres://app@db:5432/shop", ""},
		"a URL with a port and an at sign":   {"LINK", "https://shop.example:8443/@user", ""},
		"a Redis URL without a user":         {"REDIS_URL", "redis://:hunter2@cache:6379/0", "it looks like a URL with a password"},
		"a keyword connection string":        {"DSN", "host=db user=app password=hunter2", "it looks like a connection string with a password"},
		"a driver connection string":         {"DSN", "app:hunter2@tcp(db:3306)/shop", "it looks like a connection string with a password"},
		"a connection string without one":    {"DSN", "app@tcp(db:3306)/shop", ""},
		"a properties file":                  {"app.properties", "log.level=info\ndb.password=hunter2\n", "it sets db.password, whose name says that it is a secret"},
		"a JSON file":                        {"app.json", "{\n  \"apiKey\": \"hunter2\",\n}\n", "it sets apiKey, whose name says that it is a secret"},
		"a file with references only":        {"app.yaml", "password: ${DB_PASSWORD}\napiKey: \"\"\ntokenTTL: 30m\n", ""},
		"a command line option":              {"ARGS", "--verbose --db-password=hunter2", "it sets --db-password, whose name says that it is a secret"},
		"a command line option with a file":  {"ARGS", "--db-password-file=/etc/pw --token=$(TOKEN)", ""},
		"words about secrets in a sentence":  {"GREETING", "forgot your password? we send a token", ""},
		"the name of a Secret":               {"TLS_SECRET_NAME", "shop-tls", ""},
		"many lines of prose with a keyword": {"motd", "welcome\nnever tell your password to anybody\n", ""},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			if got := secretIn(c.name, c.value); got != c.want {
				t.Errorf("secretIn(%q, …) = %q, want %q", c.name, got, c.want)
			}
		})
	}
}

func TestConfigurationFindings(t *testing.T) {
	configuration := v1alpha1.Configuration{ObjectMeta: meta("staging", 0), Spec: v1alpha1.ConfigurationSpec{
		Literals: []v1alpha1.Literals{{ConfigMap: "shop", Values: map[string]string{
			"LOG_LEVEL": "info", "API_TOKEN": "hunter2", "not a key": "x", "URL": "https://u:hunter2@h/"}}},
		SecretEnv: []v1alpha1.SecretEnv{
			{Workload: "api", Container: "api", Env: "A", Secret: "s", Key: "k"},
			{Workload: "api", Container: "api", Env: "A", Secret: "t", Key: "k"},
		},
		Patches: []v1alpha1.Patch{{Patch: "kind: Deployment\nmetadata: {name: api}\nspec: {replicas: 2}\n"}, {Patch: "a: ["}},
	}}
	o := valid()
	o.Configurations = []v1alpha1.Configuration{configuration}
	var got []string
	for _, f := range Findings(o) {
		got = append(got, string(f.Code)+" | "+f.Message)
		if strings.Contains(f.Message, "hunter2") {
			t.Errorf("the message repeats a secret: %q", f.Message)
		}
	}
	want := []string{
		"InvalidLiteral | Configuration staging: spec.literals[shop].values[not a key]: a ConfigMap cannot hold this key: a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+'); rename the key",
		"SecretValue | Configuration staging: spec.literals[shop].values[API_TOKEN]: its name says that it is a secret; " + takeOut,
		"SecretValue | Configuration staging: spec.literals[shop].values[URL]: it looks like a URL with a password; " + takeOut,
		"InvalidPatch | Configuration staging: spec.patches[1].patch: this is neither YAML nor JSON; correct the patch; kustomize's documentation of `patches` shows both forms",
		"InvalidLiteral | Configuration staging: spec.secretEnv[1]: variable A of container api in api is already set by spec.secretEnv[0]; keep one of the two",
	}
	if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}
