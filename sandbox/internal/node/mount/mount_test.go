package mount

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"shopset.dev/shopset/sandbox/internal/node/podenv"
)

func TestRewrite(t *testing.T) {
	rewriter := NewRewriter("/data/pods/1/root", "/data/pods/1", []string{"/etc/cart", "/etc/cart/secret/", "/data", "relative", "/"})
	for name, test := range map[string]struct{ text, want string }{
		"a mount path itself":                  {"/etc/cart", "/root/etc/cart"},
		"a file below it":                      {"/etc/cart/app.yaml", "/root/etc/cart/app.yaml"},
		"after an equals sign":                 {"--config=/etc/cart/a", "--config=/root/etc/cart/a"},
		"each in a list":                       {"/data:/etc/cart,/data", "/root/data:/root/etc/cart,/root/data"},
		"in a shell command":                   {"cat /data/x>'/etc/cart/y'", "cat /root/data/x>'/root/etc/cart/y'"},
		"in brackets":                          {"[(/data)]", "[(/root/data)]"},
		"in a file URL":                        {"file:///data/db?mode=ro", "file:///root/data/db?mode=ro"},
		"a nested mount":                       {"/etc/cart/secret/key", "/root/etc/cart/secret/key"},
		"a name that only begins like it":      {"/etc/cart2 /etc/cart-x /data.db", "/etc/cart2 /etc/cart-x /data.db"},
		"inside a longer path":                 {"/usr/etc/cart", "/usr/etc/cart"},
		"in the path of a web address":         {"http://host/data", "http://host/data"},
		"after a variable":                     {"$(HOME)/data ${HOME}/data", "$(HOME)/data ${HOME}/data"},
		"what was rewritten is not once more":  {"x=/root/etc/cart,/root/data", "x=/root/etc/cart,/root/data"},
		"nor what else is the pod's own":       {"/data/pods/1/kubeconfig", "/data/pods/1/kubeconfig"},
		"though another pod's is not":          {"/data/pods/12", "/root/data/pods/12"},
		"nothing":                              {"", ""},
		"the root is not a mount worth moving": {"/bin/sh", "/bin/sh"},
	} {
		t.Run(name, func(t *testing.T) {
			root := strings.NewReplacer("/root/", "/data/pods/1/root/")
			test.text, test.want = root.Replace(test.text), root.Replace(test.want)
			if got := rewriter.Rewrite(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name()[0] == '.' {
			continue
		}
		err := filepath.WalkDir(filepath.Join(dir, entry.Name())+"/", func(path string, _ fs.DirEntry, err error) error {
			if info, statErr := os.Stat(path); err != nil || statErr != nil || info.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			relative, _ := filepath.Rel(dir, path)
			found[relative] = string(data)
			return err
		})
		if data, readErr := os.ReadFile(filepath.Join(dir, entry.Name())); readErr == nil {
			found[entry.Name()] = string(data)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func TestPublishReplacesAllAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "volume")
	for _, step := range []struct {
		name string
		want map[string]string
	}{
		{"at first", map[string]string{"a": "1", "deep/b": "2"}},
		{"changed, one gone, one new", map[string]string{"a": "3", "c": "4"}},
		{"empty", map[string]string{}},
	} {
		content := payload{}
		for path, data := range step.want {
			content[path] = file{data: []byte(data), mode: 0o640}
		}
		if err := publish(dir, content); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if diff := cmp.Diff(step.want, read(t, dir)); diff != "" {
			t.Errorf("%s: %s", step.name, diff)
		}
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 2 { // the link and one version
		t.Errorf("old versions were left: %v", entries)
	}
	if err := publish(dir, payload{"../out": {}}); err == nil {
		t.Error("a path left the volume")
	}
}

func TestRootLinksMounts(t *testing.T) {
	dir := t.TempDir()
	volumes := NewVolumes(dir, nil, podenv.Facts{})
	for _, volume := range []string{"data", "conf"} {
		if err := os.MkdirAll(volumes.Path(volume), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	container := &corev1.Container{Name: "c", VolumeMounts: []corev1.VolumeMount{
		{Name: "conf", MountPath: "/data/conf"}, // inside the other, named first
		{Name: "data", MountPath: "/data"},
		{Name: "data", MountPath: "/logs", SubPathExpr: "logs/$(POD)"},
	}}
	lookup := func(string) (string, bool) { return "p-0", true }
	root, err := volumes.Root(container, lookup)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := volumes.Root(container, lookup); err != nil {
		t.Fatalf("linking again: %v", err)
	}
	if err := os.WriteFile(root.Rewrite("/logs/x"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(volumes.Path("data"), "logs", "p-0", "x")); err != nil {
		t.Errorf("a sub-path is not in its volume: %v", err)
	}
	if err := os.WriteFile(root.Rewrite("/data/conf/y"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(volumes.Path("conf"), "y")); err != nil {
		t.Errorf("a nested mount is not its own volume: %v", err)
	}
	container.VolumeMounts[2].SubPathExpr = "../$(POD)"
	if _, err := volumes.Root(container, lookup); err == nil {
		t.Error("a sub-path left its volume")
	}
	for given, want := range map[string]string{"": root.Dir, "/data": root.Dir + "/data", "/srv/app": root.Dir + "/srv/app", "../x": root.Dir + "/x"} {
		if got, err := root.WorkingDir(given); err != nil || got != want {
			t.Errorf("working directory %q is %q, %v; want %q", given, got, err, want)
		}
	}
}

func TestTokenIsStaleAfterFourFifthsOfItsLife(t *testing.T) {
	now := time.Now()
	token := Token{Issued: now, Expires: now.Add(100 * time.Minute)}
	if token.stale(now.Add(79 * time.Minute)) {
		t.Error("stale too soon")
	}
	if !token.stale(now.Add(80 * time.Minute)) {
		t.Error("not stale in time")
	}
}
