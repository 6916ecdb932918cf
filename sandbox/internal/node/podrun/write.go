package podrun

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// WriteStatus makes the status of a pod in the API server that of object, and
// touches nothing else. (An update of the status subresource of a pod writes its
// labels and annotations too, and so would undo what others wrote meanwhile.)
func WriteStatus(ctx context.Context, pods corev1client.PodInterface, object *corev1.Pod) (*corev1.Pod, error) {
	live, err := pods.Get(ctx, object.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	patch, err := statusPatch(live, object)
	if err != nil {
		return nil, fmt.Errorf("comparing the status of pod %s/%s: %w", object.Namespace, object.Name, err)
	}
	if patch == nil {
		return live, nil
	}
	// The UID makes it a conflict if the name means another pod by now.
	return pods.Patch(ctx, object.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
}

// statusPatch is what makes the status of live that of wanted; nil if it is.
func statusPatch(live, wanted *corev1.Pod) ([]byte, error) {
	from, err := json.Marshal(corev1.Pod{Status: live.Status})
	if err != nil {
		return nil, err
	}
	to, err := json.Marshal(corev1.Pod{Status: wanted.Status})
	if err != nil {
		return nil, err
	}
	difference, err := strategicpatch.CreateTwoWayMergePatch(from, to, corev1.Pod{})
	if err != nil || string(difference) == "{}" {
		return nil, err
	}
	var patch map[string]any
	if err := json.Unmarshal(difference, &patch); err != nil {
		return nil, err
	}
	patch["metadata"] = map[string]any{"uid": wanted.UID}
	return json.Marshal(patch)
}
