package shops

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/routes"
)

func TestWhoOwnsAHost(t *testing.T) {
	tests := map[string]struct {
		// before is served first; nil for a table that begins empty.
		before, now []v1alpha1.Shop
		want        map[string]string
		findings    []string
	}{
		"hosts are normalised": {
			now:  []v1alpha1.Shop{shop("tea", 0, "Tea.Shop.EXAMPLE.", "tea.shop.example", "茶.example")},
			want: map[string]string{"tea.shop.example": "tea", "xn--cl1a.example": "tea"},
		},
		"the older keeps what two claim": {
			now:  []v1alpha1.Shop{shop("young", 9, "tea.example", "young.example"), shop("old", 1, "TEA.example")},
			want: map[string]string{"tea.example": "old", "young.example": "young"},
			findings: []string{"HostTaken | Shop young: spec.hosts[0]: host tea.example belongs to Shop old, which is older; " +
				"remove it here, or there first"},
		},
		"of two of one second the first by name is the older": {
			now:      []v1alpha1.Shop{shop("b", 0, "tea.example"), shop("a", 0, "tea.example")},
			want:     map[string]string{"tea.example": "a"},
			findings: []string{"HostTaken | Shop b: spec.hosts[0]: host tea.example belongs to Shop a, which is older; remove it here, or there first"},
		},
		"an older shop cannot take a host away from one that is served under it": {
			before: []v1alpha1.Shop{shop("young", 9, "tea.example")},
			now:    []v1alpha1.Shop{shop("young", 9, "tea.example"), shop("old", 1, "old.example", "tea.example")},
			want:   map[string]string{"tea.example": "young", "old.example": "old"},
			findings: []string{"HostTaken | Shop old: spec.hosts[1]: host tea.example belongs to Shop young, which is served under it; " +
				"remove it here, or there first"},
		},
		"a host is handed over": {
			before: []v1alpha1.Shop{shop("from", 0, "tea.example", "from.example")},
			now:    []v1alpha1.Shop{shop("from", 0, "from.example"), shop("to", 1, "tea.example")},
			want:   map[string]string{"tea.example": "to", "from.example": "from"},
		},
		"what is no host name is left out, the others are served": {
			now:  []v1alpha1.Shop{shop("tea", 0, "tea_shop.example", "tea.example", "10.0.0.1", "*.tea.example")},
			want: map[string]string{"tea.example": "tea"},
			findings: []string{
				`InvalidHost | Shop tea: spec.hosts[0]: host "tea_shop.example": '_' is not allowed in a host name; correct or remove it`,
				`InvalidHost | Shop tea: spec.hosts[2]: host "10.0.0.1" is, or looks like, an IP address; a shop needs a host name; correct or remove it`,
				`InvalidHost | Shop tea: spec.hosts[3]: host "*.tea.example": wildcards are not allowed; name each host; correct or remove it`,
			},
		},
		"a typing mistake in a host takes nothing away": {
			before:   []v1alpha1.Shop{shop("tea", 0, "tea.example")},
			now:      []v1alpha1.Shop{shop("tea", 0, "tea..example")},
			want:     map[string]string{"tea.example": "tea"},
			findings: []string{`InvalidHost | Shop tea: spec.hosts[0]: host "tea..example": a label is empty; correct or remove it`},
		},
		"what a mistake holds back goes to whoever claims it": {
			before:   []v1alpha1.Shop{shop("tea", 0, "tea.example")},
			now:      []v1alpha1.Shop{shop("tea", 0, "tea..example"), shop("other", 1, "tea.example")},
			want:     map[string]string{"tea.example": "other"},
			findings: []string{`InvalidHost | Shop tea: spec.hosts[0]: host "tea..example": a label is empty; correct or remove it`},
		},
		"a deleted shop is gone, and so is one that is being deleted": {
			before: []v1alpha1.Shop{shop("tea", 0), shop("wine", 0), shop("beer", 0)},
			now:    []v1alpha1.Shop{shop("tea", 0), going(shop("wine", 0))},
			want:   map[string]string{"tea.shop.example": "tea"},
		},
		"a shop without a class that exists is not routed": {
			now:      []v1alpha1.Shop{of(shop("tea", 0), "gold"), shop("wine", 0)},
			want:     map[string]string{"wine.shop.example": "wine"},
			findings: []string{`MissingReference | Shop tea: spec.class: there is no ShopClass "gold"; create the ShopClass or name one that exists: single, standard`},
		},
		"a shop that loses its class is served as before": {
			before:   []v1alpha1.Shop{shop("tea", 0)},
			now:      []v1alpha1.Shop{of(shop("tea", 0), "gold")},
			want:     map[string]string{"tea.shop.example": "tea"},
			findings: []string{`MissingReference | Shop tea: spec.class: there is no ShopClass "gold"; create the ShopClass or name one that exists: single, standard`},
		},
		"a broken shop keeps its hosts against newcomers": {
			before: []v1alpha1.Shop{shop("tea", 5)},
			now:    []v1alpha1.Shop{of(shop("tea", 5), "gold"), shop("old", 0, "tea.shop.example", "old.example")},
			want:   map[string]string{"tea.shop.example": "tea", "old.example": "old"},
			findings: []string{
				"HostTaken | Shop old: spec.hosts[0]: host tea.shop.example belongs to Shop tea, which is served under it; remove it here, or there first",
				`MissingReference | Shop tea: spec.class: there is no ShopClass "gold"; create the ShopClass or name one that exists: single, standard`,
			},
		},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			today := routes.Table{}
			if c.before != nil {
				today, _ = serve(fleet(c.before...), today)
			}
			got, r := serve(fleet(c.now...), today)
			if diff := cmp.Diff(c.want, held(got)); diff != "" {
				t.Errorf("hosts (-want +got):\n%s", diff)
			}
			var findings []string
			for _, f := range r.Findings {
				findings = append(findings, string(f.Code)+" | "+f.Message)
			}
			if diff := cmp.Diff(c.findings, findings); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if _, err := routes.Encode(got); err != nil {
				t.Errorf("the table cannot be written: %v", err)
			}
		})
	}
}

