package convention

import (
	"fmt"
	"slices"
	"strings"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/routes"
)

// Hosts gives the hosts of a shop, normalised and each once, in the order of the object, and a
// finding for each that is no host name.
func Hosts(shop *v1alpha1.Shop) ([]string, []Finding) {
	hosts := make([]string, 0, len(shop.Spec.Hosts))
	var found []Finding
	for i, written := range shop.Spec.Hosts {
		host, err := routes.NormalizeHost(written)
		if err != nil {
			found = append(found, newFinding(KindShop, shop.Name, fmt.Sprintf("spec.hosts[%d]", i), CodeInvalidHost,
				strings.TrimSuffix(err.Error(), "; correct it"), "correct or remove it"))
			continue
		}
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts, found
}

// HostTaken words that a host of a shop belongs to another one, for which reason.
func HostTaken(shop *v1alpha1.Shop, host, holder, why string) Finding {
	field := "spec.hosts"
	for i, written := range shop.Spec.Hosts {
		if normal, err := routes.NormalizeHost(written); err == nil && normal == host {
			field = fmt.Sprintf("spec.hosts[%d]", i)
			break
		}
	}
	return newFinding(KindShop, shop.Name, field, CodeHostTaken,
		fmt.Sprintf("host %s belongs to Shop %s, %s", host, holder, why),
		"remove it here, or there first")
}
