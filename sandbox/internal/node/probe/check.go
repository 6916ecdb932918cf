// Package probe runs the startup, readiness and liveness probes of a container.
package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// maxBody bounds what is read of a probe's answer, in bytes.
const maxBody = 10 << 10

// Target is the container that is probed.
type Target struct {
	// Address is the local address its process listens on.
	Address string
	// Ports are its named ports.
	Ports []corev1.ContainerPort
	// Exec runs a command beside the process; an error means that it was not
	// started or did not exit with 0.
	Exec func(ctx context.Context, command []string) error
}

// Check runs one probe or lifecycle action once. No error is success.
func Check(ctx context.Context, handler corev1.ProbeHandler, target Target) error {
	switch {
	case handler.Exec != nil:
		return target.Exec(ctx, handler.Exec.Command)
	case handler.HTTPGet != nil:
		return checkHTTP(ctx, handler.HTTPGet, target)
	case handler.TCPSocket != nil:
		return checkTCP(ctx, handler.TCPSocket.Host, handler.TCPSocket.Port, target)
	case handler.GRPC != nil:
		// That the port answers is all that is asked of a gRPC server here.
		return checkTCP(ctx, "", intstr.FromInt32(handler.GRPC.Port), target)
	}
	return nil
}

func checkTCP(ctx context.Context, host string, port intstr.IntOrString, target Target) error {
	address, err := target.address(host, port)
	if err != nil {
		return err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

func checkHTTP(ctx context.Context, get *corev1.HTTPGetAction, target Target) error {
	address, err := target.address(get.Host, get.Port)
	if err != nil {
		return err
	}
	scheme := strings.ToLower(string(get.Scheme))
	if scheme == "" {
		scheme = "http"
	}
	url := scheme + "://" + address + "/" + strings.TrimPrefix(get.Path, "/")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "kube-probe/sandbox")
	request.Header.Set("Accept", "*/*")
	for _, header := range get.HTTPHeaders {
		if strings.EqualFold(header.Name, "Host") {
			request.Host = header.Value
			continue
		}
		request.Header.Set(header.Name, header.Value)
	}
	return roundTrip(request)
}

func roundTrip(request *http.Request) error {
	transport := &http.Transport{
		// As the kubelet: what is probed is that it answers, not who it is.
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
		DisableKeepAlives: true, DisableCompression: true, Proxy: nil,
	}
	client := &http.Client{Transport: transport, CheckRedirect: sameHostOnly}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxBody)) // the status alone decides
	if response.StatusCode < 200 || response.StatusCode >= 400 {
		return fmt.Errorf("HTTP probe got status %d: %.200s", response.StatusCode, strings.TrimSpace(string(body)))
	}
	return nil
}

// sameHostOnly takes a redirect elsewhere as the answer, as the kubelet does.
func sameHostOnly(request *http.Request, via []*http.Request) error {
	if len(via) >= 10 || request.URL.Hostname() != via[0].URL.Hostname() {
		return http.ErrUseLastResponse
	}
	return nil
}

func (t Target) address(host string, port intstr.IntOrString) (string, error) {
	if host == "" {
		host = t.Address
	}
	number := int(port.IntVal)
	if port.Type == intstr.String {
		named, err := t.port(port.StrVal)
		if err != nil {
			return "", err
		}
		number = named
	}
	return net.JoinHostPort(host, strconv.Itoa(number)), nil
}

func (t Target) port(name string) (int, error) {
	for _, port := range t.Ports {
		if port.Name == name {
			return int(port.ContainerPort), nil
		}
	}
	if number, err := strconv.Atoi(name); err == nil {
		return number, nil
	}
	return 0, fmt.Errorf("finding port %q: the container has none of that name", name)
}

// Timeout is how long one check may take.
func Timeout(probe *corev1.Probe) time.Duration { return seconds(probe.TimeoutSeconds, 1) }

func seconds(n, otherwise int32) time.Duration {
	if n <= 0 {
		n = otherwise
	}
	return time.Duration(n) * time.Second
}
