package node

import (
	"context"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"

	"shopset.dev/shopset/sandbox/internal/node/claims"
	"shopset.dev/shopset/sandbox/internal/node/mount"
)

// readTime bounds one read from the API server.
const readTime = 10 * time.Second

// objects reads what pods refer to: from the informers, and from the API server
// what these do not know (yet), since pods often follow their ConfigMaps at once.
type objects struct {
	client     kubernetes.Interface
	configMaps corelisters.ConfigMapLister
	secrets    corelisters.SecretLister
	services   corelisters.ServiceLister
	claims     *claims.Keeper
}

var _ mount.Source = (*objects)(nil)

// ConfigMap reads a ConfigMap.
func (o *objects) ConfigMap(namespace, name string) (*corev1.ConfigMap, error) {
	found, err := o.configMaps.ConfigMaps(namespace).Get(name)
	if !apierrors.IsNotFound(err) {
		return found, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	return o.client.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
}

// Secret reads a Secret.
func (o *objects) Secret(namespace, name string) (*corev1.Secret, error) {
	found, err := o.secrets.Secrets(namespace).Get(name)
	if !apierrors.IsNotFound(err) {
		return found, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	return o.client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
}

// Services lists the Services of a namespace.
func (o *objects) Services(namespace string) ([]*corev1.Service, error) {
	return o.services.Services(namespace).List(labels.Everything())
}

// ClaimPath is the directory of a claim.
func (o *objects) ClaimPath(namespace, name string) (string, error) {
	return o.claims.Path(namespace, name)
}

// Token requests a token for a pod's service account, bound to the pod.
func (o *objects) Token(ctx context.Context, pod *corev1.Pod, projection *corev1.ServiceAccountTokenProjection) (mount.Token, error) {
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: projection.ExpirationSeconds,
		BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID},
	}}
	if projection.Audience != "" {
		request.Spec.Audiences = []string{projection.Audience}
	}
	issued := time.Now()
	answer, err := o.client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(
		ctx, pod.Spec.ServiceAccountName, request, metav1.CreateOptions{})
	if err != nil {
		return mount.Token{}, fmt.Errorf("creating a token: %w", err)
	}
	return mount.Token{Value: answer.Status.Token, Issued: issued, Expires: answer.Status.ExpirationTimestamp.Time}, nil
}
