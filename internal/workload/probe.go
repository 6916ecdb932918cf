package workload

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// result is what one probe found. Both texts are empty if the API server is ready.
type result struct {
	problem string
	local   bool
}

// probe asks the API server whether it is ready.
func (c *connection) probe(ctx context.Context, patience time.Duration) result {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.ready, nil)
	if err != nil {
		return result{problem: "asking the API server: " + err.Error(), local: true}
	}
	resp, err := c.prober.Do(req)
	if err != nil {
		return result{problem: fmt.Sprintf("the API server does not answer: %s", plain(err)), local: isLocal(err)}
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	switch resp.StatusCode {
	case http.StatusOK:
		return result{}
	case http.StatusUnauthorized, http.StatusForbidden:
		return result{problem: "the API server refuses our credentials (" + resp.Status + "): put a valid kubeconfig into the Secret", local: true}
	case http.StatusTooManyRequests:
		return result{problem: "the API server asks us to wait (" + resp.Status + ")", local: true}
	}
	return result{problem: "the API server is not ready (" + resp.Status + ")"}
}

// plain leaves out what http.Client puts before an error: method and URL.
func plain(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	var outer *url.Error
	if errors.As(err, &outer) {
		return outer.Err
	}
	return err
}

// isLocal tells whether an error says nothing about the cluster.
func isLocal(err error) bool {
	var (
		dns      *net.DNSError
		verify   *tls.CertificateVerificationError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &dns), errors.As(err, &verify), errors.As(err, &unknown), errors.As(err, &hostname), errors.As(err, &invalid):
		return true
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.ENETDOWN), errors.Is(err, syscall.EMFILE),
		errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.EADDRNOTAVAIL):
		return true
	}
	return false
}
