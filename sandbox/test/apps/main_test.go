// Package apps proves the promise that any kustomize application works as the apps repository:
// applications of many shapes, each with a fleet of its own, climb two or three tiers of one
// sandbox, and mistakes that people make are told in words that help and hurt nobody else.
package apps

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/state"
)

// workload is the cluster that runs ShopSets of different tiers side by side.
const workload = "cluster-a"

// otherCluster is the management cluster, as a cluster for ShopSets.
const otherCluster = "cluster-m"

// world is what all tests share: one sandbox with the controller running in it.
type world struct {
	dir   layout.Dir
	parts string
	git   state.Git
	// home holds clones and whatever else the tests write.
	home            string
	mgmt, workloads client.Client
}

var shared world //nolint:gochecknoglobals // set once by TestMain, which can pass nothing on

// crashVariable makes this test binary the program of an image that crashes.
const crashVariable = "APPS_TEST_CRASH"

func TestMain(m *testing.M) {
	if os.Getenv(crashVariable) != "" {
		fmt.Println("no, not today")
		os.Exit(1)
	}
	flag.Parse()
	if testing.Short() {
		fmt.Println("skipped: starts whole clusters, which -short forbids")
		os.Exit(0)
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// together is how many fleets are at work at a time: they mostly wait, and not for the processor.
const together = "8"

// widen lets more tests run at a time than there are processors, unless whoever runs them says how many.
func widen() error {
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if said {
		return nil
	}
	return flag.Set("test.parallel", together)
}

func run(m *testing.M) (code int, err error) {
	if err := widen(); err != nil {
		return 0, err
	}
	home, err := os.MkdirTemp("", "shopset-apps-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	repository, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		return 0, err
	}
	shared = world{dir: layout.Dir(filepath.Join(home, "sandbox")), home: home}
	if shared.parts, err = filepath.EvalSymlinks(filepath.Join(repository, "bin", "sandbox-parts")); err != nil {
		return 0, fmt.Errorf("these tests need the sandbox's programs: %w; build them with: make sandbox-parts", err)
	}
	if err := build(home, repository, "./cmd/shopset-controller"); err != nil {
		return 0, err
	}
	if err := build(home, filepath.Join(repository, "sandbox"), "./cmd/shopset-sandbox"); err != nil {
		return 0, err
	}
	sandbox := func(args ...string) error {
		return command(filepath.Join(home, "shopset-sandbox"), append(args, "--dir", string(shared.dir))...)
	}
	defer func() { err = errors.Join(err, sandbox("down", "--purge")) }()
	if err := sandbox("up", "--clusters", workload, "--parts", shared.parts); err != nil {
		return 0, err
	}
	if err := shared.connect(); err != nil {
		return 0, err
	}
	if err := command(filepath.Join(shared.parts, "kubectl"), "--kubeconfig", shared.dir.Kubeconfig(state.Management),
		"apply", "--server-side", "-k", filepath.Join(repository, "config", "crd")); err != nil {
		return 0, err
	}
	stop, err := startController(home)
	if err != nil {
		return 0, err
	}
	defer stop()
	return m.Run(), nil
}

// build puts a program of a module into a directory.
func build(into, module, pkg string) error {
	cmd := exec.Command("go", "build", "-p", "2", "-o", filepath.Join(into, filepath.Base(pkg)), pkg)
	cmd.Dir, cmd.Env = module, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	return nil
}

func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), args, err, out)
	}
	return nil
}

// connect reads where everything is.
func (w *world) connect() error {
	st, err := state.Load(w.dir.State())
	if err != nil {
		return err
	}
	w.git = st.Git
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	for cluster, c := range map[string]*client.Client{state.Management: &w.mgmt, workload: &w.workloads} {
		cfg, err := clientcmd.BuildConfigFromFlags("", w.dir.Kubeconfig(cluster))
		if err != nil {
			return fmt.Errorf("reading the kubeconfig of %s: %w", cluster, err)
		}
		cfg.QPS, cfg.Burst = 200, 400
		if *c, err = client.New(cfg, client.Options{Scheme: scheme}); err != nil {
			return fmt.Errorf("connecting to %s: %w", cluster, err)
		}
	}
	return nil
}

// startController runs the real controller, without admission: the planner alone must say what is
// wrong with an object.
func startController(home string) (stop func(), err error) {
	log, err := os.Create(controllerLog(home))
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, filepath.Join(home, "shopset-controller"), "--admission=false",
		"--bind-address", "127.0.0.1", "--metrics-port", ports[0], "--probe-port", ports[1], "--push-event-port", "0",
		"--dir", filepath.Join(home, "controller"))
	cmd.Env = append(os.Environ(), "KUBECONFIG="+shared.dir.Kubeconfig(state.Management))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("starting the controller: %w", err)
	}
	return func() {
		cancel()
		_ = cmd.Wait() // it was told to end
		_ = log.Close()
	}, nil
}

func controllerLog(home string) string { return filepath.Join(home, "controller.log") }

func freePorts(n int) ([]string, error) {
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("finding a free port: %w", err)
		}
		defer l.Close()
		ports = append(ports, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return ports, nil
}
