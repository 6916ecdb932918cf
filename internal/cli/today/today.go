package today

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/kube"
	"shopset.dev/shopset/internal/plan/routes"
)

// EdgeNamespace is where the tables lie unless Fleet.spec.routing says otherwise.
const EdgeNamespace = "shopset-edge"

// Source says where the table is.
type Source struct {
	// Routes is a folder; empty means an edges' cluster.
	Routes string
	// Edges is the cluster that runs edges; empty means that of the fleet's objects.
	Edges kube.Flags
}

// AddFlags gives a verb the flags that fill the source; the folder alone if it asks no cluster.
func (s *Source) AddFlags(f *pflag.FlagSet, live bool) {
	f.StringVar(&s.Routes, "routes", "", "today's routing table: folder routes/ of a clone of the system repository, branch main")
	if !live {
		return
	}
	f.StringVar(&s.Edges.Kubeconfig, "edge-kubeconfig", "", "kubeconfig of a cluster that runs edges (default: --kubeconfig)")
	f.StringVar(&s.Edges.Context, "edge-context", "", "context of a cluster that runs edges (default: --context)")
	f.StringVar(&s.Edges.Namespace, "edge-namespace", "", "namespace of the routing table there (default: the Fleet's, or "+EdgeNamespace+")")
}

// Today is the table in force.
type Today struct {
	Table routes.Table
	// Overrides win over it; expired ones are left out.
	Overrides []routes.Override
	// Origin says where the table was found, for people.
	Origin string
}

// Read reads the table. found is false if nothing was named and there is none where the objects are.
func (s *Source) Read(ctx context.Context, home *kube.Cluster, fleetNamespace string, now time.Time) (t Today, found bool, err error) {
	if s.Routes != "" {
		t, err := Folder(s.Routes)
		return t, err == nil, err
	}
	edges, named, err := s.cluster(home, fleetNamespace)
	if err != nil || edges == nil {
		return Today{}, false, err
	}
	t, found, err = ConfigMaps(ctx, edges, now)
	switch {
	case err != nil && !named:
		return Today{}, false, nil // it was only a guess that the table is here, too
	case err == nil && !found && named:
		return Today{}, false, exit.Next(fmt.Errorf("there is no routing table in namespace %s of %s", edges.Namespace, edges.Config.Host),
			"kubectl get configmaps -A -l "+routes.TableLabel)
	}
	return t, found, err
}

// cluster is where the ConfigMaps are looked for; named says that the user named it.
func (s *Source) cluster(home *kube.Cluster, fleetNamespace string) (edges *kube.Cluster, named bool, err error) {
	if s.Edges.Kubeconfig != "" || s.Edges.Context != "" {
		flags := s.Edges
		if flags.Namespace == "" {
			flags.Namespace = fleetNamespace
		}
		flags.Timeout = kube.AnswerTimeout
		edges, err = flags.Connect()
		return edges, true, err
	}
	if home == nil {
		return nil, false, nil
	}
	there := *home
	there.Namespace = fleetNamespace
	if s.Edges.Namespace != "" {
		there.Namespace = s.Edges.Namespace
	}
	return &there, s.Edges.Namespace != "", nil
}

// Folder reads the table from folder routes/, which may also be named by the clone around it.
func Folder(dir string) (Today, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Today{}, fmt.Errorf("reading the routing table: %w", err)
	}
	defer root.Close()
	in := "."
	if _, err := root.Stat(routes.IndexFile); errors.Is(err, fs.ErrNotExist) {
		in = routes.Folder
	}
	files := map[string][]byte{}
	if files[routes.IndexFile], err = readFile(root, filepath.Join(in, routes.IndexFile)); errors.Is(err, fs.ErrNotExist) {
		return Today{}, exit.Usagef("--routes %s: there is no %s: name the folder %s of a clone of the system repository, branch main", dir,
			routes.IndexFile, routes.Folder)
	} else if err != nil {
		return Today{}, fmt.Errorf("reading the routing table: %w", err)
	}
	index, err := routes.ParseIndex(string(files[routes.IndexFile]))
	if err != nil {
		return Today{}, fmt.Errorf("reading the routing table in %s: %w", dir, err)
	}
	for _, f := range index.Files {
		body, err := readFile(root, filepath.Join(in, f.Name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // Decode says better what is missing
			return Today{}, fmt.Errorf("reading the routing table: %w", err)
		}
		if err == nil {
			files[f.Name] = body
		}
	}
	table, err := routes.Decode(files)
	if err != nil {
		return Today{}, fmt.Errorf("reading the routing table in %s: %w", dir, err)
	}
	return Today{Table: table, Origin: "folder " + dir}, nil
}

// readFile reads a file of the table, one byte more than it may have at most.
func readFile(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, routes.MaxFile+1))
}

// ConfigMaps reads the table from a namespace of a cluster that runs edges.
func ConfigMaps(ctx context.Context, edges *kube.Cluster, now time.Time) (t Today, found bool, err error) {
	ofTable, err := labels.NewRequirement(routes.TableLabel, selection.Exists, nil)
	if err != nil {
		return Today{}, false, fmt.Errorf("looking for the routing table: %w", err)
	}
	var list corev1.ConfigMapList
	if err := edges.List(ctx, &list, client.MatchingLabelsSelector{Selector: labels.NewSelector().Add(*ofTable)}); err != nil {
		return Today{}, false, err
	}
	files := map[string][]byte{}
	for i := range list.Items {
		for name, text := range list.Items[i].Data {
			files[name] = []byte(text)
		}
	}
	if len(files) == 0 {
		return Today{}, false, nil
	}
	origin := fmt.Sprintf("namespace %s of %s", edges.Namespace, edges.Config.Host)
	table, err := routes.Decode(files)
	if err != nil {
		return Today{}, false, fmt.Errorf("reading the routing table in %s: %w", origin, err)
	}
	t = Today{Table: table, Origin: origin}
	overrides, _, err := Overrides(ctx, edges)
	if err != nil {
		return Today{}, false, err
	}
	t.Overrides, _ = InForce(overrides, now)
	return t, true, nil
}

// Overrides reads the override table. Without one the ConfigMap has no resource version.
func Overrides(ctx context.Context, edges *kube.Cluster) ([]routes.Override, *corev1.ConfigMap, error) {
	var held corev1.ConfigMap
	err := edges.Peek(ctx, routes.OverrideConfigMap, &held)
	if apierrors.IsNotFound(err) {
		held = corev1.ConfigMap{}
		held.Name, held.Namespace = routes.OverrideConfigMap, edges.Namespace
		return nil, &held, nil
	}
	if err != nil {
		return nil, nil, err
	}
	list, err := routes.DecodeOverrides(held.Data[routes.OverrideFile])
	if err != nil {
		return nil, nil, exit.Next(fmt.Errorf("reading ConfigMap %s: %w", routes.OverrideConfigMap, err),
			fmt.Sprintf("kubectl edit configmap %s -n %s", routes.OverrideConfigMap, edges.Namespace))
	}
	return list, &held, nil
}

// InForce parts overrides into those that hold now and those that have expired.
func InForce(list []routes.Override, now time.Time) (held, expired []routes.Override) {
	for _, o := range list {
		until, err := time.Parse(time.RFC3339, o.Until)
		if err == nil && until.After(now) {
			held = append(held, o)
		} else {
			expired = append(expired, o)
		}
	}
	return held, expired
}