func going(s v1alpha1.Shop) v1alpha1.Shop {
	s.DeletionTimestamp = &metav1.Time{Time: s.CreationTimestamp.Time}
	return s
}

func of(s v1alpha1.Shop, class string) v1alpha1.Shop {
	s.Spec.Class = class
	return s
}

func pinned(s v1alpha1.Shop, pin ...string) v1alpha1.Shop {
	s.Spec.Pin = pin
	return s
}

// row gives where the shop of a name is served.
func row(t *testing.T, table routes.Table, shop string) (string, []string) {
	t.Helper()
	for _, h := range table.Hosts {
		if h.Shop != shop {
			continue
		}
		for _, g := range table.Groups {
			if g.Name == h.Group {
				return g.Name, g.ShopSets
			}
		}
	}
	t.Fatalf("shop %s is not in the table", shop)
	return "", nil
}

func TestServedShopsStayWhateverIsWrong(t *testing.T) {
	before := []v1alpha1.Shop{shop("tea", 0), shop("wine", 0), shop("beer", 0), pinned(shop("rice", 0), "b-1")}
	tests := map[string]struct {
		change func(o *convention.Objects)
		kept   bool
	}{
		"its class is misspelled": {kept: true, change: func(o *convention.Objects) { o.Shops[0].Spec.Class = "standrad" }},
		"its class was deleted":   {kept: true, change: func(o *convention.Objects) { o.ShopClasses = o.ShopClasses[1:] }},
		"every class was deleted": {kept: true, change: func(o *convention.Objects) { o.ShopClasses = nil }},
		"its class has a tier that does not exist": {kept: true,
			change: func(o *convention.Objects) { o.ShopClasses[0].Spec.Tier = "prdo" }},
		"it is pinned to what does not exist": {kept: true, change: func(o *convention.Objects) { o.Shops[0].Spec.Pin = []string{"z-9"} }},
		"its class has a level that nobody has": {
			change: func(o *convention.Objects) { o.ShopClasses[0].Spec.Spread = []v1alpha1.Spread{{Level: "galaxy"}} }},
		"its class asks for more domains than exist": {
			change: func(o *convention.Objects) { o.ShopClasses[0].Spec.Domains = 5 }},
		"the domains are a cycle": {change: func(o *convention.Objects) { o.FailureDomains[0].Spec.Parent = "site-a" }},
		"the clusters are gone":   {change: func(o *convention.Objects) { o.WorkloadClusters = nil }},
		"a cluster has no capacity": {change: func(o *convention.Objects) {
			o.WorkloadClusters[0].Spec.Capacity = new(int32)
		}},
		"no ShopSet has any capacity": {change: func(o *convention.Objects) {
			for i := range o.ShopSets {
				o.ShopSets[i].Spec.Capacity = new(int32)
			}
		}},
		"the Fleet is gone": {change: func(o *convention.Objects) { o.Fleets, o.Shops = nil, nil }},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			today, _ := serve(fleet(before...), routes.Table{})
			o := fleet(before...)
			c.change(&o)
			got, r := serve(o, today)
			for _, s := range before {
				_, was := row(t, today, s.Name)
				group, is := row(t, got, s.Name)
				if len(is) == 0 || is[0] != was[0] {
					t.Errorf("shop %s (group %s) was served by %v and is by %v", s.Name, group, was, is)
				}
			}
			for _, s := range r.Shops {
				if s.Name == "tea" && s.Kept != c.kept {
					t.Errorf("kept is %v", s.Kept)
				}
			}
			if _, err := routes.Encode(got); err != nil {
				t.Errorf("the table cannot be written: %v", err)
			}
		})
	}
}

