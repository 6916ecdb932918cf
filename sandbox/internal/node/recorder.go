package node

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/record"
)

// quietRecorder leaves out the events in which the library says that it called the
// provider: `kubectl describe` is to show what a kubelet would have said.
type quietRecorder struct{ record.EventRecorder }

func isNoise(reason string) bool {
	return strings.HasPrefix(reason, "Provider") && strings.HasSuffix(reason, "Success")
}

// Event records an event.
func (q quietRecorder) Event(object runtime.Object, kind, reason, message string) {
	if !isNoise(reason) {
		q.EventRecorder.Event(object, kind, reason, message)
	}
}

// Eventf records an event with a formatted message.
func (q quietRecorder) Eventf(object runtime.Object, kind, reason, format string, args ...any) {
	if !isNoise(reason) {
		q.EventRecorder.Eventf(object, kind, reason, format, args...)
	}
}
