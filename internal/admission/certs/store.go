package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
)

// Client is what a Keeper asks of the API server.
type Client interface {
	Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error
	Create(ctx context.Context, obj client.Object, opts ...client.CreateOption) error
	Update(ctx context.Context, obj client.Object, opts ...client.UpdateOption) error
}

// keyAuthorities is the Secret's key of the bundle, beside the two of type kubernetes.io/tls.
const keyAuthorities = "ca.crt"

// attempts to agree with the other replicas before the next check has to do it.
const attempts = 5

// material reads the Secret, and writes it first if it is absent or must be renewed.
func (k *Keeper) material(ctx context.Context) (material, *tls.Certificate, error) {
	where := k.options.Namespace + "/" + k.options.SecretName
	var last error
	for range attempts {
		secret, err := k.secret(ctx)
		if err != nil {
			return material{}, nil, fmt.Errorf("reading Secret %s: %w", where, err)
		}
		m := materialOf(secret)
		certificate, reason := m.serving(k.names(), k.clock.Now())
		if reason == nil {
			return m, certificate, nil
		}
		logf.FromContext(ctx).Info("issuing a certificate for the webhook", "secret", where, "reason", reason.Error())
		if m, err = issue(k.names(), m.authorities, k.clock.Now()); err != nil {
			return material{}, nil, err
		}
		if last = k.write(ctx, secret, m); last == nil {
			continue
		}
		if !apierrors.IsConflict(last) && !apierrors.IsAlreadyExists(last) {
			break
		}
	}
	if last == nil {
		last = errNotYet
	}
	return material{}, nil, fmt.Errorf("writing Secret %s: %w", where, last)
}

// secret gives the Secret as it is; one that does not exist has no resource version.
func (k *Keeper) secret(ctx context.Context) (*corev1.Secret, error) {
	key := client.ObjectKey{Namespace: k.options.Namespace, Name: k.options.SecretName}
	secret := &corev1.Secret{}
	err := k.client.Get(ctx, key, secret)
	if apierrors.IsNotFound(err) {
		meta := metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}
		return &corev1.Secret{ObjectMeta: meta, Type: corev1.SecretTypeTLS}, nil
	}
	return secret, err
}

// write is refused by the API server when another replica wrote first.
func (k *Keeper) write(ctx context.Context, secret *corev1.Secret, m material) error {
	if secret.Data == nil {
		secret.Data = make(map[string][]byte)
	}
	secret.Data[keyAuthorities] = m.authorities
	secret.Data[corev1.TLSCertKey] = m.certificate
	secret.Data[corev1.TLSPrivateKeyKey] = m.key
	if secret.ResourceVersion == "" {
		return k.client.Create(ctx, secret)
	}
	return k.client.Update(ctx, secret)
}

func materialOf(secret *corev1.Secret) material {
	return material{
		authorities: secret.Data[keyAuthorities],
		certificate: secret.Data[corev1.TLSCertKey],
		key:         secret.Data[corev1.TLSPrivateKeyKey],
	}
}

// trust puts the authorities into the ValidatingWebhookConfiguration. A configuration that
// does not exist is left so: taking it away is how a person switches the webhook off.
func (k *Keeper) trust(ctx context.Context, authorities []byte) error {
	name := k.options.ConfigurationName
	configuration := &admissionregistrationv1.ValidatingWebhookConfiguration{}
	err := k.client.Get(ctx, client.ObjectKey{Name: name}, configuration)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading ValidatingWebhookConfiguration %s: %w", name, err)
	}
	changed := false
	for i := range configuration.Webhooks {
		if w := &configuration.Webhooks[i]; !bytes.Equal(w.ClientConfig.CABundle, authorities) {
			w.ClientConfig.CABundle, changed = authorities, true
		}
	}
	if !changed {
		return nil
	}
	if err := k.client.Update(ctx, configuration); err != nil {
		return fmt.Errorf("updating ValidatingWebhookConfiguration %s: %w", name, err)
	}
	return nil
}
