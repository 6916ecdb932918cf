package caddyedge

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Options are the flags of shopset-edge.
type Options struct {
	Name           string
	Kubeconfig     string
	Namespace      string
	TablesDir      string
	StateDir       string
	HTTP           string
	HTTPS          string
	Status         string
	Certificates   string
	ACMEDirectory  string
	ACMECA         string
	ACMEEmail      string
	ProbePath      string
	TrustedProxies []string
	HTTP3Port      int
	Drain          time.Duration
	AccessLog      bool
	LogFormat      string
}

// AddFlags adds the flags with their defaults.
func (o *Options) AddFlags(f *pflag.FlagSet) {
	host, err := os.Hostname()
	if err != nil {
		host = "edge"
	}
	f.StringVar(&o.Name, "name", strings.ToLower(host), "name of this edge, unique in its fleet: a DNS label")
	f.StringVar(&o.TablesDir, "tables-dir", "", "read routing tables from this folder, for example a clone of the system repository's branch main, and not from Kubernetes")
	f.StringVar(&o.Kubeconfig, "kubeconfig", "", "file that leads to the Kubernetes API with the routing tables; empty: that of the pod")
	f.StringVar(&o.Namespace, "namespace", "shopset-edge", "Kubernetes namespace of the routing tables")
	f.StringVar(&o.StateDir, "state-dir", "", "folder for the last good table, which is served from after a restart when the control plane is gone, and for certificates asked for; empty: neither is kept")
	f.StringVar(&o.HTTP, "http", ":8080", "address for HTTP; empty: none")
	f.StringVar(&o.HTTPS, "https", ":8443", "address for HTTPS, and for HTTP/3 on the UDP port of the same number; empty: none. It is opened if there is a source of certificates")
	f.StringVar(&o.Status, "status", ":9110", "address of /status, /healthz, /readyz and /metrics; empty: none")
	f.StringVar(&o.Certificates, "certificates", "", "folder with certificates, NAME.crt with NAME.key; changed files are taken up")
	f.StringVar(&o.ACMEDirectory, "acme-directory", "", "URL of the ACME server that certificates of shops' own domains are asked from, when they are first needed")
	f.StringVar(&o.ACMECA, "acme-ca", "", "file with the certificate that vouches for the ACME server; empty: the system's")
	f.StringVar(&o.ACMEEmail, "acme-email", "", "address that the ACME server may write to")
	f.StringVar(&o.ProbePath, "probe-path", "/healthz", "path that ShopSets are probed at")
	f.StringSliceVar(&o.TrustedProxies, "trusted-proxies", nil, "networks in front of the edge whose X-Forwarded-For is believed, as 10.0.0.0/8")
	f.IntVar(&o.HTTP3Port, "http3-port", 0, "port at which clients reach HTTP/3, if a load balancer maps it; 0: that of --https")
	f.DurationVar(&o.Drain, "drain", 20*time.Second, "time that requests in flight get to finish when the edge is stopped")
	f.BoolVar(&o.AccessLog, "access-log", true, "write a line of JSON for each request to standard output")
	f.StringVar(&o.LogFormat, "log-format", "json", "format of what the edge says of itself on standard error: json or console")
}

// Validate says what is wrong with the flags, all at once, and what to do.
func (o *Options) Validate() error {
	return errors.Join(
		o.validateName(),
		o.validateTables(),
		o.validateAddresses(),
		o.validateTLS(),
		o.validateRest(),
	)
}

func (o *Options) validateName() error {
	if problems := validation.IsDNS1123Label(o.Name); len(problems) > 0 {
		return fmt.Errorf("--name %q is not a DNS label: use lower case letters, digits and -, such as --name edge-1", o.Name)
	}
	return nil
}

func (o *Options) validateTables() error {
	var problems []error
	if o.TablesDir == "" && o.Kubeconfig == "" && os.Getenv("KUBERNETES_SERVICE_HOST") == "" {
		problems = append(problems, errors.New("--tables-dir and --kubeconfig: neither is given, and this is no pod; give the place that the routing tables come from"))
	}
	if o.TablesDir != "" && o.Kubeconfig != "" {
		problems = append(problems, errors.New("--tables-dir and --kubeconfig: tables come from one place; drop one of the two"))
	}
	if o.TablesDir != "" {
		problems = append(problems, folder("tables-dir", o.TablesDir, "clone branch main of the system repository into it"))
	} else if problem := validation.IsDNS1123Label(o.Namespace); len(problem) > 0 {
		problems = append(problems, fmt.Errorf("--namespace %q is not a name of a namespace: give the one that has the routing tables, such as --namespace shopset-edge", o.Namespace))
	}
	if o.StateDir != "" {
		if err := os.MkdirAll(o.StateDir, 0o700); err != nil {
			problems = append(problems, fmt.Errorf("--state-dir %s cannot be made: %w; give a folder that the edge may write to", o.StateDir, err))
		}
	}
	return errors.Join(problems...)
}

