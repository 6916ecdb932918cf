package mount

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// apiAccessPrefix begins the name of the volume that the API server adds to pods
// whose service account is to be mounted.
const apiAccessPrefix = "kube-api-access-"

// Token is a service account token.
type Token struct {
	Value string
	// Issued and Expires bound its life.
	Issued, Expires time.Time
}

// stale tells whether a token has lived four fifths of its life, as the kubelet
// counts.
func (t Token) stale(now time.Time) bool {
	return !now.Before(t.Issued.Add(t.Expires.Sub(t.Issued) * 4 / 5))
}

func (v *Volumes) addToken(ctx context.Context, content payload, pod *corev1.Pod, volume string, projection *corev1.ServiceAccountTokenProjection) error {
	key := volume + "/" + projection.Path
	token, ok := v.tokens[key]
	if !ok || token.stale(time.Now()) {
		fresh, err := v.source.Token(ctx, pod, projection)
		if err != nil {
			return fmt.Errorf("requesting a token of service account %q: %w", pod.Spec.ServiceAccountName, err)
		}
		token = fresh
		v.tokens[key] = token
	}
	content[projection.Path] = file{data: []byte(token.Value), mode: 0o600}
	return nil
}

// APIAccess is the volume through which container reaches the API server.
func APIAccess(container *corev1.Container) (volume string, ok bool) {
	for _, mount := range container.VolumeMounts {
		if strings.HasPrefix(mount.Name, apiAccessPrefix) {
			return mount.Name, true
		}
	}
	return "", false
}
