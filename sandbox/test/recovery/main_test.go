package recovery

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"shopset.dev/shopset/sandbox/internal/demo/fleet"
	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/process"
	"shopset.dev/shopset/sandbox/internal/state"
)

const (
	// patience bounds the wait for what must happen, on a busy machine.
	patience = 4 * time.Minute
	// cluster is the one workload cluster.
	cluster = "cluster-a"
	// borrowed names a sandbox that is up already.
	borrowed = "SHOPSET_RECOVERY_SANDBOX"
)

// box is the sandbox of all tests, and the programs they run.
type box struct {
	// root is the repository's, home a temporary directory.
	root, home string
	parts      string
	controller string
	dir        layout.Dir
	// spawner's children end with the tests, however those end.
	spawner *process.Spawner
	// mgmt has every right on the management cluster.
	mgmt client.Client
}

// shared is set once by TestMain, which can pass nothing on.
var shared *box //nolint:gochecknoglobals // see above

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if testing.Short() {
		return m.Run(), nil // every test says why it is skipped
	}
	logf.SetLogger(logr.Discard())
	home, err := os.MkdirTemp("", "recovery-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(home)
	b := &box{home: home, spawner: process.NewSpawner()}
	begun := time.Now()
	if err := b.build(); err != nil {
		return 0, err
	}
	if b.dir = layout.Dir(os.Getenv(borrowed)); b.dir == "" {
		b.dir = layout.Dir(filepath.Join(home, "sandbox"))
		defer func() { err = errors.Join(err, b.sandbox("down", "--purge")) }()
		if err := b.sandbox("up", "--clusters", cluster, "--parts", b.parts); err != nil {
			return 0, err
		}
	}
	if err := b.install(); err != nil {
		return 0, err
	}
	fmt.Printf("the sandbox is up and the programs are built after %.0f s\n", time.Since(begun).Seconds())
	shared = b
	return m.Run(), nil
}

// build makes the two programs from the sources as they are now.
func (b *box) build() error {
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		return err
	}
	b.root, b.parts = root, filepath.Join(root, "bin", "sandbox-parts")
	b.controller = filepath.Join(b.home, "shopset-controller")
	if _, err := os.Stat(filepath.Join(b.parts, "kube-apiserver")); err != nil {
		return fmt.Errorf("these tests need the sandbox's programs: %w; build them with sandbox/build.sh", err)
	}
	for program, at := range map[string]struct{ module, pkg string }{
		b.controller:                             {root, "./cmd/shopset-controller"},
		filepath.Join(b.home, "shopset-sandbox"): {filepath.Join(root, "sandbox"), "./cmd/shopset-sandbox"},
	} {
		cmd := exec.Command("go", "build", "-p", "2", "-o", program, at.pkg)
		cmd.Dir, cmd.Env = at.module, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w\n%s", at.pkg, err, out)
		}
	}
	return nil
}

func (b *box) sandbox(args ...string) error {
	args = append(args, "--dir", string(b.dir))
	if out, err := exec.Command(filepath.Join(b.home, "shopset-sandbox"), args...).CombinedOutput(); err != nil {
		return fmt.Errorf("running shopset-sandbox %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// install brings ShopSet's kinds to the management cluster.
func (b *box) install() error {
	if out, err := b.kubectl(context.Background(), "apply", "--server-side", "-k", filepath.Join(b.root, "config", "crd")); err != nil {
		return fmt.Errorf("installing the definitions: %w\n%s", err, out)
	}
	if out, err := b.kubectl(context.Background(), "wait", "--for=condition=Established", "--timeout=120s",
		"crd/fleets.shopset.dev", "crd/tiers.shopset.dev", "crd/shopsets.shopset.dev", "crd/configurations.shopset.dev",
		"crd/workloadclusters.shopset.dev", "crd/failuredomains.shopset.dev", "crd/promotions.shopset.dev"); err != nil {
		return fmt.Errorf("waiting for the definitions: %w\n%s", err, out)
	}
	var err error
	b.mgmt, err = fleet.Connect(b.kubeconfig())
	return err
}

func (b *box) kubeconfig() string { return b.dir.Kubeconfig(state.Management) }

func (b *box) kubectl(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(b.parts, "kubectl"), append([]string{"--kubeconfig", b.kubeconfig()}, args...)...)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// need gives the sandbox to a test.
func need(t *testing.T) *box {
	t.Helper()
	if testing.Short() {
		t.Skip("starts whole clusters, which -short forbids")
	}
	return shared
}

// eventually waits until a check returns no error.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s: %v", what, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// get fetches a URL on a connection of its own.
func get(url string) (string, error) {
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	return string(body), err
}
