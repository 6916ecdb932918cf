package convention

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
)

// meta names an object that was created so many seconds after the first.
func meta(name string, age int) metav1.ObjectMeta {
	at := time.Date(2026, 1, 1, 0, 0, age, 0, time.UTC)
	return metav1.ObjectMeta{Namespace: "shop", Name: name, CreationTimestamp: metav1.NewTime(at)}
}

func fleet(name string, age int, change ...func(*v1alpha1.FleetSpec)) v1alpha1.Fleet {
	f := v1alpha1.Fleet{ObjectMeta: meta(name, age), Spec: v1alpha1.FleetSpec{
		System: v1alpha1.Repository{URL: "https://git.example/" + name + "-system.git"},
		ArgoCD: v1alpha1.ArgoCD{Namespace: "argocd"},
	}}
	for _, c := range change {
		c(&f.Spec)
	}
	return f
}

func tier(name string, age int, level int32) v1alpha1.Tier {
	return v1alpha1.Tier{ObjectMeta: meta(name, age), Spec: v1alpha1.TierSpec{Level: level}}
}

func domain(name, parent string) v1alpha1.FailureDomain {
	return v1alpha1.FailureDomain{ObjectMeta: meta(name, 0), Spec: v1alpha1.FailureDomainSpec{Parent: parent, Level: "site"}}
}

func cluster(name string, age int, argocd string) v1alpha1.WorkloadCluster {
	return v1alpha1.WorkloadCluster{ObjectMeta: meta(name, age),
		Spec: v1alpha1.WorkloadClusterSpec{FailureDomain: "site-a", ArgoCDCluster: argocd}}
}

func shopSet(name string, age int, change ...func(*v1alpha1.ShopSetSpec)) v1alpha1.ShopSet {
	s := v1alpha1.ShopSet{ObjectMeta: meta(name, age),
		Spec: v1alpha1.ShopSetSpec{Tier: "dev", Configuration: "staging", Cluster: "a"}}
	for _, c := range change {
		c(&s.Spec)
	}
	return s
}

func promotion(name, tier string, phase v1alpha1.PromotionPhase) v1alpha1.Promotion {
	return v1alpha1.Promotion{ObjectMeta: meta(name, 0), Spec: v1alpha1.PromotionSpec{Tier: tier},
		Status: v1alpha1.PromotionStatus{Phase: phase}}
}

func class(name string, change ...func(*v1alpha1.ShopClassSpec)) v1alpha1.ShopClass {
	c := v1alpha1.ShopClass{ObjectMeta: meta(name, 0), Spec: v1alpha1.ShopClassSpec{Tier: "dev", Domains: 1}}
	for _, f := range change {
		f(&c.Spec)
	}
	return c
}

func shop(name string, change ...func(*v1alpha1.ShopSpec)) v1alpha1.Shop {
	s := v1alpha1.Shop{ObjectMeta: meta(name, 0), Spec: v1alpha1.ShopSpec{Hosts: []string{name + ".example"}, Class: "standard"}}
	for _, f := range change {
		f(&s.Spec)
	}
	return s
}

func maintenance(name string, age int, cluster string, phase v1alpha1.MaintenancePhase) v1alpha1.ClusterMaintenance {
	return v1alpha1.ClusterMaintenance{ObjectMeta: meta(name, age), Spec: v1alpha1.ClusterMaintenanceSpec{Cluster: cluster},
		Status: v1alpha1.ClusterMaintenanceStatus{Phase: phase}}
}

// valid is a fleet that breaks no rule.
func valid() Objects {
	return Objects{
		Fleets:           []v1alpha1.Fleet{fleet("shop", 0)},
		Tiers:            []v1alpha1.Tier{tier("dev", 0, 0), tier("prod", 1, 10)},
		Configurations:   []v1alpha1.Configuration{{ObjectMeta: meta("staging", 0)}},
		FailureDomains:   []v1alpha1.FailureDomain{domain("earth", ""), domain("site-a", "earth")},
		WorkloadClusters: []v1alpha1.WorkloadCluster{cluster("a", 0, ""), cluster("b", 1, "")},
		ShopSets:         []v1alpha1.ShopSet{shopSet("a-1", 0), shopSet("a-2", 1)},
		Promotions:       []v1alpha1.Promotion{promotion("p-1", "prod", "")},
		ShopClasses:      []v1alpha1.ShopClass{class("standard")},
		Shops:            []v1alpha1.Shop{shop("tea"), shop("wine")},
	}
}
