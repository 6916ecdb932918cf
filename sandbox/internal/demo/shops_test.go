package demo

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/sandbox/internal/demo/load"
)

func TestTheShopsOfTheDemo(t *testing.T) {
	names, classes := map[string]bool{}, map[string]int{}
	for document := range bytes.SplitSeq(shopManifests("shop", manyShops, classOf), []byte("---\n")) {
		if len(document) == 0 {
			continue
		}
		var shop v1alpha1.Shop
		if err := yaml.UnmarshalStrict(document, &shop); err != nil {
			t.Fatal(err)
		}
		host, err := routes.NormalizeHost(shop.Spec.Hosts[0])
		if err != nil || host != shop.Spec.Hosts[0] || names[shop.Name] {
			t.Errorf("shop %s at %s: %v", shop.Name, shop.Spec.Hosts[0], err)
		}
		names[shop.Name] = true
		classes[shop.Spec.Class]++
	}
	want := map[string]int{"redundant": 240, "standard": 160, "early-redundant": 60, "early": 40}
	if diff := cmp.Diff(want, classes); diff != "" {
		t.Error(diff)
	}
}

func TestMisplaced(t *testing.T) {
	d := &demo{street: &street{shops: []load.Shop{{Name: "hoge", Kind: redundant}, {Name: "fuga", Kind: single}}}}
	table := func(hoge, fuga []string) routes.Table {
		return routes.Table{
			Hosts:  []routes.Host{{Name: "hoge.shop.example", Shop: "hoge", Group: "r/0"}, {Name: "fuga.shop.example", Shop: "fuga", Group: "s/0"}},
			Groups: []routes.Group{{Name: "r/0", ShopSets: hoge}, {Name: "s/0", ShopSets: fuga}},
			ShopSets: []routes.ShopSet{
				{Name: "a-1", Cluster: "cluster-a", Domain: "on-prem/site-1/a"}, {Name: "a-2", Cluster: "cluster-a", Domain: "on-prem/site-1/a"},
				{Name: "b-1", Cluster: "cluster-b", Domain: "aws/region-1/b"}, {Name: "c-1", Cluster: "cluster-c", Domain: "on-prem/site-2/c"},
			},
		}
	}
	for name, test := range map[string]struct {
		hoge, fuga []string
		want       string
	}{
		"as the classes ask":        {[]string{"b-1", "a-2"}, []string{"a-2"}, ""},
		"on one cluster":            {[]string{"a-1", "a-2"}, []string{"a-2"}, "shop hoge is on a-1 and a-2 only"},
		"on two of one platform":    {[]string{"a-1", "c-1"}, []string{"a-2"}, "shop hoge is on a-1 and c-1 only"},
		"without a second one":      {[]string{"b-1"}, []string{"a-2"}, "shop hoge is on b-1 only"},
		"without any place at all":  {[]string{"b-1", "a-2"}, nil, "shop fuga has no place"},
		"a single one may be alone": {[]string{"b-1", "c-1"}, []string{"c-1"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(d.misplaced(table(test.hoge, test.fuga)), "; "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAddedIsBeyondWhatOthersWait(t *testing.T) {
	visit := func(shop, kind, method string, millis int) load.Visit {
		return load.Visit{Shop: shop, Kind: kind, Method: method, Took: time.Duration(millis) * time.Millisecond}
	}
	visits := load.Visits{
		visit("hoge", redundant, "GET", 900), visit("hoge", redundant, "POST", 5000), visit("hoge", redundant, "HEAD", 10),
		visit("fuga", single, "GET", 200), visit("fuga", single, "POST", 3000), visit("piyo", single, "GET", 4000),
	}
	if got := added(visits, map[string]bool{"fuga": true}); got != 700*time.Millisecond {
		t.Errorf("got %v, want 700ms: what fuga waits for its pages is usual", got)
	}
	if got := added(visits, map[string]bool{"piyo": true}); got != 0 {
		t.Errorf("got %v, want nothing: others wait longer", got)
	}
	if got := added(visits, nil); got != 900*time.Millisecond {
		t.Errorf("got %v, want all of it: there is nobody to compare with", got)
	}
}

func TestStandIns(t *testing.T) {
	table := routes.Table{
		ShopSets: []routes.ShopSet{
			{Name: "a-1", Tier: "beta", Cluster: "a"}, {Name: "a-2", Tier: "prod", Cluster: "a"}, {Name: "c-9", Tier: "prod", Cluster: "c"},
			{Name: "b-1", Tier: "prod", Cluster: "b"}, {Name: "b-2", Tier: "beta", Cluster: "b"},
		},
		Groups: []routes.Group{{Name: "r/0", ShopSets: []string{"b-1", "a-2"}}, {Name: "s/0", ShopSets: []string{"a-2"}}},
	}
	if diff := cmp.Diff(map[string]string{"b-1": "a-2"}, standIns(table, "b")); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyOn(t *testing.T) {
	table := routes.Table{Groups: []routes.Group{
		{Name: "s/1", ShopSets: []string{"b-1"}}, {Name: "s/0", ShopSets: []string{"a-2"}}, {Name: "r/0", ShopSets: []string{"b-1", "a-2"}},
		{Name: "r/1", ShopSets: []string{"b-1", "b-2"}}, {Name: "r/2"},
	}}
	if diff := cmp.Diff([]string{"r/1", "s/1"}, onlyOn(table, []string{"b-1", "b-2"})); diff != "" {
		t.Error(diff)
	}
}
