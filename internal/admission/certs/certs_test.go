package certs

import (
	"bytes"
	"context"
	"crypto/x509"
	"sync"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/internal/apitest"
)

// start is when the fake clocks begin. API servers have clocks of their own, but here nobody
// asks them about certificates.
var start = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func optionsFor(namespace string) Options {
	return Options{Namespace: namespace, SecretName: "cert", ServiceName: "webhook", ConfigurationName: namespace}
}

func TestKeeper(t *testing.T) {
	server := apitest.Start(t)
	t.Run("a first certificate is made, trusted and served", func(t *testing.T) {
		options := newConfiguration(t, server)
		keeper := New(server.Client, options, clocktesting.NewFakeClock(start))
		if _, err := keeper.GetCertificate(nil); err == nil {
			t.Error("a certificate is served before there is one")
		}
		ensure(t, keeper)
		leaf := served(t, keeper)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(trusted(t, server, options))
		for _, name := range []string{"webhook." + options.Namespace + ".svc", "webhook." + options.Namespace + ".svc.cluster.local"} {
			if _, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: start}); err != nil {
				t.Errorf("verifying as %s: %v", name, err)
			}
		}
	})
	t.Run("nothing is written while all is well", func(t *testing.T) {
		options := newConfiguration(t, server)
		keeper := New(server.Client, options, clocktesting.NewFakeClock(start))
		ensure(t, keeper)
		version := secretOf(t, server, options).ResourceVersion
		ensure(t, keeper)
		if got := secretOf(t, server, options).ResourceVersion; got != version {
			t.Errorf("the Secret was written again: version %s, then %s", version, got)
		}
	})
	t.Run("renewal in time, with the former certificate still trusted", func(t *testing.T) { testRenewal(t, server) })
	t.Run("replicas that start together agree", func(t *testing.T) { testReplicas(t, server) })
	t.Run("broken material is replaced", func(t *testing.T) {
		options := newConfiguration(t, server)
		broken := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: options.Namespace, Name: options.SecretName}, Type: corev1.SecretTypeTLS,
			Data: map[string][]byte{"tls.crt": []byte("hello"), "tls.key": []byte("hello")},
		}
		if err := server.Client.Create(t.Context(), broken); err != nil {
			t.Fatal(err)
		}
		keeper := New(server.Client, options, clocktesting.NewFakeClock(start))
		ensure(t, keeper)
		served(t, keeper)
	})
	t.Run("a Service of another name gets its own certificate", func(t *testing.T) {
		options := newConfiguration(t, server)
		keeper := New(server.Client, options, clocktesting.NewFakeClock(start))
		ensure(t, keeper)
		options.ServiceName = "renamed"
		keeper = New(server.Client, options, clocktesting.NewFakeClock(start))
		ensure(t, keeper)
		if err := served(t, keeper).VerifyHostname("renamed." + options.Namespace + ".svc"); err != nil {
			t.Error(err)
		}
	})
	t.Run("a webhook that was switched off stays off", func(t *testing.T) {
		options := optionsFor(server.Namespace(t, "certs"))
		keeper := New(server.Client, options, clocktesting.NewFakeClock(start))
		ensure(t, keeper)
		served(t, keeper)
	})
	t.Run("a bundle that somebody emptied is filled again", func(t *testing.T) {
		options := newConfiguration(t, server)
		keeper := New(server.Client, options, clocktesting.NewFakeClock(start))
		ensure(t, keeper)
		want := trusted(t, server, options)
		configuration := configurationOf(t, server, options)
		configuration.Webhooks[0].ClientConfig.CABundle = nil
		if err := server.Client.Update(t.Context(), configuration); err != nil {
			t.Fatal(err)
		}
		ensure(t, keeper)
		if !bytes.Equal(trusted(t, server, options), want) {
			t.Error("the bundle is not what it was")
		}
	})
	t.Run("it ends with its context", func(t *testing.T) {
		keeper := New(server.Client, newConfiguration(t, server), clocktesting.NewFakeClock(start))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := keeper.Start(ctx); err != nil {
			t.Error(err)
		}
	})
}

