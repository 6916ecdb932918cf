package where

import (
	"fmt"
	"slices"
	"strings"

	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/today"
	"shopset.dev/shopset/internal/plan/routes"
)

// result is where a shop is. Its JSON is what `-o json` prints.
type result struct {
	Shop  string `json:"shop"`
	Class string `json:"class"`
	Group string `json:"group"`
	// Hosts of the shop: all, whichever was asked for.
	Hosts []string `json:"hosts"`
	// ShopSets hold the group today, the serving one first, overrides counted in.
	ShopSets []holder `json:"shopSets"`
	// Planned are those of the table, if an override wins over it.
	Planned   []string   `json:"planned,omitempty"`
	Overrides []override `json:"overrides,omitempty"`
	Epoch     int64      `json:"epoch"`
	Origin    string     `json:"origin"`
}

// holder is a ShopSet that holds the group.
type holder struct {
	ShopSet   string   `json:"shopSet"`
	Cluster   string   `json:"cluster,omitempty"`
	Domain    string   `json:"domain,omitempty"`
	State     string   `json:"state,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
}

// override is a row that wins over the table.
type override struct {
	Match    string   `json:"match"`
	ShopSets []string `json:"shopSets"`
	Until    string   `json:"until"`
	Owner    string   `json:"owner"`
	Reason   string   `json:"reason"`
}

// find looks a host up, and then a shop.
func find(t today.Today, name string) (result, error) {
	host, err := routes.NormalizeHost(name)
	if err != nil {
		host = name
	}
	at := slices.IndexFunc(t.Table.Hosts, func(h routes.Host) bool { return h.Name == host })
	asked := host
	if at < 0 {
		asked = ""
		at = slices.IndexFunc(t.Table.Hosts, func(h routes.Host) bool { return h.Shop == name })
	}
	if at < 0 {
		return result{}, fmt.Errorf("neither a host nor a shop %q is in the routing table (%s, epoch %d, %d hosts)", name, t.Origin, t.Table.Epoch,
			len(t.Table.Hosts))
	}
	row := t.Table.Hosts[at]
	r := result{Shop: row.Shop, Group: row.Group, Class: routes.ClassOf(row.Group), Hosts: []string{}, Epoch: t.Table.Epoch, Origin: t.Origin}
	for _, h := range t.Table.Hosts {
		if h.Shop == row.Shop {
			r.Hosts = append(r.Hosts, h.Name)
		}
	}
	var planned []string
	if i := slices.IndexFunc(t.Table.Groups, func(g routes.Group) bool { return g.Name == row.Group }); i >= 0 {
		planned = t.Table.Groups[i].ShopSets
	}
	r.place(t, asked, planned)
	return r, nil
}

// place says who holds the group, as edges decide it: a row for the host wins over one for the
// group, and that over one for the ShopSet that would serve it. asked is the host, empty for the
// shop as a whole: then rows for any of its hosts are shown, and none of them counts.
func (r *result) place(t today.Today, asked string, planned []string) {
	known := map[string]routes.ShopSet{}
	for _, s := range t.Table.ShopSets {
		known[s.Name] = s
	}
	serving := ""
	if len(planned) > 0 {
		serving = routes.ShopSetMatch + planned[0]
	}
	holds := planned
	for _, match := range []string{asked, r.Group, serving} {
		i := slices.IndexFunc(t.Overrides, func(o routes.Override) bool { return match != "" && o.Match == match })
		if i < 0 {
			continue
		}
		use := slices.DeleteFunc(slices.Clone(t.Overrides[i].ShopSets), func(name string) bool { return known[name].Name == "" })
		if len(use) > 0 {
			holds, r.Planned = use, planned
			r.Overrides = append(r.Overrides, override(t.Overrides[i]))
			break
		}
	}
	for _, o := range t.Overrides {
		if asked == "" && slices.Contains(r.Hosts, o.Match) {
			r.Overrides = append(r.Overrides, override(o))
		}
	}
	r.ShopSets = []holder{}
	for _, name := range holds {
		s := known[name]
		r.ShopSets = append(r.ShopSets, holder{name, s.Cluster, s.Domain, string(s.State), s.Addresses})
	}
}

func (r *result) print(streams output.Streams, format output.Format) error {
	switch format {
	case output.JSON, output.YAML:
		return output.Document(streams.Out, format, r)
	case output.Name:
		var names []string
		for _, s := range r.ShopSets {
			names = append(names, s.ShopSet)
		}
		return output.Names(streams.Out, names)
	case output.Table, output.Wide:
	}
	if format == output.Wide {
		return r.wide(streams)
	}
	serving, standby := "", []string{}
	for i, s := range r.ShopSets {
		if i == 0 {
			serving = s.ShopSet
		} else {
			standby = append(standby, s.ShopSet)
		}
	}
	sheet := output.Sheet{Head: []string{"SHOP", "CLASS", "GROUP", "SERVED BY", "STANDBY", "HOSTS"}, Rows: [][]output.Cell{{
		output.Text(r.Shop), output.Text(r.Class), output.Text(r.Group), {Text: serving, Style: output.Good},
		output.Text(strings.Join(standby, ",")), output.Text(strings.Join(r.Hosts, ",")),
	}}}
	return sheet.Print(streams.Out, streams.Colour())
}

// wide prints a row for each ShopSet.
func (r *result) wide(streams output.Streams) error {
	streams.Note("shop %s, group %s, hosts %s; epoch %d of %s", r.Shop, r.Group, strings.Join(r.Hosts, ", "), r.Epoch, r.Origin)
	sheet := output.Sheet{Head: []string{"SHOP", "ROLE", "SHOPSET", "CLUSTER", "DOMAIN", "STATE", "ADDRESSES"}}
	for i, s := range r.ShopSets {
		role := output.Cell{Text: "serving", Style: output.Good}
		if i > 0 {
			role = output.Text("standby")
		}
		sheet.Rows = append(sheet.Rows, []output.Cell{output.Text(r.Shop), role, output.Text(s.ShopSet), output.Text(s.Cluster),
			output.Text(s.Domain), output.Text(s.State), output.Text(strings.Join(s.Addresses, ","))})
	}
	return sheet.Print(streams.Out, streams.Colour())
}