func (o *Options) validateAddresses() error {
	var problems []error
	seen := make(map[string]string)
	for _, flag := range []struct{ name, value string }{{"http", o.HTTP}, {"https", o.HTTPS}, {"status", o.Status}} {
		if flag.value == "" {
			continue
		}
		if _, port, err := net.SplitHostPort(flag.value); err != nil || !isPort(port) {
			problems = append(problems, fmt.Errorf("--%s %q is not an address: write it as :8080 or 127.0.0.1:8080", flag.name, flag.value))
		}
		if other := seen[flag.value]; other != "" {
			problems = append(problems, fmt.Errorf("--%s and --%s are both %s: give them different ports", other, flag.name, flag.value))
		}
		seen[flag.value] = flag.name
	}
	if o.HTTP == "" && !o.servesTLS() {
		problems = append(problems, errors.New("--http is empty and HTTPS has no certificates: nothing would be served; set --http, or --https with --certificates or --acme-directory"))
	}
	return errors.Join(problems...)
}

func isPort(s string) bool {
	port, err := net.LookupPort("tcp", s)
	return err == nil && port > 0
}

func (o *Options) validateTLS() error {
	var problems []error
	if o.Certificates != "" {
		problems = append(problems, folder("certificates", o.Certificates, "put NAME.crt and NAME.key into it"))
	}
	if o.ACMEDirectory == "" && (o.ACMECA != "" || o.ACMEEmail != "") {
		problems = append(problems, errors.New("--acme-ca and --acme-email are for --acme-directory: set that too"))
	}
	if o.ACMEDirectory != "" {
		if u, err := url.Parse(o.ACMEDirectory); err != nil || u.Scheme != "https" || u.Host == "" {
			problems = append(problems, fmt.Errorf("--acme-directory %q is not an https URL: give the directory of the ACME server", o.ACMEDirectory))
		}
		if o.StateDir == "" {
			problems = append(problems, errors.New("--acme-directory without --state-dir would ask for every certificate anew after a restart: set --state-dir"))
		}
	}
	if o.ACMECA != "" {
		if _, err := os.Stat(o.ACMECA); err != nil {
			problems = append(problems, fmt.Errorf("--acme-ca: %w; give a file with a PEM certificate", err))
		}
	}
	if (o.Certificates != "" || o.ACMEDirectory != "") && o.HTTPS == "" {
		problems = append(problems, errors.New("--https is empty, so --certificates and --acme-directory have no use: set --https, or drop them"))
	}
	return errors.Join(problems...)
}

func (o *Options) validateRest() error {
	var problems []error
	if !strings.HasPrefix(o.ProbePath, "/") {
		problems = append(problems, fmt.Errorf("--probe-path %q: begin it with /, such as /healthz", o.ProbePath))
	}
	for _, network := range o.TrustedProxies {
		if _, err := netip.ParsePrefix(network); err != nil {
			problems = append(problems, fmt.Errorf("--trusted-proxies %q is not a network: write it as 10.0.0.0/8", network))
		}
	}
	if o.Drain <= 0 {
		problems = append(problems, fmt.Errorf("--drain %s: give requests in flight some time, such as 20s", o.Drain))
	}
	if o.HTTP3Port < 0 || o.HTTP3Port > 65535 {
		problems = append(problems, fmt.Errorf("--http3-port %d is not a port: give 1 to 65535, or 0 for that of --https", o.HTTP3Port))
	}
	if !slices.Contains([]string{"json", "console"}, o.LogFormat) {
		problems = append(problems, fmt.Errorf("--log-format %q: use json or console", o.LogFormat))
	}
	return errors.Join(problems...)
}

// servesTLS is true if there is a port for it and a source of certificates.
func (o *Options) servesTLS() bool {
	return o.HTTPS != "" && (o.Certificates != "" || o.ACMEDirectory != "")
}

func folder(flag, path, next string) error {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a folder", path)
	}
	if err != nil {
		return fmt.Errorf("--%s: %w; %s", flag, err, next)
	}
	return nil
}
