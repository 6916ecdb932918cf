// Package manager puts the controller's parts together: the fleet and the placement
// controller, the admission webhook, the push-event receiver, metrics and probes.
package manager

import (
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"
)

// Options are the controller's flags.
type Options struct {
	Namespace      string
	BindAddress    string
	MetricsPort    int
	ProbePort      int
	AdmissionPort  int
	PushEventPort  int
	LeaderElect    bool
	Admission      bool
	Dir            string
	ArgoNamespaces []string
	PlatformDir    string
	GitTimeout     time.Duration
	Verbosity      int
}

// AddFlags adds the flags with their defaults.
func (o *Options) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&o.Namespace, "namespace", "shopset-system", "namespace the controller runs in")
	f.StringVar(&o.BindAddress, "bind-address", "", "address to listen on; empty means all")
	f.IntVar(&o.MetricsPort, "metrics-port", 8080, "port of /metrics; 0 turns it off")
	f.IntVar(&o.ProbePort, "probe-port", 8081, "port of /healthz and /readyz; 0 turns it off")
	f.IntVar(&o.AdmissionPort, "admission-port", 9443, "port of the admission webhook")
	f.IntVar(&o.PushEventPort, "push-event-port", 9444, "port that receives push events at /push/<namespace>; 0 turns it off")
	f.BoolVar(&o.LeaderElect, "leader-elect", false, "let one of several replicas work at a time")
	f.BoolVar(&o.Admission, "admission", true, "serve the admission webhook")
	f.StringVar(&o.Dir, "dir", filepath.Join(os.TempDir(), "shopset"), "folder for local images of the repositories; losing it costs a clone")
	f.StringSliceVar(&o.ArgoNamespaces, "argocd-namespace", []string{"argocd"}, "namespaces in which Argo CD's Applications live")
	f.StringVar(&o.PlatformDir, "platform-dir", "", "folder with further resources (*.yaml) to add to every ShopSet; they climb the tiers like everything else")
	f.DurationVar(&o.GitTimeout, "git-timeout", 2*time.Minute, "bound on one Git operation over the network")
	f.IntVar(&o.Verbosity, "v", 0, "verbosity of the log")
}
