// Package nameproxy is the cluster DNS of a sandbox cluster, as a forward proxy:
// processes have no resolver of their own, but nearly all HTTP clients know
// HTTP_PROXY. The user name in the proxy's URL is the namespace of the caller.
package nameproxy

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"shopset.dev/shopset/sandbox/internal/node/endpoints"
)

// ErrNoEndpoints: the name is a Service's that has no endpoint to offer now.
var ErrNoEndpoints = errors.New("no ready endpoints")

// name is what a DNS name of the cluster means. hostname is that of one pod of a
// headless Service, or empty.
type name struct{ hostname, service, namespace string }

// Resolver finds where a name of the cluster can be dialled.
type Resolver struct{ Directory endpoints.Directory }

// Resolve returns the "host:port" to dial for one as a client in namespace names
// it. What is not a name of the cluster is returned as it is.
func (r Resolver) Resolve(namespace, hostPort string) (string, error) {
	host, portText, err := net.SplitHostPort(hostPort)
	if err != nil {
		return "", fmt.Errorf("resolving %q: %w", hostPort, err)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return r.Directory.Plan.LocalHostPort(hostPort), nil
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return "", fmt.Errorf("resolving %q: the port is not a number", hostPort)
	}
	for _, candidate := range candidates(host, namespace) {
		service, err := r.Directory.Services.Services(candidate.namespace).Get(candidate.service)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("resolving %q: %w", host, err)
		}
		found, ok, err := r.within(service, candidate.hostname, int32(port))
		if err != nil {
			return "", fmt.Errorf("resolving %q: %w", host, err)
		}
		if ok {
			return found, nil
		}
	}
	return hostPort, nil
}

// within resolves inside one Service. Not ok: the Service has no such hostname.
func (r Resolver) within(service *corev1.Service, hostname string, port int32) (found string, ok bool, err error) {
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		return net.JoinHostPort(service.Spec.ExternalName, strconv.Itoa(int(port))), hostname == "", nil
	}
	all, err := r.Directory.Of(service)
	if err != nil {
		return "", false, err
	}
	headless := service.Spec.ClusterIP == corev1.ClusterIPNone
	var dialable []string
	switch {
	case hostname != "":
		for _, endpoint := range all {
			if endpoint.Hostname == hostname {
				dialable = append(dialable, endpoint.At(port))
			}
		}
		if len(dialable) == 0 {
			return "", false, nil
		}
	case headless: // DNS gives the pods' addresses: the port is the caller's
		for _, endpoint := range all {
			dialable = append(dialable, endpoint.At(port))
		}
	default:
		servicePort, err := endpoints.FindPort(service, port)
		if err != nil {
			return "", false, err
		}
		if dialable, err = r.Directory.Dialable(service, servicePort.Name); err != nil {
			return "", false, err
		}
	}
	if len(dialable) == 0 {
		return "", false, fmt.Errorf("service %s/%s: %w", service.Namespace, service.Name, ErrNoEndpoints)
	}
	return dialable[rand.IntN(len(dialable))], true, nil //nolint:gosec // spreading load, as kube-proxy does
}

// candidates are the meanings of a host name, in the order in which a pod's
// resolv.conf tries them: in its namespace, among the Services, in the cluster.
func candidates(host, namespace string) []name {
	host = strings.ToLower(host)
	if absolute, ok := strings.CutSuffix(host, "."); ok {
		return parseAll(absolute)
	}
	return parseAll(
		host+"."+namespace+".svc.cluster.local",
		host+".svc.cluster.local",
		host+".cluster.local",
		host,
	)
}

func parseAll(full ...string) []name {
	var out []name
	for _, text := range full {
		inner, ok := strings.CutSuffix(text, ".svc.cluster.local")
		if !ok {
			continue
		}
		switch labels := strings.Split(inner, "."); len(labels) {
		case 2:
			out = append(out, name{service: labels[0], namespace: labels[1]})
		case 3:
			out = append(out, name{hostname: labels[0], service: labels[1], namespace: labels[2]})
		}
	}
	return out
}
