package change

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/kube"
	"shopset.dev/shopset/internal/cli/manifest"
	"shopset.dev/shopset/internal/cli/output"
)

// The values of --dry-run, as kubectl's.
const (
	dryNone   = "none"
	dryClient = "client"
	dryServer = "server"
)

// Flags say whether and how to change something.
type Flags struct {
	dryRun string
	yes    bool
	format string
	// Streams are where outcomes are printed and questions asked.
	Streams output.Streams
	printed int
}

// AddFlags gives a verb --dry-run and -o.
func (c *Flags) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&c.dryRun, "dry-run", dryNone, "client: print the objects and change nothing; server: let the server check them, too")
	f.Lookup("dry-run").NoOptDefVal = dryClient
	f.StringVarP(&c.format, "output", "o", "", "how to print what was changed: json, yaml, name (default: one line for each object)")
}

// AddYes gives a dangerous verb --yes.
func (c *Flags) AddYes(f *pflag.FlagSet) {
	f.BoolVarP(&c.yes, "yes", "y", false, "do not ask for the name")
}

// Check looks at the flags.
func (c *Flags) Check() error {
	switch c.dryRun {
	case dryNone, dryClient, dryServer:
	default:
		return exit.Usagef("--dry-run=%s: want none, client or server", c.dryRun)
	}
	switch output.Format(c.format) {
	case "", output.JSON, output.YAML, output.Name:
		return nil
	case output.Table, output.Wide:
	}
	return exit.Usagef("-o %q: want json, yaml or name", c.format)
}

// DryRun tells whether nothing is changed.
func (c *Flags) DryRun() bool { return c.dryRun != dryNone }

// Confirm asks for the name of what a dangerous step concerns; the question stands after the
// blast radius. A dry run and --yes answer it themselves.
func (c *Flags) Confirm(kind, name string) error {
	if c.yes || c.DryRun() {
		return nil
	}
	_, _ = fmt.Fprintf(c.Streams.Err, "Type %s, the name of the %s, to go on: ", name, kind)
	line, err := bufio.NewReader(c.Streams.In).ReadString('\n')
	answer := strings.TrimSpace(line)
	switch {
	case answer == name:
		return nil
	case answer == "" && err != nil:
		c.Streams.Note("")
		return exit.Usagef("nobody answered, and nothing was changed: add --yes where no person is at the keyboard")
	}
	return fmt.Errorf("%q is not %s: nothing was changed", output.OneLine(answer), name)
}

// Create creates an object and prints the outcome.
func (c *Flags) Create(ctx context.Context, cluster *kube.Cluster, o client.Object) error {
	o.SetNamespace(cluster.Namespace)
	var options []client.CreateOption
	switch c.dryRun {
	case dryClient:
		if err := checked(ctx, cluster, o); err != nil {
			return err
		}
		return c.print(cluster, o, "created")
	case dryServer:
		options = append(options, client.DryRunAll)
	}
	if err := cluster.Create(ctx, o, append(options, client.FieldOwner(owner))...); err != nil {
		return err
	}
	return c.print(cluster, o, "created")
}

// checked asks the definition of the kind what a server would say. Ours only are known.
func checked(ctx context.Context, cluster *kube.Cluster, o client.Object) error {
	plain, err := Plain(cluster.Scheme, o)
	if err != nil || cluster.Resource(o).Group != v1alpha1.GroupVersion.Group {
		return err
	}
	return manifest.Check(ctx, &unstructured.Unstructured{Object: plain})
}

// Connect finds the API server; a client-side dry run needs none.
func (c *Flags) Connect(k *kube.Flags) (*kube.Cluster, error) {
	if c.dryRun == dryClient {
		return k.Offline()
	}
	return k.Connect()
}

// Offline tells whether Connect has no API server to ask.
func (c *Flags) Offline() bool { return c.dryRun == dryClient }

