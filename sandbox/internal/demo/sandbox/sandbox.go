// Package sandbox drives the program shopset-sandbox for the demo, in a directory that belongs
// to the demo.
package sandbox

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"shopset.dev/shopset/sandbox/internal/control"
	"shopset.dev/shopset/sandbox/internal/demo/command"
	"shopset.dev/shopset/sandbox/internal/gitserver"
	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/state"
)

// own is the demo's own folder in the sandbox's directory. A sandbox without it is somebody
// else's.
const own = "demo"

// Sandbox is a sandbox in a directory.
type Sandbox struct {
	// Program is shopset-sandbox, Parts the directory of kubectl and the others.
	Program, Parts string
	Dir            layout.Dir
	// Progress is told how far a start is.
	Progress io.Writer
}

// Fresh makes the directory ready for a new sandbox: what an earlier demo left there is stopped
// and deleted. A sandbox that no demo made is left alone, which is an error.
func (s Sandbox) Fresh(ctx context.Context) error {
	_, err := os.Stat(s.Dir.State())
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("looking for a sandbox in %s: %w", s.Dir, err)
	default:
		if _, err := os.Stat(s.Work()); err != nil {
			return fmt.Errorf("%s holds a sandbox that is not the demo's; name another directory with --dir, or delete it with: %s down --purge --dir %s",
				s.Dir, s.Program, s.Dir)
		}
		if err := s.Purge(ctx); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(s.Work()); err != nil {
		return fmt.Errorf("deleting what an earlier demo left: %w", err)
	}
	if err := os.MkdirAll(s.Work(), 0o700); err != nil {
		return fmt.Errorf("making the demo's directory: %w", err)
	}
	return nil
}

// Work is the demo's own folder, for clones and the like.
func (s Sandbox) Work(elements ...string) string {
	return s.Dir.Path(append([]string{own}, elements...)...)
}

// Up starts the sandbox and returns when it is ready.
func (s Sandbox) Up(ctx context.Context) error {
	_, err := command.Runner{Echo: s.Progress}.Run(ctx, s.Program, "up", "--dir", string(s.Dir), "--parts", s.Parts)
	return err
}

// Load lets Pods with an image run a program of this machine, with variables added, each NAME=VALUE.
func (s Sandbox) Load(ctx context.Context, ref, binary string, env ...string) error {
	args := []string{"image", "load", ref, "--binary", binary, "--dir", string(s.Dir)}
	for _, entry := range env {
		args = append(args, "--env", entry)
	}
	_, err := command.Runner{}.Run(ctx, s.Program, args...)
	return err
}

// Fail makes a cluster fail, and says when it did.
func (s Sandbox) Fail(ctx context.Context, cluster string, mode control.Mode) (control.Failed, error) {
	return control.NewClient(s.Dir.ControlSocket()).Fail(ctx, cluster, mode)
}

// Recover undoes a failure and returns when the cluster is ready.
func (s Sandbox) Recover(ctx context.Context, cluster string) error {
	_, err := command.Runner{}.Run(ctx, s.Program, "recover", cluster, "--dir", string(s.Dir))
	return err
}

// Restart stops a cluster in good order and starts it with a changed setting, PROCESS.FLAG=VALUE.
func (s Sandbox) Restart(ctx context.Context, cluster, set string) error {
	_, err := command.Runner{}.Run(ctx, s.Program, "restart", cluster, "--set", set, "--dir", string(s.Dir))
	return err
}

// Edges are those that run, and the file with the certificate that vouches for them.
func (s Sandbox) Edges() (edges []state.Edge, ca string, err error) {
	st, err := state.Load(s.Dir.State())
	if err != nil {
		return nil, "", err
	}
	return st.EnabledEdges(), s.Dir.EdgeCA(), nil
}

// Down stops all processes and keeps the files.
func (s Sandbox) Down(ctx context.Context) error {
	_, err := command.Runner{}.Run(ctx, s.Program, "down", "--dir", string(s.Dir))
	return err
}

// Purge stops all processes and deletes the files.
func (s Sandbox) Purge(ctx context.Context) error {
	if err := os.RemoveAll(s.Work()); err != nil {
		return fmt.Errorf("deleting the demo's files: %w", err)
	}
	_, err := command.Runner{}.Run(ctx, s.Program, "down", "--purge", "--dir", string(s.Dir))
	return err
}

// Git says where the repositories are, once the sandbox is up.
type Git struct {
	AppsURL, SystemURL, Username string
	// PasswordFile holds the password and nothing else.
	PasswordFile string
	// Base is the beginning of both URLs, with the final slash.
	Base string
}

// Git reads it from the sandbox's state.
func (s Sandbox) Git() (Git, error) {
	st, err := state.Load(s.Dir.State())
	if err != nil {
		return Git{}, err
	}
	return Git{
		AppsURL: st.Git.Repository(gitserver.Apps), SystemURL: st.Git.Repository(gitserver.System),
		Username: st.Git.Username, PasswordFile: s.Dir.GitPassword(), Base: st.Git.URL(),
	}, nil
}

// Kubectl runs the sandbox's kubectl on a cluster, and git and the others beside it.
func (s Sandbox) Kubectl(cluster string) command.Runner {
	return command.Runner{Env: []string{
		"KUBECONFIG=" + s.Dir.Kubeconfig(cluster),
		"PATH=" + s.Parts + string(os.PathListSeparator) + os.Getenv("PATH"),
	}}
}

// Management is the cluster that ShopSet and Argo CD run on.
const Management = state.Management

// TellOfPushes makes the Git server post every push to a URL, signed with the secret in a file.
func (s Sandbox) TellOfPushes(url, secretFile string) error {
	data, err := json.MarshalIndent([]gitserver.Webhook{{URL: url, SecretFile: secretFile}}, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the webhook: %w", err)
	}
	return state.WriteFile(s.Dir.Webhooks(), append(data, '\n'), 0o600)
}

// Locate finds the programs in a directory of built programs.
func Locate(bin string) (program, parts string, err error) {
	program = filepath.Join(bin, "shopset-sandbox")
	parts = filepath.Join(bin, "sandbox-parts")
	for _, path := range []string{program, filepath.Join(parts, "kubectl")} {
		if _, err := os.Stat(path); err != nil {
			return "", "", fmt.Errorf("looking for the sandbox's programs: %w; build them with: make build", err)
		}
	}
	if parts, err = filepath.EvalSymlinks(parts); err != nil {
		return "", "", fmt.Errorf("looking for the sandbox's programs: %w", err)
	}
	return program, parts, nil
}

// Versions of what the sandbox is made of, as built into its programs.
func (s Sandbox) Versions() (map[string]string, error) {
	info, err := buildinfo.ReadFile(filepath.Join(s.Parts, "kubectl"))
	if err != nil {
		return nil, fmt.Errorf("reading the versions of the sandbox's programs: %w", err)
	}
	names := map[string]string{
		"k8s.io/kubernetes":              "kubernetes",
		"github.com/argoproj/argo-cd/v3": "argocd",
		"go.etcd.io/etcd/server/v3":      "etcd",
	}
	versions := map[string]string{"go": info.GoVersion}
	for _, module := range info.Deps {
		if name, ok := names[module.Path]; ok {
			versions[name] = module.Version
		}
	}
	return versions, nil
}
