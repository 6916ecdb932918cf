package instance_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopset.dev/shopset/internal/plan/placement"
)

// FuzzDecode gives the decoder anything. What it accepts must be in order, and must read the same
// when written again in the other form.
func FuzzDecode(f *testing.F) {
	f.Add(file(f, "testdata/small.csv"))
	f.Add(file(f, "testdata/small.json"))
	f.Add(shopSet + class + "group,class,weight\ng,c,1\n")
	f.Add("cluster,capacity\n\"a\",1.5k\n")
	f.Add(`{"groups": [{"name": "g", "weight": 1e9}], "levels": null}`)
	f.Fuzz(func(t *testing.T, text string) {
		in, err := read(text)
		if err != nil {
			return
		}
		holds(t, in)
		again, err := read(written(t, in))
		if err != nil {
			t.Fatalf("written again it is refused: %v", err)
		}
		if diff := cmp.Diff(in, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("written again it reads otherwise (-first +second):\n%s", diff)
		}
	})
}

// holds checks what the planner relies on.
func holds(t *testing.T, in placement.Input) {
	t.Helper()
	domains, classes := map[string]bool{"": true}, map[string]bool{}
	for _, d := range in.Domains {
		if !domains[d.Parent] || domains[d.Name] {
			t.Errorf("domain %q in %q: parents stand before their children, and once", d.Name, d.Parent)
		}
		domains[d.Name] = true
	}
	for _, c := range in.Clusters {
		if !domains[c.Domain] || c.Domain == "" || c.Capacity < 0 {
			t.Errorf("cluster %+v", c)
		}
	}
	for _, s := range in.ShopSets {
		if s.Name == "" || s.Capacity < 0 || s.State == "" {
			t.Errorf("ShopSet %+v", s)
		}
	}
	for _, c := range in.Classes {
		classes[c.Name] = true
		if c.Copies < 1 {
			t.Errorf("class %+v", c)
		}
	}
	var sum int64
	for _, g := range in.Groups {
		if !classes[g.Class] || g.Weight <= 0 || g.Shops < 0 || sum > math.MaxInt64-g.Weight {
			t.Errorf("group %+v", g)
		}
		sum += g.Weight
	}
}

// written writes an input as JSON. Levels are named by how deep they are.
func written(t *testing.T, in placement.Input) string {
	t.Helper()
	parent, level := map[string]string{}, map[string]string{}
	for _, d := range in.Domains {
		parent[d.Name], level[d.Name] = d.Parent, d.Level
	}
	path := func(name string) (parts, levels []string) {
		for ; name != ""; name = parent[name] {
			parts, levels = append([]string{name}, parts...), append([]string{level[name]}, levels...)
		}
		return parts, levels
	}
	amount := func(milli int64) string { return strconv.FormatInt(milli, 10) + "m" }
	levels := []string{}
	domainOf := map[string]string{}
	type row = map[string]any
	var shopSets, clusters, classes, groups []row
	for _, d := range in.Domains {
		if _, deep := path(d.Name); len(deep) > len(levels) {
			levels = deep
		}
	}
	for _, c := range in.Clusters {
		parts, _ := path(c.Domain)
		domainOf[c.Name] = strings.Join(parts, "/")
		clusters = append(clusters, row{"name": c.Name, "capacity": amount(c.Capacity)})
	}
	for _, s := range in.ShopSets {
		shopSets = append(shopSets, row{"name": s.Name, "tier": s.Tier, "cluster": s.Cluster, "capacity": amount(s.Capacity), "domain": domainOf[s.Cluster],
			"state": s.State, "dedicated": s.Dedicated})
	}
	for _, c := range in.Classes {
		r := row{"name": c.Name, "tier": c.Tier, "copies": c.Copies, "priority": c.Priority}
		var spread, prefer []string
		for _, s := range c.Spread {
			if s.Required {
				spread = append(spread, s.Level)
			} else {
				prefer = append(prefer, s.Level)
			}
			if !slices.Contains(levels, s.Level) {
				levels = append(levels, s.Level) // named by a class alone
			}
		}
		r["spread"], r["prefer"] = spread, prefer
		classes = append(classes, r)
	}
	for _, g := range in.Groups {
		groups = append(groups, row{"name": g.Name, "class": g.Class, "weight": amount(g.Weight), "shops": fmt.Sprint(g.Shops), "current": g.Current,
			"home": g.Home, "pin": g.Pin, "avoid": g.Avoid})
	}
	raw, err := json.Marshal(row{"levels": levels, "shopSets": shopSets, "clusters": clusters, "classes": classes, "groups": groups,
		"rebalance": in.Rebalance, "freeze": in.Freeze})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
