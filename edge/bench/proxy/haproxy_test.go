package proxy

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"shopset.dev/shopset/edge/internal/edgetest"
)

// startHAProxy starts Debian's HAProxy with the same hosts in a map. It returns nil and says why if
// there is none to be had.
func startHAProxy(b *testing.B, backend string, hosts []string) *contestant {
	b.Helper()
	program, libraries, err := haproxy(b.TempDir())
	if err != nil {
		b.Logf("without HAProxy: %v", err)
		return nil
	}
	dir, address := b.TempDir(), edgetest.FreePort(b)
	var table strings.Builder
	for _, host := range hosts {
		fmt.Fprintf(&table, "%s standard\n", host)
	}
	config := fmt.Sprintf(`global
  nbthread %d
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 1s
  option forwardfor
  http-reuse always
frontend shops
  bind %s
  use_backend %%[req.hdr(host),field(1,:),lower,map_str(%s)]
backend standard
  option httpchk GET /healthz
  server blue %s check
  server green %s check backup
`, runtime.NumCPU(), address, filepath.Join(dir, "hosts.map"), backend, backend)
	for name, text := range map[string]string{"hosts.map": table.String(), "haproxy.cfg": config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	cmd := exec.Command(program, "-db", "-f", filepath.Join(dir, "haproxy.cfg"))
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+libraries)
	return run(b, "haproxy", cmd, address)
}

// haproxy finds the program, or unpacks Debian's package into a folder, without installing it.
func haproxy(dir string) (program, libraries string, err error) {
	if program, err := exec.LookPath("haproxy"); err == nil {
		return program, "", nil
	}
	for _, tool := range []string{"apt-get", "apt-cache", "dpkg", "dpkg-query"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", "", fmt.Errorf("neither haproxy nor %s is here", tool)
		}
	}
	if err := unpack(dir, "haproxy", map[string]bool{}); err != nil {
		return "", "", err
	}
	found, err := filepath.Glob(filepath.Join(dir, "root", "usr", "lib", "*-linux-gnu*"))
	return filepath.Join(dir, "root", "usr", "sbin", "haproxy"), strings.Join(found, ":"), err
}

// unpack downloads a package and the libraries it needs that are not installed.
func unpack(dir, name string, done map[string]bool) error {
	if done[name] {
		return nil
	}
	done[name] = true
	download := exec.Command("apt-get", "download", name)
	download.Dir = dir
	if out, err := download.CombinedOutput(); err != nil {
		return fmt.Errorf("downloading Debian's %s: %w: %s", name, err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, name+"_*.deb"))
	if err != nil || len(files) == 0 {
		return errors.Join(fmt.Errorf("downloading Debian's %s left no file", name), err)
	}
	if out, err := exec.Command("dpkg", "-x", files[0], filepath.Join(dir, "root")).CombinedOutput(); err != nil {
		return fmt.Errorf("unpacking %s: %w: %s", files[0], err, out)
	}
	out, err := exec.Command("apt-cache", "depends", name).Output()
	if err != nil {
		return fmt.Errorf("asking what %s needs: %w", name, err)
	}
	for line := range strings.Lines(string(out)) {
		needed, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: lib")
		if ok && !installed("lib"+needed) {
			if err := unpack(dir, "lib"+needed, done); err != nil {
				return err
			}
		}
	}
	return nil
}

func installed(name string) bool {
	out, err := exec.Command("dpkg-query", "-W", "-f", "${Status}", name).Output()
	return err == nil && strings.HasSuffix(string(out), " installed")
}
