package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
)

// Handler judges changes of every kind of ShopSet.
type Handler struct {
	reader  client.Reader
	decoder admission.Decoder
}

var _ admission.Handler = (*Handler)(nil)

// NewHandler makes a Handler. The reader should not be a cache: somebody who applies a Tier
// and, a moment later, a ShopSet of that Tier must not be told that there is no such Tier.
func NewHandler(reader client.Reader, scheme *runtime.Scheme) *Handler {
	return &Handler{reader: reader, decoder: admission.NewDecoder(scheme)}
}

// Handle answers one request of the API server.
func (h *Handler) Handle(ctx context.Context, request admission.Request) admission.Response {
	reasons, err := h.judge(ctx, request)
	if err != nil {
		logf.FromContext(ctx).Error(err, "judging a change", "kind", request.Kind.Kind,
			"namespace", request.Namespace, "name", request.Name)
		return admission.Allowed("").WithWarnings("ShopSet let this pass without looking at the fleet as a whole; " +
			"what is wrong with it will show as a condition: " + err.Error())
	}
	if len(reasons) > 0 {
		return admission.Denied(sentence(reasons))
	}
	return admission.Allowed("")
}

// judge gives the reasons to refuse.
func (h *Handler) judge(ctx context.Context, request admission.Request) ([]string, error) {
	switch request.Operation {
	case admissionv1.Create, admissionv1.Update:
		return h.judgeChange(ctx, request)
	case admissionv1.Delete:
		return h.judgeDeletion(ctx, request)
	default:
		return nil, nil
	}
}

func (h *Handler) judgeChange(ctx context.Context, request admission.Request) ([]string, error) {
	after, err := h.decode(request.Kind.Kind, request.Object)
	if err != nil {
		return nil, err
	}
	var before client.Object
	if request.Operation == admissionv1.Update {
		if before, err = h.decode(request.Kind.Kind, request.OldObject); err != nil {
			return nil, err
		}
		// What is on its way out must never be kept by a rule; nor must status or labels.
		if after.GetDeletionTimestamp() != nil || sameSpec(request) {
			return nil, nil
		}
	} else {
		// Whatever the clocks of several API servers say, what is being created is the youngest.
		after.SetCreationTimestamp(youngest())
	}
	found, err := h.added(ctx, request.Kind.Kind, before, after)
	if err != nil {
		return nil, err
	}
	return reasonsOf(found, request.Kind.Kind, after.GetName()), nil
}

// added gives the findings that the change adds, in its namespace and among fleets.
func (h *Handler) added(ctx context.Context, kind string, before, after client.Object) ([]convention.Finding, error) {
	if shop, ok := after.(*v1alpha1.Shop); ok {
		return h.addedToShop(ctx, before, shop)
	}
	objects, err := gather(ctx, h.reader, after.GetNamespace())
	if err != nil {
		return nil, err
	}
	name := after.GetName()
	was, is := with(objects, before), with(objects, after)
	found := convention.Added(convention.Findings(was), convention.Findings(is), kind, name)
	if kind != convention.KindFleet && kind != convention.KindShopSet {
		return found, nil
	}
	everywhere, err := gatherFleets(ctx, h.reader)
	if err != nil {
		return nil, err
	}
	was, is = with(everywhere, before), with(everywhere, after)
	return append(found, convention.Added(
		convention.FleetFindings(was.Fleets, was.ShopSets),
		convention.FleetFindings(is.Fleets, is.ShopSets), kind, name)...), nil
}

// addedToShop looks at the Shop alone. A host that another Shop has is no reason to refuse: that
// would need all of them, two could be created at once all the same, and a condition tells it.
func (h *Handler) addedToShop(ctx context.Context, before client.Object, after *v1alpha1.Shop) ([]convention.Finding, error) {
	old, _ := before.(*v1alpha1.Shop)
	objects, err := gatherForShop(ctx, h.reader, after.Namespace, after, old)
	if err != nil {
		return nil, err
	}
	rules := convention.NewShopRules(objects)
	var was []convention.Finding
	if old != nil {
		was = rules.Findings(old)
	}
	return convention.Added(was, rules.Findings(after), convention.KindShop, after.Name), nil
}

func (h *Handler) judgeDeletion(ctx context.Context, request admission.Request) ([]string, error) {
	object, err := h.decode(request.Kind.Kind, request.OldObject)
	if err != nil {
		return nil, err
	}
	if object.GetDeletionTimestamp() != nil || request.Kind.Kind == convention.KindShop {
		return nil, nil
	}
	reasons, err := h.needed(ctx, request.Kind.Kind, object)
	if err != nil || len(reasons) == 0 {
		return nil, err
	}
	going, err := h.namespaceGoes(ctx, object.GetNamespace())
	if err != nil || going {
		return nil, err
	}
	return reasons, nil
}

// needed says why an object cannot be deleted now.
func (h *Handler) needed(ctx context.Context, kind string, object client.Object) ([]string, error) {
	if m, ok := object.(*v1alpha1.ClusterMaintenance); ok {
		return underWay(m), nil
	}
	objects, err := gather(ctx, h.reader, object.GetNamespace())
	if err != nil {
		return nil, err
	}
	users := convention.Users(objects, kind, object.GetName())
	shops, more, err := h.shopsUsing(ctx, object)
	users = append(users, shops...)
	if len(users) == 0 {
		return nil, err
	}
	return []string{inUse(kind, object.GetName(), users, max(len(users), more))}, nil
}

// namespaceGoes tells whether the whole namespace is being deleted: then so are the users.
func (h *Handler) namespaceGoes(ctx context.Context, name string) (bool, error) {
	namespace := &corev1.Namespace{}
	if err := h.reader.Get(ctx, client.ObjectKey{Name: name}, namespace); err != nil {
		return false, fmt.Errorf("reading namespace %s: %w", name, err)
	}
	return namespace.DeletionTimestamp != nil, nil
}

func (h *Handler) decode(kind string, raw runtime.RawExtension) (client.Object, error) {
	object, err := newObject(kind)
	if err != nil {
		return nil, err
	}
	if err := h.decoder.DecodeRaw(raw, object); err != nil {
		return nil, fmt.Errorf("reading the %s of the request: %w", kind, err)
	}
	return object, nil
}

// sameSpec tells whether an update leaves the spec alone. It spares finalizers, labels and
// annotations the reading of the whole namespace.
func sameSpec(request admission.Request) bool {
	var before, after struct{ Spec any }
	return json.Unmarshal(request.OldObject.Raw, &before) == nil &&
		json.Unmarshal(request.Object.Raw, &after) == nil &&
		reflect.DeepEqual(before.Spec, after.Spec)
}
