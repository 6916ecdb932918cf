package manifest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/config/crd"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/plan/convention"
)

// defaultNamespace is where kubectl applies objects that name no namespace.
const defaultNamespace = "default"

// Source is where to read objects.
type Source struct {
	// Paths are files, folders, or "-" for Stdin.
	Paths []string
	Stdin io.Reader
	// Namespace of objects that name none; objects that name another one are an error. Empty
	// takes the one that the objects name.
	Namespace string
	// Note is told what was left out, and why.
	Note func(format string, args ...any)
}

// Read reads the objects of one fleet. It reports all that is wrong with them at once.
func Read(ctx context.Context, src Source) (convention.Objects, error) {
	known, err := definitions(crd.Files)
	if err != nil {
		return convention.Objects{}, err
	}
	var docs []document
	for _, path := range src.Paths {
		files, err := Files(path)
		if err != nil {
			return convention.Objects{}, err
		}
		for _, name := range files {
			found, err := readFile(name, src.Stdin)
			if err != nil {
				return convention.Objects{}, err
			}
			docs = append(docs, found...)
		}
	}
	docs = src.ours(docs)
	if len(docs) == 0 {
		return convention.Objects{}, fmt.Errorf("reading objects: no object of %s in %s", v1alpha1.GroupVersion.Group, strings.Join(src.Paths, ", "))
	}
	if err := src.namespace(docs); err != nil {
		return convention.Objects{}, err
	}
	return gather(ctx, known, docs)
}

// ours leaves out what is not of our group, with a note.
func (src Source) ours(docs []document) []document {
	var out []document
	for _, d := range docs {
		gvk := d.object.GroupVersionKind()
		switch {
		case gvk.Group != v1alpha1.GroupVersion.Group:
			src.Note("%s: ignored %s %s: not of %s", d.place, gvk.Kind, d.object.GetName(), v1alpha1.GroupVersion.Group)
		case d.object.GetName() == "" && d.object.GetGenerateName() != "":
			src.Note("%s: ignored %s %s…: only an API server can name it", d.place, gvk.Kind, d.object.GetGenerateName())
		default:
			out = append(out, d)
		}
	}
	return out
}

// namespace puts all objects into one namespace.
func (src Source) namespace(docs []document) error {
	named := map[string]string{}
	for _, d := range docs {
		if ns := d.object.GetNamespace(); ns != "" && named[ns] == "" {
			named[ns] = d.place
		}
	}
	ns := src.Namespace
	var others []string
	for name := range named {
		if name != ns {
			others = append(others, fmt.Sprintf("%s (%s)", name, named[name]))
		}
	}
	slices.Sort(others)
	switch {
	case ns != "" && len(others) > 0:
		return exit.Usagef("-n %s: there are objects of namespace %s", ns, strings.Join(others, ", "))
	case len(others) > 1:
		return exit.Usagef("one namespace is one fleet, and there are objects of %s: render them one at a time", strings.Join(others, ", "))
	case len(others) == 1:
		ns, _, _ = strings.Cut(others[0], " ")
	case ns == "":
		ns = defaultNamespace
		src.Note("the objects name no namespace: taken for those of namespace %s (-n names another)", ns)
	}
	for _, d := range docs {
		d.object.SetNamespace(ns)
	}
	return nil
}

// gather checks every document and decodes it into its kind.
func gather(ctx context.Context, known map[string]*definition, docs []document) (convention.Objects, error) {
	var o convention.Objects
	var problems []error
	seen := map[string]string{}
	for _, d := range docs {
		key := d.object.GetKind() + " " + d.object.GetName()
		if before, twice := seen[key]; twice {
			problems = append(problems, fmt.Errorf("%s: %s is already in %s", d.place, key, before))
			continue
		}
		seen[key] = d.place
		if err := take(ctx, known, d.object, &o); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", d.place, err))
		}
	}
	return o, errors.Join(problems...)
}

// take does with one object what an API server would, and adds it to its kind.
func take(ctx context.Context, known map[string]*definition, object *unstructured.Unstructured, o *convention.Objects) error {
	gvk := object.GroupVersionKind()
	d := known[gvk.Kind]
	if d == nil || gvk.Version != v1alpha1.GroupVersion.Version {
		return fmt.Errorf("no kind %q in version %q; there are the kinds %s of %s", gvk.Kind, object.GetAPIVersion(),
			strings.Join(kinds(known), ", "), v1alpha1.GroupVersion)
	}
	if unknown := d.unknown(object); len(unknown) > 0 {
		for i := range unknown {
			unknown[i] = fmt.Sprintf("unknown field %q", unknown[i])
		}
		return fmt.Errorf("%s %q: strict decoding error: %s", gvk.Kind, object.GetName(), strings.Join(unknown, ", "))
	}
	d.fill(object)
	if errs := d.check(ctx, object); len(errs) > 0 {
		return apierrors.NewInvalid(gvk.GroupKind(), object.GetName(), errs)
	}
	if err := decode(object, o); err != nil {
		return fmt.Errorf("%s %q: %w", gvk.Kind, object.GetName(), err)
	}
	return nil
}

// Check does with one object what an API server would when it is created: its defaults are filled
// in, and what breaks a rule of its kind is an error in the API server's own words.
func Check(ctx context.Context, object *unstructured.Unstructured) error {
	known, err := definitions(crd.Files)
	if err != nil {
		return err
	}
	return take(ctx, known, object, &convention.Objects{})
}

func kinds(known map[string]*definition) []string {
	var out []string
	for kind := range known {
		out = append(out, kind)
	}
	slices.Sort(out)
	return out
}

func decode(object *unstructured.Unstructured, o *convention.Objects) error {
	switch object.GetKind() {
	case convention.KindFleet:
		return add(object, &o.Fleets)
	case convention.KindTier:
		return add(object, &o.Tiers)
	case convention.KindConfiguration:
		return add(object, &o.Configurations)
	case convention.KindFailureDomain:
		return add(object, &o.FailureDomains)
	case convention.KindWorkloadCluster:
		return add(object, &o.WorkloadClusters)
	case convention.KindShopSet:
		return add(object, &o.ShopSets)
	case convention.KindPromotion:
		return add(object, &o.Promotions)
	case convention.KindShopClass:
		return add(object, &o.ShopClasses)
	case convention.KindShop:
		return add(object, &o.Shops)
	case convention.KindClusterMaintenance:
		return add(object, &o.ClusterMaintenances)
	}
	return fmt.Errorf("nobody takes the kind %s", object.GetKind())
}

func add[T any](object *unstructured.Unstructured, to *[]T) error {
	var t T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, &t, true); err != nil {
		return err
	}
	*to = append(*to, t)
	return nil
}
