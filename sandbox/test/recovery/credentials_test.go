package recovery

import (
	"context"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"shopset.dev/shopset/api/v1alpha1"
)

const wrongPassword = "secret-but-wrong"

// credentialTroubles are those that a person makes and mends in the objects.
func credentialTroubles() []trouble {
	setPassword := func(password string) func(*testFleet) {
		return func(f *testFleet) {
			if password == "" {
				password = f.host.passwords[theController]
			}
			change(f, "git", &corev1.Secret{}, func(s *corev1.Secret) { s.Data["password"] = []byte(password) })
		}
	}
	setURL := func(set func(*v1alpha1.FleetSpec, string), url func(*testFleet) string) func(*testFleet) {
		return func(f *testFleet) {
			change(f, "fleet", &v1alpha1.Fleet{}, func(fl *v1alpha1.Fleet) { set(&fl.Spec, url(f)) })
		}
	}
	apps := func(s *v1alpha1.FleetSpec, url string) { s.Apps.URL = url }
	system := func(s *v1alpha1.FleetSpec, url string) { s.System.URL = url }
	badPort := func(*testFleet) string { return "http://127.0.0.1:99999/apps.git" }
	right := func(repository string) func(*testFleet) string {
		return func(f *testFleet) string { return f.host.url(repository) }
	}
	return []trouble{{
		name: "wrong credentials, then right ones", strike: setPassword(wrongPassword), heal: setPassword(""),
		fleet: []string{"CredentialsRefused", "Fleet fleet: spec.system.url", "put valid credentials into the Secret"},
		tier:  []string{"put valid credentials into the Secret"},
	}, {
		name: "Secret missing, then created",
		strike: func(f *testFleet) {
			if err := f.box.mgmt.Delete(context.Background(), f.credentials("")); err != nil {
				f.t.Fatal(err)
			}
		},
		heal:  func(f *testFleet) { f.create(f.credentials(f.host.passwords[theController])) },
		fleet: []string{"CredentialsMissing", "Fleet fleet: spec.", ".secretRef", "Secret recovery-faults/git", "create it"},
		tier:  []string{"create it"},
	}, {
		name: "malformed URL of the apps repository", strike: setURL(apps, badPort), heal: setURL(apps, right("apps")),
		fleet: []string{"InvalidURL", "Fleet fleet: spec.apps.url", "99999", "correct the URL"}, tier: []string{"correct the URL"},
	}, {
		name: "malformed URL of the system repository", strike: setURL(system, badPort), heal: setURL(system, right("system")),
		fleet: []string{"InvalidURL", "Fleet fleet: spec.system.url", "99999", "correct the URL"}, tier: []string{"correct the URL"},
	}}
}

// keptSecrets looks for passwords wherever people read: objects, events, log and metrics.
func (f *testFleet) keptSecrets(c *controller) {
	f.t.Helper()
	objects, err := f.box.kubectl(context.Background(), "-n", f.namespace, "get", "shopset,events,events.events.k8s.io", "-o", "yaml")
	if err != nil {
		f.t.Fatal(err)
	}
	metrics, err := get("http://" + c.metrics + "/metrics")
	if err != nil {
		f.t.Fatal(err)
	}
	read := map[string]string{"the objects and events": objects, "the log": c.said(), "the metrics": metrics, "the repositories' configuration": f.configuration(c)}
	for where, text := range read {
		if text == "" {
			f.t.Errorf("%s could not be read", where)
		}
		for _, secret := range append(f.secrets(), wrongPassword) {
			if strings.Contains(text, secret) {
				f.t.Errorf("a password is in %s", where)
			}
		}
	}
}

// configuration is what git keeps beside the objects of the controller's local images.
func (f *testFleet) configuration(c *controller) string {
	f.t.Helper()
	var all strings.Builder
	for _, repository := range []string{"apps", "system"} {
		config, err := os.ReadFile(c.dir + "/" + f.namespace + "/" + repository + ".git/repository.git/config")
		if err != nil {
			f.t.Fatal(err)
		}
		all.Write(config)
	}
	return all.String()
}