// Patch sends what has changed in an object and prints the outcome.
func (c *Flags) Patch(ctx context.Context, cluster *kube.Cluster, before, after client.Object, outcome string) error {
	var options []client.PatchOption
	switch c.dryRun {
	case dryClient:
		return c.print(cluster, after, outcome)
	case dryServer:
		options = append(options, client.DryRunAll)
	}
	if err := cluster.Patch(ctx, before, after, append(options, client.FieldOwner(owner))...); err != nil {
		return err
	}
	return c.print(cluster, after, outcome)
}

// Update writes an object that was read before and prints the outcome.
func (c *Flags) Update(ctx context.Context, cluster *kube.Cluster, o client.Object, outcome string) error {
	var options []client.UpdateOption
	switch c.dryRun {
	case dryClient:
		return c.print(cluster, o, outcome)
	case dryServer:
		options = append(options, client.DryRunAll)
	}
	if err := cluster.Update(ctx, o, append(options, client.FieldOwner(owner))...); err != nil {
		return err
	}
	return c.print(cluster, o, outcome)
}

// Delete asks for an object's deletion and prints the outcome; a dry run only says so.
func (c *Flags) Delete(ctx context.Context, cluster *kube.Cluster, o client.Object) error {
	if c.dryRun == dryClient {
		c.Streams.Note("%s would be deleted", Name(cluster.Scheme, o))
		return nil
	}
	options := []client.DeleteOption{client.Preconditions{UID: ptr(o.GetUID())}}
	if c.dryRun == dryServer {
		options = append(options, client.DryRunAll)
	}
	if err := cluster.Delete(ctx, o, options...); err != nil {
		return err
	}
	return c.print(cluster, o, "deletion asked for")
}

func ptr[T any](v T) *T { return &v }

// owner is who changed which field, for `kubectl get --show-managed-fields`.
const owner = "shopctl"

// print prints an object as the user asked for. A client-side dry run prints YAML unless asked otherwise.
func (c *Flags) print(cluster *kube.Cluster, o client.Object, outcome string) error {
	format := output.Format(c.format)
	if format == "" && c.dryRun == dryClient {
		format = output.YAML
	}
	name := Name(cluster.Scheme, o)
	switch format {
	case output.JSON, output.YAML:
		plain, err := Plain(cluster.Scheme, o)
		if err != nil {
			return err
		}
		if c.printed++; c.printed > 1 && format == output.YAML {
			if _, err := fmt.Fprintln(c.Streams.Out, "---"); err != nil {
				return fmt.Errorf("writing %s: %w", name, err)
			}
		}
		return output.Document(c.Streams.Out, format, plain)
	case output.Name:
		return output.Names(c.Streams.Out, []string{name})
	case output.Table, output.Wide:
	}
	if c.DryRun() {
		outcome += " (" + c.dryRun + " dry run)"
	}
	return output.Names(c.Streams.Out, []string{name + " " + outcome})
}

// Name is an object as `kubectl -o name` writes it.
func Name(scheme *runtime.Scheme, o client.Object) string {
	gvk, err := apiutil.GVKForObject(o, scheme)
	if err != nil {
		return o.GetName()
	}
	return strings.TrimSuffix(strings.ToLower(gvk.Kind)+"."+gvk.Group, ".") + "/" + o.GetName()
}

// Plain is an object as a person would write it: without status and what only a server gives.
func Plain(scheme *runtime.Scheme, o client.Object) (map[string]any, error) {
	gvk, err := apiutil.GVKForObject(o, scheme)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", o.GetName(), err)
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, fmt.Errorf("writing %s %s: %w", gvk.Kind, o.GetName(), err)
	}
	u := unstructured.Unstructured{Object: content}
	u.SetGroupVersionKind(gvk)
	u.SetManagedFields(nil)
	u.SetUID("")
	u.SetResourceVersion("")
	u.SetGeneration(0)
	u.SetCreationTimestamp(metav1.Time{})
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
	unstructured.RemoveNestedField(u.Object, "status")
	return u.Object, nil
}
