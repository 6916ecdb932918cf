package podenv

import (
	"fmt"
	"net"
	"sort"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// addServices adds the service links: CART_SERVICE_HOST, CART_SERVICE_PORT, and
// the older CART_PORT_80_TCP family. The API server's own Service is left out: its
// clients are to read KUBECONFIG.
func (r Resolver) addServices(env *Set, pod *corev1.Pod) error {
	if pod.Spec.EnableServiceLinks != nil && !*pod.Spec.EnableServiceLinks {
		return nil
	}
	services, err := r.Source.Services(pod.Namespace)
	if err != nil {
		return fmt.Errorf("listing services of namespace %q: %w", pod.Namespace, err)
	}
	sort.Slice(services, func(i, j int) bool { return services[i].Name < services[j].Name })
	for _, service := range services {
		hasAddress := service.Spec.ClusterIP != "" && service.Spec.ClusterIP != corev1.ClusterIPNone
		isAPIServer := service.Namespace == corev1.NamespaceDefault && service.Name == "kubernetes"
		if hasAddress && !isAPIServer {
			addService(env, service)
		}
	}
	return nil
}

func addService(env *Set, service *corev1.Service) {
	prefix, host := variable(service.Name), service.Spec.ClusterIP
	env.Put(prefix+"_SERVICE_HOST", host)
	for i, port := range service.Spec.Ports {
		number := strconv.Itoa(int(port.Port))
		url := strings.ToLower(string(port.Protocol)) + "://" + net.JoinHostPort(host, number)
		if i == 0 {
			env.Put(prefix+"_SERVICE_PORT", number)
			env.Put(prefix+"_PORT", url)
		}
		if port.Name != "" {
			env.Put(prefix+"_SERVICE_PORT_"+variable(port.Name), number)
		}
		link := fmt.Sprintf("%s_PORT_%s_%s", prefix, number, strings.ToUpper(string(port.Protocol)))
		env.Put(link, url)
		env.Put(link+"_PROTO", strings.ToLower(string(port.Protocol)))
		env.Put(link+"_PORT", number)
		env.Put(link+"_ADDR", host)
	}
}

func variable(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}
