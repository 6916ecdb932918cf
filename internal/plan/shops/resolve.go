package shops

import (
	"cmp"
	"slices"
	"strings"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/routes"
)

// Resolve decides who is routed, under which hosts and in which groups. Today is the table as it is
// in Git, empty if there is none. It takes about two microseconds a shop, and a few hundred bytes.
func Resolve(o convention.Objects, today routes.Table) Resolved {
	r := &resolver{
		today: today, rules: convention.NewShopRules(o), classes: usable(o),
		rows: make(map[string][]string, len(today.Groups)), names: make(map[string][]string),
	}
	for _, g := range today.Groups {
		r.rows[g.Name] = g.ShopSets
	}
	r.read(o.Shops)
	r.recall()
	r.settle()
	out := Resolved{Shops: r.routed()}
	out.Groups = r.groups(out.Shops)
	out.Classes = r.placed(o, out.Groups)
	out.Findings = r.findings
	slices.SortFunc(out.Findings, func(a, b convention.Finding) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Message, b.Message))
	})
	return out
}

// resolver is one run of Resolve.
type resolver struct {
	today   routes.Table
	rules   *convention.ShopRules
	classes map[string]*v1alpha1.ShopClass
	// rows are the groups of today's table.
	rows map[string][]string
	// shops by name.
	shops []candidate
	// owner of each host that is claimed, as an index of shops.
	owner map[string]int32
	// names of the buckets of each class, made when first needed.
	names map[string][]string
	// disputed: some host may not belong to all who claim it.
	disputed bool
	// contested hosts with all who claim them.
	contested map[string][]int32
	// holder is who a contested host belongs to in today's table.
	holder   map[string]string
	findings []convention.Finding
}

// candidate is a shop on its way to be routed.
type candidate struct {
	object *v1alpha1.Shop
	Shop
	// alone in its group; broken references; some of its hosts are invalid; its group is new to the
	// table.
	alone, broken, invalid, regrouped bool
	// group and hosts that it has in today's table, if that was asked for.
	wasGroup string
	wasHosts []string
}

