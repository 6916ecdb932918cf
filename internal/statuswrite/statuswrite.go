// Package statuswrite writes the status of objects that several controllers tell of. Each has
// condition types of its own; nobody takes another's away, although a list is written as a whole.
package statuswrite

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Writer writes as one of several controllers.
type Writer struct {
	Client client.Client
	// Live reads past the cache.
	Live client.Reader
	// Mine tells which condition types are this controller's.
	Mine func(conditionType string) bool
}

// attempts bounds how often a rival's write is given way to.
const attempts = 5

// Write sends what has changed in an object's status between before, as it was read, and after. If
// somebody else has written meanwhile, conditions of theirs stay as they wrote them. An object that
// is gone is no error.
func (w Writer) Write(ctx context.Context, before, after client.Object) error {
	if equality.Semantic.DeepEqual(before, after) {
		return nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	data, err := patch.Data(after)
	if err != nil {
		return fmt.Errorf("comparing the status of %s: %w", after.GetName(), err)
	}
	for range attempts {
		target, ok := after.DeepCopyObject().(client.Object)
		if !ok {
			return fmt.Errorf("copying %s: not an object", after.GetName())
		}
		err = w.Client.Status().Patch(ctx, target, client.RawPatch(types.MergePatchType, data))
		if !apierrors.IsConflict(err) {
			break
		}
		if data, err = w.afresh(ctx, data, target); err != nil {
			break
		}
	}
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("writing the status of %s: %w", after.GetName(), err)
	}
	return nil
}

// afresh puts a patch upon the object as it is now.
func (w Writer) afresh(ctx context.Context, data []byte, live client.Object) ([]byte, error) {
	if err := w.Live.Get(ctx, client.ObjectKeyFromObject(live), live); err != nil {
		return nil, err
	}
	var patch map[string]any
	if err := json.Unmarshal(data, &patch); err != nil {
		return nil, err
	}
	metadata, _ := patch["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
		patch["metadata"] = metadata
	}
	metadata["resourceVersion"] = live.GetResourceVersion()
	if status, ok := patch["status"].(map[string]any); ok {
		if list, there := status["conditions"]; there {
			ours, _ := list.([]any)
			theirs, err := conditionsOf(live)
			if err != nil {
				return nil, err
			}
			status["conditions"] = w.join(ours, theirs)
		}
	}
	return json.Marshal(patch)
}

// join takes our conditions from one list and all others from another.
func (w Writer) join(ours, theirs []any) []any {
	out := []any{}
	for _, part := range []struct {
		list []any
		mine bool
	}{{theirs, false}, {ours, true}} {
		for _, c := range part.list {
			condition, _ := c.(map[string]any)
			kind, _ := condition["type"].(string)
			if w.Mine(kind) == part.mine {
				out = append(out, c)
			}
		}
	}
	return out
}

func conditionsOf(o client.Object) ([]any, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, err
	}
	status, _ := content["status"].(map[string]any)
	list, _ := status["conditions"].([]any)
	return list, nil
}
