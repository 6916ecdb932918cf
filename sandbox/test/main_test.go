// Package test tries whole sandboxes: the real program, real clusters, real
// Git and a real Argo CD.
package test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// serveVariable makes this test binary the program of an image.
const serveVariable = "SANDBOX_TEST_SERVE"

// program is the shopset-sandbox under test, parts the directory of programs.
// Both are set once by TestMain, which has no other way to pass them on.
var program, parts string

func TestMain(m *testing.M) {
	if greeting := os.Getenv(serveVariable); greeting != "" {
		serve(greeting)
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return 0, err
	}
	parts = filepath.Join(repository, "bin", "sandbox-parts")
	if _, err := os.Stat(filepath.Join(parts, "kube-apiserver")); err != nil {
		return 0, fmt.Errorf("these tests need the sandbox's programs: %w; build them with sandbox/build.sh", err)
	}
	dir, err := os.MkdirTemp("", "sandbox-test-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "shopset-sandbox")
	build := exec.Command("go", "build", "-o", program, filepath.Join(repository, "sandbox", "cmd", "shopset-sandbox"))
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building shopset-sandbox: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// serve is what a Pod of the test's image does.
func serve(greeting string) {
	address := net.JoinHostPort(os.Getenv("SANDBOX_BIND_ADDRESS"), "8080")
	fmt.Println("serving", greeting)
	err := http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, greeting)
	}))
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