// read takes each object by itself, and lets those that are in order claim their hosts.
func (r *resolver) read(objects []v1alpha1.Shop) {
	sorted := make([]*v1alpha1.Shop, 0, len(objects))
	for i := range objects {
		if objects[i].DeletionTimestamp == nil {
			sorted = append(sorted, &objects[i])
		}
	}
	byName := func(a, b *v1alpha1.Shop) int { return strings.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(sorted, byName) {
		slices.SortFunc(sorted, byName)
	}
	r.shops = make([]candidate, len(sorted))
	for i, object := range sorted {
		r.shops[i] = candidate{object: object, Shop: Shop{Name: object.Name}}
	}
	r.owner = make(map[string]int32, len(r.shops))
	r.contested, r.holder = make(map[string][]int32), make(map[string]string)
	for i := range r.shops {
		r.readOne(int32(i))
	}
}

func (r *resolver) readOne(i int32) {
	c := &r.shops[i]
	hosts, invalid := convention.Hosts(c.object)
	references := r.rules.References(c.object)
	r.findings = append(append(r.findings, references...), invalid...)
	class := r.classes[c.object.Spec.Class]
	c.Hosts, c.invalid = hosts, len(invalid) > 0
	c.broken = class == nil || len(c.object.Spec.Pin) > 0 && len(r.rules.Pinned(c.object)) == 0
	c.Weight = shopWeight(class, c.object)
	if c.broken {
		return
	}
	c.Class = class.Name
	if c.alone = ownGroup(c.object, c.Weight, classWeight(class)); c.alone {
		c.Group = OwnGroup(class.Name, c.Name)
	} else {
		c.Group = r.bucket(class, c.Name)
	}
	_, known := r.rows[c.Group]
	c.regrouped = !known
	for _, host := range hosts {
		r.claim(i, host)
	}
}

// bucket gives the same as BucketGroup, and makes each name once.
func (r *resolver) bucket(class *v1alpha1.ShopClass, shop string) string {
	n := buckets(class)
	names := r.names[class.Name]
	if names == nil {
		names = make([]string, n)
		r.names[class.Name] = names
	}
	k := Bucket(shop, n)
	if names[k] == "" {
		names[k] = BucketGroup(class.Name, k, n)
	}
	return names[k]
}

func (r *resolver) claim(i int32, host string) {
	first, taken := r.owner[host]
	if !taken {
		r.owner[host] = i
		return
	}
	r.disputed = true
	if r.contested[host] == nil {
		r.contested[host] = []int32{first}
	}
	r.contested[host] = append(r.contested[host], i)
}

// recall looks up in today's table what is needed of it: a whole index of it would cost more than
// all the rest.
func (r *resolver) recall() {
	needed := len(r.contested) > 0
	for i := range r.shops {
		c := &r.shops[i]
		r.disputed = r.disputed || c.broken || c.invalid
		needed = needed || r.disputed || c.regrouped
	}
	if !needed {
		return
	}
	for _, row := range r.today.Hosts {
		if _, contested := r.contested[row.Name]; contested {
			r.holder[row.Name] = row.Shop
		}
		i, exists := slices.BinarySearchFunc(r.shops, row.Shop, func(c candidate, name string) int {
			return strings.Compare(c.Name, name)
		})
		if !exists {
			continue
		}
		if c := &r.shops[i]; c.broken || c.invalid || c.regrouped {
			c.wasGroup = row.Group
			if c.broken || c.invalid {
				c.wasHosts = append(c.wasHosts, row.Name)
			}
		}
	}
}

// settle decides who owns each host. Who is served under it keeps it; then the older has it. Last
// come the hosts of shops that cannot be read as they are now: they keep what nobody else claims.
func (r *resolver) settle() {
	for host, claims := range r.contested {
		r.owner[host] = r.rightful(host, claims)
	}
	for i := range r.shops {
		c := &r.shops[i]
		if !c.broken {
			continue
		}
		r.keep(c)
		for _, host := range c.wasHosts {
			if slices.Contains(c.Hosts, host) {
				r.owner[host] = int32(i)
			}
		}
	}
	for i := range r.shops {
		for _, host := range r.shops[i].wasHosts {
			if _, taken := r.owner[host]; !taken {
				r.owner[host] = int32(i)
			}
		}
	}
}

func (r *resolver) rightful(host string, claims []int32) int32 {
	for _, i := range claims {
		if r.shops[i].Name == r.holder[host] {
			return i
		}
	}
	return slices.MinFunc(claims, func(a, b int32) int {
		return older(&r.shops[a], &r.shops[b])
	})
}

func older(a, b *candidate) int {
	return cmp.Or(a.object.CreationTimestamp.Compare(b.object.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
}

// keep leaves a broken shop in the class and the group that it has today, if it has any.
func (r *resolver) keep(c *candidate) {
	if c.wasGroup == "" {
		return
	}
	c.Kept, c.Class, c.Group = true, routes.ClassOf(c.wasGroup), c.wasGroup
	c.alone = c.Group == OwnGroup(c.Class, c.Name)
	if class := r.classes[c.Class]; class != nil && !c.alone {
		c.Group = r.bucket(class, c.Name)
		_, known := r.rows[c.Group]
		c.regrouped = !known
	}
}

// routed gives the shops that have a group and at least one host of their own.
func (r *resolver) routed() []Shop {
	out := make([]Shop, 0, len(r.shops))
	for i := range r.shops {
		c := &r.shops[i]
		if r.disputed {
			c.Hosts = r.own(int32(i))
		}
		if c.Group != "" && len(c.Hosts) > 0 {
			out = append(out, c.Shop)
		}
	}
	return out
}

// own gives the hosts that a shop has in the end, and tells of those that it lost.
func (r *resolver) own(i int32) []string {
	c := &r.shops[i]
	var hosts []string
	for _, host := range c.Hosts {
		switch owner, owned := r.owner[host]; {
		case owned && owner == i:
			hosts = append(hosts, host)
		case owned && !c.broken:
			r.findings = append(r.findings, convention.HostTaken(c.object, host, r.shops[owner].Name, r.why(&r.shops[owner], c)))
		}
	}
	for _, host := range c.wasHosts {
		if r.owner[host] == i && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

func (r *resolver) why(winner, loser *candidate) string {
	if older(winner, loser) < 0 {
		return "which is older"
	}
	return "which is served under it"
}
