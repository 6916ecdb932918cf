package admission

import (
	"crypto/tls"
	"fmt"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"shopset.dev/shopset/internal/admission/certs"
)

// Path of the webhook on its server.
const Path = "/validate"

// Options say where the webhook is served. The zero value of a field means its default.
type Options struct {
	// Namespace of the controller; default shopset-system.
	Namespace string
	// ServiceName through which the API server reaches the webhook; default shopset-webhook.
	ServiceName string
	// SecretName of the Secret with the certificate; default shopset-webhook-cert.
	SecretName string
	// ConfigurationName of the ValidatingWebhookConfiguration; default shopset-validating.
	ConfigurationName string
	// Host to listen on; default all addresses.
	Host string
	// Port to listen on; default 9443.
	Port int
}

func (o Options) withDefaults() Options {
	for _, field := range []struct {
		value *string
		or    string
	}{
		{&o.Namespace, "shopset-system"},
		{&o.ServiceName, "shopset-webhook"},
		{&o.SecretName, "shopset-webhook-cert"},
		{&o.ConfigurationName, "shopset-validating"},
	} {
		if *field.value == "" {
			*field.value = field.or
		}
	}
	if o.Port == 0 {
		o.Port = webhook.DefaultPort
	}
	return o
}

// Setup adds the webhook, its server and the keeper of its certificate to a manager whose
// scheme knows ShopSet's kinds. All of them run on every replica, leader or not. The server is
// the webhook's own: mgr.GetWebhookServer stays free for others.
func Setup(mgr manager.Manager, options Options) error {
	options = options.withDefaults()
	direct, err := client.New(mgr.GetConfig(), client.Options{
		HTTPClient: mgr.GetHTTPClient(), Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper(),
	})
	if err != nil {
		return fmt.Errorf("making the webhook's client: %w", err)
	}
	keeper := certs.New(direct, certs.Options{
		Namespace: options.Namespace, SecretName: options.SecretName,
		ServiceName: options.ServiceName, ConfigurationName: options.ConfigurationName,
	}, clock.RealClock{})
	if err := mgr.Add(keeper); err != nil {
		return fmt.Errorf("adding the keeper of the webhook's certificate: %w", err)
	}
	server := webhook.NewServer(webhook.Options{
		Host: options.Host, Port: options.Port,
		TLSOpts: []func(*tls.Config){func(c *tls.Config) {
			c.MinVersion = tls.VersionTLS12
			c.GetCertificate = keeper.GetCertificate
		}},
	})
	server.Register(Path, &admission.Webhook{Handler: NewHandler(mgr.GetAPIReader(), mgr.GetScheme())})
	if err := mgr.Add(server); err != nil {
		return fmt.Errorf("adding the webhook's server: %w", err)
	}
	return nil
}
