package node

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"time"

	"github.com/virtual-kubelet/virtual-kubelet/errdefs"
	"github.com/virtual-kubelet/virtual-kubelet/node/api"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// certificateLife is longer than any agent lives.
const certificateLife = 10 * 365 * 24 * time.Hour

// serveKubelet serves the kubelet API to the API server, on connections that come
// through the egress socket and no others: it has no address of its own.
func (a *agent) serveKubelet(ctx context.Context) error {
	certificate, err := a.selfSigned()
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           a.kubeletAPI(),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 30 * time.Second,
		// The streams of exec are upgrades, which HTTP/2 has not.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	stop := context.AfterFunc(ctx, func() { _ = a.kubelet.Close(); _ = server.Close() })
	defer stop()
	if err := server.ServeTLS(a.kubelet, "", ""); ctx.Err() == nil {
		return err
	}
	return nil
}

func (a *agent) kubeletAPI() http.Handler {
	return api.PodHandler(api.PodHandlerConfig{
		RunInContainer:   a.exec,
		GetContainerLogs: a.logs,
		PortForward:      a.portForward,
		GetPods: func(context.Context) ([]*corev1.Pod, error) {
			return a.pods.List(), nil
		},
		GetPodsFromKubernetes: func(context.Context) ([]*corev1.Pod, error) {
			return a.watch.pods.Lister().List(labels.Everything())
		},
	}, true)
}

func (a *agent) exec(ctx context.Context, namespace, pod, container string, command []string, streams api.AttachIO) error {
	var stdout, stderr io.Writer
	if streams.Stdout() != nil {
		stdout = streams.Stdout()
		stderr = stdout // a terminal has one stream
	}
	if streams.Stderr() != nil {
		stderr = streams.Stderr()
	}
	return a.pods.Exec(ctx, namespace, pod, container, command, streams.Stdin(), stdout, stderr)
}

func (a *agent) portForward(ctx context.Context, namespace, pod string, port int32, stream io.ReadWriteCloser) error {
	found, ok := a.pods.Get(namespace, pod)
	if !ok {
		return errdefs.NotFoundf("pod %s/%s is not here", namespace, pod)
	}
	to := a.plan.LocalHostPort(net.JoinHostPort(found.Status.PodIP, fmt.Sprint(port)))
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", to)
	if err != nil {
		return fmt.Errorf("forwarding to pod %s/%s: %w", namespace, pod, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	go func() {
		_, _ = io.Copy(conn, stream)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
	}()
	_, err = io.Copy(stream, conn)
	return err
}

// selfSigned makes the certificate of the kubelet API. Nobody verifies it: what
// guards the connection is the socket.
func (a *agent) selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making the node's key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: a.nodeName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{a.nodeName}, IPAddresses: []net.IP{a.plan.Node().AsSlice()},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making the node's certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