func TestPinnedShopOfAVanishedShopSetIsNotPutAmongOthers(t *testing.T) {
	today, _ := serve(fleet(pinned(shop("rice", 0), "b-1"), shop("tea", 0)), routes.Table{})
	o := fleet(pinned(shop("rice", 0), "b-1"), shop("tea", 0))
	o.ShopSets = append(o.ShopSets[:2:2], o.ShopSets[3:]...)
	got, _ := serve(o, today)
	if _, is := row(t, got, "rice"); cmp.Diff([]string{"b-1"}, is) != "" {
		t.Errorf("it is served by %v", is)
	}
	if _, err := routes.Encode(got); err != nil {
		t.Errorf("the table cannot be written: %v", err)
	}
}

func TestGroupsOfShops(t *testing.T) {
	c := class("standard", func(c *v1alpha1.ShopClassSpec) { c.Buckets = 4096 })
	heavy, avoiding := shop("tea", 0), shop("tea", 0)
	heavy.Spec.Weight, avoiding.Spec.Avoid = quantity("1"), []string{"a"}
	light := shop("tea", 0)
	light.Spec.Weight = quantity("999m")
	for name, test := range map[string]struct {
		shop v1alpha1.Shop
		want string
	}{
		// `printf tea | sha256sum` ends in f42.
		"an ordinary one is in the bucket of its name": {shop("tea", 0), "standard/f42"},
		"a pinned one":                    {pinned(shop("tea", 0), "a-1"), "standard/@tea"},
		"one that avoids something":       {avoiding, "standard/@tea"},
		"one of ten times the weight":     {heavy, "standard/@tea"},
		"one of not quite ten times that": {light, "standard/f42"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := GroupOf(&c, &test.shop); got != test.want {
				t.Errorf("group %s, want %s", got, test.want)
			}
		})
	}
}

func TestTwiceAsManyBucketsMoveNothing(t *testing.T) {
	var all []v1alpha1.Shop
	for i := range 300 {
		all = append(all, shop("s"+strings.Repeat("x", i%7)+string(rune('a'+i%26))+string(rune('a'+i/26)), 0))
	}
	before := fleet(all...)
	today, _ := serve(before, routes.Table{})
	for _, buckets := range []int32{8, 16, 32, 512} {
		now := fleet(all...)
		now.ShopClasses[0].Spec.Buckets = buckets
		next, r := serve(now, today)
		if len(r.Groups) <= len(today.Groups) {
			t.Errorf("%d buckets: %d groups after %d", buckets, len(r.Groups), len(today.Groups))
		}
		for _, s := range all {
			_, was := row(t, today, s.Name)
			if _, is := row(t, next, s.Name); cmp.Diff(was, is) != "" {
				t.Fatalf("%d buckets: shop %s moves from %v to %v", buckets, s.Name, was, is)
			}
		}
		today = next
	}
}

func TestAShopThatGetsAGroupOfItsOwnStays(t *testing.T) {
	today, _ := serve(fleet(shop("tea", 0), shop("wine", 0), shop("beer", 0)), routes.Table{})
	o := fleet(shop("tea", 0), shop("wine", 0), shop("beer", 0))
	o.Shops[0].Spec.Weight = quantity("5")
	next, r := serve(o, today)
	_, was := row(t, today, "tea")
	group, is := row(t, next, "tea")
	if group != "standard/@tea" || cmp.Diff(was, is) != "" {
		t.Errorf("group %s moves from %v to %v", group, was, is)
	}
	for _, g := range r.Groups {
		if g.Name == group && (g.Weight != 5000 || g.Shops != 1) {
			t.Errorf("%+v", g)
		}
	}
}

// TestBuckets: doubling splits a bucket into itself and its other half.
func TestBuckets(t *testing.T) {
	for n := 1; n <= 65536; n *= 2 {
		for _, name := range []string{"tea", "wine", "a-very-long-name-of-a-shop"} {
			k, split := Bucket(name, n), Bucket(name, 2*n)
			if k < 0 || k >= n || split != k && split != k+n {
				t.Errorf("%s: bucket %d of %d, %d of %d", name, k, n, split, 2*n)
			}
		}
	}
	for _, c := range []struct {
		bucket, buckets int
		want            string
	}{{0, 1, "c/0"}, {3, 4, "c/3"}, {10, 64, "c/0a"}, {255, 256, "c/ff"}, {10, 512, "c/00a"}, {65535, 65536, "c/ffff"}} {
		if got := BucketGroup("c", c.bucket, c.buckets); got != c.want {
			t.Errorf("bucket %d of %d is %s, want %s", c.bucket, c.buckets, got, c.want)
		}
	}
}
