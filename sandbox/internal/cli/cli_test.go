package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/sandbox/internal/image"
	"shopset.dev/shopset/sandbox/internal/layout"
	node "shopset.dev/shopset/sandbox/internal/node/image"
	"shopset.dev/shopset/sandbox/internal/state"
)

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	parts := filepath.Join(dir, "parts")
	if err := os.MkdirAll(filepath.Join(parts, "kube-apiserver"), 0o700); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		args []string
		code int
		says string
	}{
		"an unknown verb":                       {[]string{"fly"}, exitUsage, "fly"},
		"an unknown flag":                       {[]string{"up", "--fast"}, exitUsage, "--fast"},
		"too many arguments":                    {[]string{"down", "now"}, exitUsage, "--help"},
		"an unknown mode":                       {[]string{"fail", "cluster-a", "--mode", "melt"}, exitUsage, "partition"},
		"an unknown output":                     {[]string{"status", "-o", "xml"}, exitUsage, "json"},
		"a workload cluster called mgmt":        {[]string{"up", "--clusters", "mgmt"}, exitUsage, "mgmt"},
		"a cluster's name that is a path":       {[]string{"up", "--clusters", "../x"}, exitUsage, "../x"},
		"status of no sandbox":                  {[]string{"status"}, exitUnhealthy, "shopset-sandbox up"},
		"failing a cluster of no sandbox":       {[]string{"fail", "cluster-a"}, exitUnhealthy, "shopset-sandbox up"},
		"env of no sandbox":                     {[]string{"env"}, exitError, "shopset-sandbox up"},
		"up without the programs":               {[]string{"up", "--parts", dir}, exitError, "sandbox/build.sh"},
		"down of no sandbox has nothing to do":  {[]string{"down"}, 0, "no sandbox"},
		"an image whose environment is no pair": {[]string{"image", "load", "a:1", "--binary", "x", "--env", "y"}, exitUsage, "NAME=VALUE"},
		"a setting that is no pair":             {[]string{"restart", "cluster-a", "--set", "event-ttl"}, exitUsage, "PROCESS.FLAG=VALUE"},
		"a restart in no sandbox":               {[]string{"restart", "cluster-a"}, exitUnhealthy, "shopset-sandbox up"},
		"edges without their program":           {[]string{"up", "--edges", "--parts", parts}, exitError, "make bin/shopset-edge"},
		"an image without a program":            {[]string{"image", "load", "a:1"}, exitUsage, "binary"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var out, messages bytes.Buffer
			args := append(c.args, "--dir", filepath.Join(dir, "sandbox"))
			code := Main(context.Background(), args, &out, &messages)
			if code != c.code || !strings.Contains(messages.String(), c.says) || out.Len() > 0 {
				t.Errorf("exit code %d, stderr %q, stdout %q; want %d, stderr with %q and nothing on stdout", code, messages.String(), out.String(), c.code, c.says)
			}
		})
	}
}

func TestEnvSurvivesTheShell(t *testing.T) {
	dir := layout.Dir(`/tmp/it's "a" $HOME; echo hi`)
	var script strings.Builder
	for _, v := range variables(dir, &state.State{}, "/parts") {
		script.WriteString("export " + v.name + "=" + v.value + "\n")
	}
	script.WriteString(`printf '%s|%s' "$SHOPSET_SANDBOX_DIR" "${PATH%%:*}"`)
	out, err := exec.Command("sh", "-c", script.String()).CombinedOutput()
	if want := string(dir) + "|/parts"; err != nil || string(out) != want {
		t.Errorf("got %q, %v; want %q", out, err, want)
	}
}

func TestTheNodeAgentFindsALoadedImage(t *testing.T) {
	dir := layout.Dir(filepath.Join(t.TempDir(), "sandbox"))
	program := filepath.Join(t.TempDir(), "cart")
	for _, content := range []string{"first", "second"} { // a reload replaces
		if err := os.WriteFile(program, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"image", "load", "registry.example/cart:v1", "--binary", program, "--entrypoint", "serve,--fast", "--env", "A=b=c", "--dir", string(dir)}
		if code := Main(context.Background(), args, &bytes.Buffer{}, &bytes.Buffer{}); code != 0 {
			t.Fatalf("exit code %d", code)
		}
	}
	got, err := node.Store{Dir: dir.Images()}.Find("registry.example/cart:v1")
	if err != nil {
		t.Fatal(err)
	}
	want := node.Image{
		Ref: "registry.example/cart:v1", Entrypoint: []string{"binary", "serve", "--fast"}, Env: map[string]string{"A": "b=c"},
		Dir: filepath.Join(dir.Images(), node.Key("registry.example/cart:v1")),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("image differs (-want +got):\n%s", diff)
	}
	command, err := got.Command(nil, []string{"--port=1"})
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(command.Path); err != nil || string(data) != "second" {
		t.Errorf("program holds %q, %v; want what was loaded last", data, err)
	}
	if err := image.Store(dir.Images()).Load("", program, nil, nil); err == nil {
		t.Error("an empty reference was accepted")
	}
}
