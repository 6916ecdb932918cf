package edge

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/edge/table"
)

// Config of an Edge. Zero values of Probe, Clock, Log and Registry are replaced by defaults.
type Config struct {
	// Name of this edge, unique among those of the fleet: a DNS label.
	Name   string
	Tables TablesConfig
	// StateDir holds the last good table; empty keeps none.
	StateDir string
	Probe    ProbeConfig
	Clock    clock.WithTicker
	Log      *slog.Logger
	Registry prometheus.Registerer
}

// TablesConfig says where routing tables come from: either Dir, or a Kubernetes namespace.
type TablesConfig struct {
	// Dir is a folder with SHA256SUMS, or one with such a folder routes/ in it (a clone of branch main).
	Dir string
	// Namespace with the ConfigMaps.
	Namespace string
	// Kubeconfig is a file; empty means the configuration of the pod that the edge runs in.
	Kubeconfig string
	// REST wins over Kubeconfig if set.
	REST *rest.Config
}

// ProbeConfig is how ShopSets are probed: GET http://address/path, at most 499 is good.
type ProbeConfig struct {
	Path              string        // default /healthz
	Interval, Timeout time.Duration // default 1s and 800ms
	Fall, Rise        int           // default 2 and 2, in a row
}

const (
	probePath       = "/healthz"
	probeInterval   = time.Second
	probeTimeout    = 800 * time.Millisecond
	probesFallsRise = 2
)

// complete fills in defaults and refuses what cannot work.
func (c Config) complete() (Config, error) {
	if problems := validation.IsDNS1123Label(c.Name); len(problems) > 0 {
		return c, fmt.Errorf("name %q: %s", c.Name, problems[0])
	}
	if (c.Tables.Dir == "") == (c.Tables.Namespace == "") {
		return c, errors.New("routing tables come either from a folder or from a namespace: name one of them")
	}
	p := &c.Probe
	setDefault(&p.Path, probePath)
	setDefault(&p.Interval, probeInterval)
	setDefault(&p.Timeout, probeTimeout)
	setDefault(&p.Fall, probesFallsRise)
	setDefault(&p.Rise, probesFallsRise)
	if p.Path[0] != '/' || p.Interval < 0 || p.Timeout < 0 || p.Fall < 0 || p.Rise < 0 {
		return c, fmt.Errorf("probe %+v: the path begins with /, and nothing is below 0", *p)
	}
	if c.Clock == nil {
		c.Clock = clock.RealClock{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	return c, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// open gives the source of tables, and the client if that is a cluster.
func (t TablesConfig) open(c clock.WithTicker) (table.Source, kubernetes.Interface, error) {
	if t.Dir != "" {
		return &table.Dir{Path: t.Dir, Clock: c}, nil, nil
	}
	config := t.REST
	if config == nil {
		var err error
		if config, err = clientcmd.BuildConfigFromFlags("", t.Kubeconfig); err != nil {
			return nil, nil, fmt.Errorf("reading the kubeconfig of the routing tables: %w", err)
		}
	}
	config = rest.CopyConfig(config)
	// Half the bytes, and none of the time, of JSON.
	config.ContentType = runtime.ContentTypeProtobuf
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, nil, fmt.Errorf("making a client for the routing tables: %w", err)
	}
	return &table.Kube{Client: client, Namespace: t.Namespace}, client, nil
}
