package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	// checkEvery bounds how long a replica serves a certificate that another one has replaced.
	checkEvery = time.Minute
	// retryAfter follows a check that did not succeed.
	retryAfter = 5 * time.Second
)

// Options say where the certificate is kept and for whom.
type Options struct {
	// Namespace of the Secret and the Service.
	Namespace string
	// SecretName of the Secret that holds the material.
	SecretName string
	// ServiceName of the Service through which the API server reaches the webhook.
	ServiceName string
	// ConfigurationName of the ValidatingWebhookConfiguration that must trust it.
	ConfigurationName string
}

// Keeper issues, renews and serves the certificate. It is a manager's Runnable.
type Keeper struct {
	client  Client
	options Options
	clock   clock.Clock
	current atomic.Pointer[tls.Certificate]
}

// New makes a Keeper. The client must not read from a cache: a Secret that another replica
// has just written must be seen.
func New(c Client, options Options, clk clock.Clock) *Keeper {
	return &Keeper{client: c, options: options, clock: clk}
}

// NeedLeaderElection tells the manager that every replica serves, and so every replica keeps.
func (k *Keeper) NeedLeaderElection() bool { return false }

// Start checks the certificate until the context ends.
func (k *Keeper) Start(ctx context.Context) error {
	for {
		wait := checkEvery
		if err := k.Ensure(ctx); err != nil && ctx.Err() == nil {
			// Not fatal: without the webhook the planner still refuses what it must.
			logf.FromContext(ctx).Error(err, "keeping the webhook's certificate", "retryAfter", retryAfter)
			wait = retryAfter
		}
		select {
		case <-ctx.Done():
			return nil
		case <-k.clock.After(wait):
		}
	}
}

// Ensure makes the Secret hold good material and the API server trust it, and then serves it:
// in this order, so that nothing is served that is not trusted yet.
func (k *Keeper) Ensure(ctx context.Context) error {
	m, certificate, err := k.material(ctx)
	if err != nil {
		return err
	}
	if err := k.trust(ctx, m.authorities); err != nil {
		return err
	}
	k.current.Store(certificate)
	return nil
}

// errNotYet is what a caller of the webhook sees in the first moment of a replica's life.
var errNotYet = errors.New("the webhook has no certificate yet")

// GetCertificate serves the current certificate; for tls.Config.
func (k *Keeper) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if certificate := k.current.Load(); certificate != nil {
		return certificate, nil
	}
	return nil, errNotYet
}

// names by which the API server calls the Service.
func (k *Keeper) names() []string {
	host := fmt.Sprintf("%s.%s.svc", k.options.ServiceName, k.options.Namespace)
	return []string{host, host + ".cluster.local"}
}