func testRenewal(t *testing.T, server *apitest.Server) {
	options := newConfiguration(t, server)
	clock := clocktesting.NewFakeClock(start)
	first, second := New(server.Client, options, clock), New(server.Client, options, clock)
	ensure(t, first)
	ensure(t, second)
	old := served(t, first)
	clock.SetTime(start.Add(validity*2/3 - time.Hour))
	ensure(t, first)
	if !served(t, first).Equal(old) {
		t.Error("renewed too early")
	}
	clock.SetTime(start.Add(validity*2/3 + time.Hour))
	ensure(t, first)
	if served(t, first).Equal(old) {
		t.Error("not renewed with a third of its life left")
	}
	// The other replica still serves the old one, and the API server must trust both.
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(trusted(t, server, options))
	for _, keeper := range []*Keeper{first, second} {
		if _, err := served(t, keeper).Verify(x509.VerifyOptions{Roots: roots, CurrentTime: clock.Now()}); err != nil {
			t.Errorf("verifying after the renewal: %v", err)
		}
	}
	ensure(t, second)
	if !served(t, second).Equal(served(t, first)) {
		t.Error("the replicas serve different certificates")
	}
	clock.SetTime(start.Add(validity + time.Hour))
	ensure(t, first)
	clock.SetTime(start.Add(validity * 3))
	ensure(t, first)
	if n := len(parseAll(trusted(t, server, options))); n != 1 {
		t.Errorf("%d authorities are trusted, want 1: the others have expired", n)
	}
}

func testReplicas(t *testing.T, server *apitest.Server) {
	options := newConfiguration(t, server)
	keepers := make([]*Keeper, 6)
	var group sync.WaitGroup
	for i := range keepers {
		keepers[i] = New(server.Client, options, clocktesting.NewFakeClock(start))
		group.Go(func() {
			// A lost race for the bundle is settled by the next check, as in Start.
			for range 20 {
				if err := keepers[i].Ensure(t.Context()); err == nil {
					return
				}
			}
			t.Error("a replica got no certificate in twenty checks")
		})
	}
	group.Wait()
	for _, keeper := range keepers[1:] {
		if !served(t, keeper).Equal(served(t, keepers[0])) {
			t.Error("the replicas serve different certificates")
		}
	}
	if n := len(parseAll(trusted(t, server, options))); n != 1 {
		t.Errorf("%d authorities are trusted, want 1", n)
	}
}

func newConfiguration(t *testing.T, server *apitest.Server) Options {
	t.Helper()
	options := optionsFor(server.Namespace(t, "certs"))
	none, url := admissionregistrationv1.SideEffectClassNone, "https://localhost:1/"
	configuration := &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: options.ConfigurationName},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name: "validate.shopset.dev", SideEffects: &none, AdmissionReviewVersions: []string{"v1"},
			ClientConfig: admissionregistrationv1.WebhookClientConfig{URL: &url},
		}},
	}
	if err := server.Client.Create(t.Context(), configuration); err != nil {
		t.Fatal(err)
	}
	return options
}

func ensure(t *testing.T, keeper *Keeper) {
	t.Helper()
	if err := keeper.Ensure(t.Context()); err != nil {
		t.Fatalf("ensuring the certificate: %v", err)
	}
}

func served(t *testing.T, keeper *Keeper) *x509.Certificate {
	t.Helper()
	certificate, err := keeper.GetCertificate(nil)
	if err != nil {
		t.Fatalf("getting the certificate: %v", err)
	}
	return certificate.Leaf
}

func secretOf(t *testing.T, server *apitest.Server, options Options) *corev1.Secret {
	t.Helper()
	secret := &corev1.Secret{}
	key := client.ObjectKey{Namespace: options.Namespace, Name: options.SecretName}
	if err := server.Client.Get(t.Context(), key, secret); err != nil {
		t.Fatal(err)
	}
	return secret
}

func configurationOf(t *testing.T, server *apitest.Server, options Options) *admissionregistrationv1.ValidatingWebhookConfiguration {
	t.Helper()
	configuration := &admissionregistrationv1.ValidatingWebhookConfiguration{}
	if err := server.Client.Get(t.Context(), client.ObjectKey{Name: options.ConfigurationName}, configuration); err != nil {
		t.Fatal(err)
	}
	return configuration
}

func trusted(t *testing.T, server *apitest.Server, options Options) []byte {
	t.Helper()
	return configurationOf(t, server, options).Webhooks[0].ClientConfig.CABundle
}
