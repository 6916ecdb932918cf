package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/internal/cli/exit"
)

// page is how many objects are listed at once.
const page = 5000

// ListAll lists all objects of a kind, page by page, and hands each page on.
func (c *Cluster) ListAll(ctx context.Context, list client.ObjectList, take func()) error {
	for {
		if err := c.List(ctx, list, client.Limit(page), client.Continue(list.GetContinue())); err != nil {
			return err
		}
		take()
		if list.GetContinue() == "" {
			return nil
		}
	}
}

// Get reads one object of the cluster's namespace. A missing one is an error that lists the names
// which there are.
func (c *Cluster) Get(ctx context.Context, name string, o client.Object) error {
	err := c.within(ctx, func(ctx context.Context) error {
		return c.Client.Get(ctx, client.ObjectKey{Namespace: c.Namespace, Name: name}, o)
	})
	if apierrors.IsNotFound(err) && !unknownKind(err) {
		return missing{c.listed(ctx, name, o), err}
	}
	return c.explainOn(err, "get", o)
}

// missing is an error that names what there is, and for which apierrors.IsNotFound is true.
type missing struct {
	error

	cause error
}

// Unwrap gives both errors.
func (m missing) Unwrap() []error { return []error{m.error, m.cause} }

// Peek is Get for an object that need not exist: then apierrors.IsNotFound is true of the error.
func (c *Cluster) Peek(ctx context.Context, name string, o client.Object) error {
	err := c.within(ctx, func(ctx context.Context) error {
		return c.Client.Get(ctx, client.ObjectKey{Namespace: c.Namespace, Name: name}, o)
	})
	return c.explainOn(err, "get", o)
}

// Create creates an object in the cluster's namespace.
func (c *Cluster) Create(ctx context.Context, o client.Object, options ...client.CreateOption) error {
	o.SetNamespace(c.Namespace)
	err := c.within(ctx, func(ctx context.Context) error { return c.Client.Create(ctx, o, options...) })
	if apierrors.IsAlreadyExists(err) {
		return exit.Next(err, fmt.Sprintf("kubectl get %s %s -n %s -o yaml", c.Resource(o).GroupResource(), o.GetName(), c.Namespace))
	}
	return c.explainOn(err, "create", o)
}

// Update writes an object back that Get has read; somebody else's change since then is an error
// for which apierrors.IsConflict is true.
func (c *Cluster) Update(ctx context.Context, o client.Object, options ...client.UpdateOption) error {
	return c.explainOn(c.within(ctx, func(ctx context.Context) error { return c.Client.Update(ctx, o, options...) }), "update", o)
}

// Patch sends the difference between two states of one object; somebody else's change since the
// first is an error for which apierrors.IsConflict is true.
func (c *Cluster) Patch(ctx context.Context, before, after client.Object, options ...client.PatchOption) error {
	difference := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	return c.explainOn(c.within(ctx, func(ctx context.Context) error { return c.Client.Patch(ctx, after, difference, options...) }), "patch", after)
}

// Delete asks for an object's deletion. That it is gone already is no error.
func (c *Cluster) Delete(ctx context.Context, o client.Object, options ...client.DeleteOption) error {
	err := c.within(ctx, func(ctx context.Context) error { return c.Client.Delete(ctx, o, options...) })
	if unknownKind(err) {
		return c.explainOn(err, "delete", o)
	}
	return c.explainOn(client.IgnoreNotFound(err), "delete", o)
}

// Resource is what the API server calls the kind of an object.
func (c *Cluster) Resource(o client.Object) schema.GroupVersionResource {
	kinds, _, err := c.Scheme.ObjectKinds(o)
	if err != nil || len(kinds) == 0 {
		return schema.GroupVersionResource{Resource: fmt.Sprintf("%T", o)}
	}
	mapping, err := c.Mapper.RESTMapping(kinds[0].GroupKind(), kinds[0].Version)
	if err != nil {
		return kinds[0].GroupVersion().WithResource(strings.ToLower(kinds[0].Kind))
	}
	return mapping.Resource
}

func (c *Cluster) within(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return ask(ctx)
}

// listed says that there is no such object, and which there are.
func (c *Cluster) listed(ctx context.Context, name string, o client.Object) error {
	resource := c.Resource(o)
	list := &metav1.PartialObjectMetadataList{}
	kinds, _, err := c.Scheme.ObjectKinds(o)
	if err != nil {
		return fmt.Errorf("looking for %s: %w", name, err)
	}
	list.SetGroupVersionKind(kinds[0].GroupVersion().WithKind(kinds[0].Kind + "List"))
	var names []string
	if err := c.List(ctx, list, client.Limit(500)); err == nil {
		for i := range list.Items {
			names = append(names, list.Items[i].Name)
		}
	}
	return exit.Next(exit.NoSuch(kinds[0].Kind, name, names),
		fmt.Sprintf("kubectl get %s -n %s", resource.GroupResource(), c.Namespace))
}

// explainOn is Explain for one object.
func (c *Cluster) explainOn(err error, verb string, o client.Object) error {
	switch {
	case apierrors.IsForbidden(err):
		return exit.Next(err, fmt.Sprintf("kubectl auth can-i %s %s -n %s", verb, c.Resource(o).GroupResource(), c.Namespace))
	case apierrors.IsConflict(err):
		return fmt.Errorf("somebody else changed %s %s at the same time: %w", c.Resource(o).Resource, o.GetName(), err)
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsNotFound(err) && !unknownKind(err):
		return err
	}
	return c.Explain(err)
}

// unknownKind tells an API server that does not have the kind from one that does not have the object.
func unknownKind(err error) bool {
	var status apierrors.APIStatus
	if !apierrors.IsNotFound(err) || !errors.As(err, &status) {
		return false
	}
	details := status.Status().Details
	return details == nil || slices.ContainsFunc(details.Causes, func(cause metav1.StatusCause) bool {
		return cause.Type == metav1.CauseTypeUnexpectedServerResponse
	})
}
