// Package pushevent receives push events (GitHub's webhook, which Gitea and others
// send too) and makes the controller look at Git at once. An event is a hint and
// nothing more: what it says is not believed, and losing all of them costs only
// the poll interval.
package pushevent

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/controller/fleet"
	"shopset.dev/shopset/internal/metrics"
)

// Path begins the URL of a fleet's push events; the namespace follows.
const Path = "/push/"

const (
	// maxBody is more than GitHub sends (25 MiB).
	maxBody = 26 << 20
	// secretFor is how long a fleet's secret is remembered, so that a flood costs no reads.
	secretFor = 10 * time.Second
	// passEvery is how often one fleet is told at the most: events in between say nothing new,
	// and the last of them is passed on when the time is over.
	passEvery = 250 * time.Millisecond
	// mostFleets bounds what is remembered of namespaces that strangers make up.
	mostFleets = 1000
)

// Handler verifies push events and passes them on as an annotation of the Fleet: so whichever
// replica receives one, the leader sees it, and a person can do the same with kubectl annotate.
type Handler struct {
	// Client patches Fleets; Secrets reads Secrets past the cache.
	Client  client.Client
	Secrets client.Reader
	Clock   clock.WithDelayedExecution
	Metrics *metrics.Metrics

	mu     sync.Mutex
	fleets map[string]*hint
}

// hint is what is known of one namespace.
type hint struct {
	name    string
	secret  []byte
	read    time.Time
	passed  time.Time
	waiting bool
}

// ServeHTTP answers 202 to an event with a valid signature.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	code, text := h.receive(w, r)
	h.Metrics.PushEvent(code == http.StatusAccepted)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text+"\n") // the sender may be gone; nothing depends on it
}

func (h *Handler) receive(w http.ResponseWriter, r *http.Request) (int, string) {
	namespace, ok := strings.CutPrefix(r.URL.Path, Path)
	switch {
	case !ok || namespace == "" || strings.Contains(namespace, "/"):
		return http.StatusNotFound, "push events go to " + Path + "<namespace of the Fleet>"
	case r.Method != http.MethodPost:
		return http.StatusMethodNotAllowed, "push events are POSTed"
	}
	signature, err := hex.DecodeString(strings.TrimPrefix(r.Header.Get("X-Hub-Signature-256"), "sha256="))
	if err != nil || len(signature) != sha256.Size {
		return http.StatusUnauthorized, "header X-Hub-Signature-256 is missing or malformed: set the webhook's secret"
	}
	fleetName, secret, err := h.secret(r.Context(), namespace)
	if err != nil || len(secret) == 0 {
		return http.StatusUnauthorized, "no signature can be verified for this namespace: the Fleet must name a Secret in spec.webhookSecretRef"
	}
	mac := hmac.New(sha256.New, secret)
	if _, err := io.Copy(mac, http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		return http.StatusRequestEntityTooLarge, "the event could not be read, or is too large"
	}
	if !hmac.Equal(signature, mac.Sum(nil)) {
		return http.StatusUnauthorized, "the signature does not match the webhook's secret"
	}
	if event := r.Header.Get("X-GitHub-Event"); event != "push" && event != "ping" {
		return http.StatusAccepted, "ignored: not a push"
	}
	if err := h.pass(r.Context(), namespace, fleetName); err != nil {
		return http.StatusServiceUnavailable, "not passed on; the next poll will see the push"
	}
	return http.StatusAccepted, "looking"
}

// secret gives the webhook secret of a namespace's Fleet, remembered for a short while, the
// absence of one too.
func (h *Handler) secret(ctx context.Context, namespace string) (fleetName string, secret []byte, err error) {
	now := h.Clock.Now()
	h.mu.Lock()
	if known := h.fleets[namespace]; known != nil && now.Before(known.read.Add(secretFor)) {
		defer h.mu.Unlock()
		return known.name, known.secret, nil
	}
	h.mu.Unlock()
	name, secret, err := h.read(ctx, namespace)
	if err != nil {
		return "", nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fleets == nil || len(h.fleets) >= mostFleets {
		h.fleets = map[string]*hint{}
	}
	known := h.fleets[namespace]
	if known == nil {
		known = &hint{}
		h.fleets[namespace] = known
	}
	known.name, known.secret, known.read = name, secret, now
	return name, secret, nil
}

func (h *Handler) read(ctx context.Context, namespace string) (string, []byte, error) {
	var fleets v1alpha1.FleetList
	if err := h.Client.List(ctx, &fleets, client.InNamespace(namespace)); err != nil {
		return "", nil, fmt.Errorf("listing Fleets in %q: %w", namespace, err)
	}
	for i := range fleets.Items {
		f := &fleets.Items[i]
		if f.Spec.WebhookSecretRef == nil {
			continue
		}
		var s corev1.Secret
		key := client.ObjectKey{Namespace: namespace, Name: f.Spec.WebhookSecretRef.Name}
		if err := h.Secrets.Get(ctx, key, &s); err != nil {
			return "", nil, fmt.Errorf("reading the webhook Secret %s: %w", key, err)
		}
		return f.Name, s.Data["secret"], nil
	}
	return "", nil, nil
}

// pass tells a fleet now, or, when it was told a moment ago, once that moment is over.
func (h *Handler) pass(ctx context.Context, namespace, fleetName string) error {
	h.mu.Lock()
	known := h.fleets[namespace]
	if known == nil { // forgotten in the meantime
		known = &hint{}
	}
	now := h.Clock.Now()
	if wait := known.passed.Add(passEvery).Sub(now); wait > 0 {
		if !known.waiting {
			known.waiting = true
			h.Clock.AfterFunc(wait, func() {
				_ = h.annotate(context.WithoutCancel(ctx), namespace, fleetName, known) // the poll sees it otherwise
			})
		}
		h.mu.Unlock()
		return nil
	}
	h.mu.Unlock()
	return h.annotate(ctx, namespace, fleetName, known)
}

func (h *Handler) annotate(ctx context.Context, namespace, fleetName string, known *hint) error {
	now := h.Clock.Now()
	h.mu.Lock()
	known.passed, known.waiting = now, false
	h.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, secretFor)
	defer cancel()
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, fleet.AnnotationRefresh, now.UTC().Format(time.RFC3339Nano))
	f := &v1alpha1.Fleet{}
	f.Namespace, f.Name = namespace, fleetName
	if err := h.Client.Patch(ctx, f, client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
		return fmt.Errorf("annotating Fleet %s/%s: %w", namespace, fleetName, err)
	}
	return nil
}
