package repos_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/sandbox/internal/demo/repos"
)

func TestEdited(t *testing.T) {
	const before = "images:\n- name: storefront\n  newTag: 1.0.0\nx:\n  - FAULT_CRASH=false\n  - FAULT_ERROR_RATE=0\n"
	for name, test := range map[string]struct {
		release repos.Release
		want    string
	}{
		"a release changes the tag": {
			repos.Release{Tag: "1.1.0"},
			"images:\n- name: storefront\n  newTag: 1.1.0\nx:\n  - FAULT_CRASH=false\n  - FAULT_ERROR_RATE=0\n",
		},
		"a bad release crashes a component too": {
			repos.Release{Tag: "1.2.0-bad", Crash: "api"},
			"images:\n- name: storefront\n  newTag: 1.2.0-bad\nx:\n  - FAULT_CRASH=api\n  - FAULT_ERROR_RATE=0\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := repos.Edited(before, test.release)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := repos.Edited("images: []\n", repos.Release{Tag: "1.1.0"}); err == nil {
		t.Error("a kustomization without the lines was taken")
	}
}

func TestTheStorefrontHasTheLinesThatAReleaseChanges(t *testing.T) {
	data, err := os.ReadFile("../../../../examples/storefront/kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	good, err := repos.Edited(string(data), repos.Release{Tag: "9.9.9"})
	if err != nil {
		t.Fatal(err)
	}
	bad, err := repos.Edited(good, repos.Release{Tag: "9.9.9", Crash: "api"})
	if err != nil || good == string(data) || bad == good {
		t.Errorf("nothing changed: %v", err)
	}
}
