package table

import (
	"crypto/sha256"
	"fmt"
	"hash/maphash"
	"strings"

	"shopset.dev/shopset/internal/plan/routes"
)

// Table is a compiled routing table. It never changes.
type Table struct {
	Epoch, ShrunkEpoch int64
	Rows               routes.Rows
	// ShopSets and Classes in the order of their files.
	ShopSets []routes.ShopSet
	Classes  []routes.Class

	index    string
	files    map[string]file
	hosts    []*shard
	groups   []*shard
	shopSets map[string]bool
	seed     maphash.Seed
}

// file is one of the set.
type file struct {
	text string
	sum  [sha256.Size]byte
}

// Host finds the row of a normalised host. The strings are part of a file of the table: whoever
// keeps them for long clones them.
func (t *Table) Host(host string) (group, shop string, found bool) {
	rest, found := t.hosts[routes.ShardOf(host, len(t.hosts))].find(t.seed, host)
	group, shop, _ = strings.Cut(rest, " ")
	return group, shop, found
}

// Group finds the ShopSets of a group, parted by commas.
func (t *Table) Group(group string) (shopSets string, found bool) {
	return t.groups[routes.ShardOf(group, len(t.groups))].find(t.seed, group)
}

// compile builds a table of verified files. What is as in the table before, which may be nil, is
// taken from it, and not looked at again unless what it refers to may be gone.
func compile(before *Table, index routes.Index, indexText string, files map[string]file) (*Table, error) {
	t := &Table{
		Epoch: index.Epoch, ShrunkEpoch: index.ShrunkEpoch, index: indexText, files: files,
		hosts: make([]*shard, index.Layout.Hosts), groups: make([]*shard, index.Layout.Groups),
		shopSets: map[string]bool{}, seed: maphash.MakeSeed(),
	}
	if before != nil {
		t.seed = before.seed
	}
	var err error
	if t.ShopSets, err = routes.ParseShopSets(files[routes.ShopSetsFile].text); err != nil {
		return nil, err
	}
	if t.Classes, err = routes.ParseClasses(files[routes.ClassesFile].text); err != nil {
		return nil, err
	}
	for _, s := range t.ShopSets {
		t.shopSets[s.Name] = true
	}
	if err := t.compileGroups(before, index); err != nil {
		return nil, err
	}
	if err := t.compileHosts(before, index); err != nil {
		return nil, err
	}
	t.Rows = routes.Rows{Hosts: count(t.hosts), Groups: count(t.groups), ShopSets: len(t.ShopSets), Classes: len(t.Classes)}
	return t, routes.CheckRows(index, t.Rows)
}

func count(shards []*shard) int {
	rows := 0
	for _, s := range shards {
		rows += s.rows
	}
	return rows
}

func (t *Table) compileGroups(before *Table, index routes.Index) error {
	lost := before != nil && before.lostShopSets(t)
	for _, f := range index.Files {
		table, number, _ := routes.ShardFile(f.Name)
		if table != "groups" {
			continue
		}
		same := before.same(f, len(before.groupShards()) == len(t.groups))
		if same && !lost {
			t.groups[number] = before.groups[number]
			t.files[f.Name] = before.files[f.Name]
			continue
		}
		s := newShard(t.files[f.Name].text)
		err := routes.ScanGroups(f.Name, s.text, number, len(t.groups), func(offset int, group, list string) error {
			for rest, more := list, true; more; {
				var name string
				if name, rest, more = strings.Cut(rest, ","); !t.shopSets[name] {
					return routes.UnknownShopSet(group, name)
				}
			}
			s.add(t.seed, group, offset)
			return nil
		})
		if err != nil {
			return err
		}
		t.groups[number] = s
	}
	return nil
}

func (t *Table) compileHosts(before *Table, index routes.Index) error {
	lost := before != nil && before.lostGroups(t)
	for _, f := range index.Files {
		table, number, _ := routes.ShardFile(f.Name)
		if table != "hosts" {
			continue
		}
		same := before.same(f, len(before.hostShards()) == len(t.hosts))
		if same && !lost {
			t.hosts[number] = before.hosts[number]
			t.files[f.Name] = before.files[f.Name]
			continue
		}
		s := newShard(t.files[f.Name].text)
		err := routes.ScanHosts(f.Name, s.text, number, len(t.hosts), func(offset int, h routes.Host) error {
			if _, found := t.Group(h.Group); !found {
				return routes.UnknownGroup(h.Name, h.Group)
			}
			s.add(t.seed, h.Name, offset)
			return nil
		})
		if err != nil {
			return err
		}
		t.hosts[number] = s
	}
	return nil
}

// same is true if the table has that very file, cut the same way.
func (t *Table) same(f routes.FileSum, sameLayout bool) bool {
	return t != nil && sameLayout && t.files[f.Name].sum == f.Sum
}

func (t *Table) hostShards() []*shard {
	if t == nil {
		return nil
	}
	return t.hosts
}

func (t *Table) groupShards() []*shard {
	if t == nil {
		return nil
	}
	return t.groups
}

// lostShopSets is true if a ShopSet of t is not in the table after it.
func (t *Table) lostShopSets(after *Table) bool {
	for _, s := range t.ShopSets {
		if !after.shopSets[s.Name] {
			return true
		}
	}
	return false
}

// lostGroups is true if a group of t is not in the table after it.
func (t *Table) lostGroups(after *Table) bool {
	for number, s := range t.groups {
		if len(t.groups) == len(after.groups) && after.groups[number] == s {
			continue
		}
		for row := range strings.Lines(s.text) {
			group, _, _ := strings.Cut(row, " ")
			if group[0] == '#' {
				continue
			}
			if _, found := after.Group(group); !found {
				return true
			}
		}
	}
	return false
}

// String is for logs.
func (t *Table) String() string {
	return fmt.Sprintf("epoch %d: %s", t.Epoch, t.Rows)
}
