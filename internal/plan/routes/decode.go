package routes

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// Decode reads the files that Encode wrote and people may have edited: it verifies sums, rows,
// their order, what they refer to, and sizes. Other files are ignored. The error joins a Problem
// for each bad file, at most ten.
func Decode(files map[string][]byte) (Table, error) {
	index, err := ParseIndex(string(files[IndexFile]))
	if err != nil {
		return Table{}, err
	}
	if err := verifySums(index, files); err != nil {
		return Table{}, err
	}
	d := decoder{collect: true}
	d.read(index, files)
	if err := d.check(index); err != nil {
		return Table{}, err
	}
	d.table.Epoch, d.table.ShrunkEpoch = index.Epoch, index.ShrunkEpoch
	d.table.Shrunk = index.ShrunkEpoch == index.Epoch && index.Epoch != 0
	return d.table, nil
}

// verify is Decode without building a table or checking sums.
func verify(files map[string][]byte, layout Layout) error {
	index, err := ParseIndex(string(files[IndexFile]))
	if err != nil {
		return err
	}
	index.Layout = layout
	d := decoder{}
	d.read(index, files)
	return d.check(index)
}

func verifySums(index Index, files map[string][]byte) error {
	var found problems
	for _, file := range index.Files {
		content, there := files[file.Name]
		switch {
		case !there:
			found.add(&Problem{File: file.Name, What: "is missing", Next: "add it or take it out of " + IndexFile})
		case len(content) > MaxFile:
			found.add(&Problem{File: file.Name, What: fmt.Sprintf("has %d bytes, more than %d", len(content), MaxFile), Next: "split it into more shards"})
		case sha256.Sum256(content) != file.Sum:
			found.add(SumProblem(file.Name))
		}
	}
	return found.err()
}

// SumProblem is what to say of a file that is not the one in the index.
func SumProblem(name string) *Problem {
	return &Problem{
		File: name, What: "is not the file that " + IndexFile + " lists (another SHA-256)",
		Next: "after an edit make its line anew with sha256sum; otherwise get the file again",
	}
}

// decoder reads the files one after another: what is referred to before what refers to it.
type decoder struct {
	collect  bool // rows into table, not only names into sets
	table    Table
	rows     Rows
	groups   map[string]bool
	shopSets map[string]bool
	problems problems
}

func (d *decoder) read(index Index, files map[string][]byte) {
	var err error
	d.table.ShopSets, err = ParseShopSets(string(files[ShopSetsFile]))
	d.problems.add(err)
	d.table.Classes, err = ParseClasses(string(files[ClassesFile]))
	d.problems.add(err)
	d.rows.ShopSets, d.rows.Classes = len(d.table.ShopSets), len(d.table.Classes)
	d.shopSets, d.groups = map[string]bool{}, map[string]bool{}
	for _, s := range d.table.ShopSets {
		d.shopSets[s.Name] = true
	}
	for shard := range index.Layout.Groups {
		name := shardFile(groupsTable, shard)
		d.problems.add(ScanGroups(name, string(files[name]), shard, index.Layout.Groups, d.group))
	}
	for shard := range index.Layout.Hosts {
		name := shardFile(hostsTable, shard)
		d.problems.add(ScanHosts(name, string(files[name]), shard, index.Layout.Hosts, d.host))
	}
}

func (d *decoder) group(_ int, group, list string) error {
	d.rows.Groups++
	d.groups[group] = true
	shopSets := strings.Split(list, ",")
	for _, name := range shopSets {
		if !d.shopSets[name] {
			return UnknownShopSet(group, name)
		}
	}
	if d.collect {
		d.table.Groups = append(d.table.Groups, Group{Name: group, ShopSets: shopSets})
	}
	return nil
}

func (d *decoder) host(_ int, h Host) error {
	d.rows.Hosts++
	if !d.groups[h.Group] {
		return UnknownGroup(h.Name, h.Group)
	}
	if d.collect {
		d.table.Hosts = append(d.table.Hosts, h)
	}
	return nil
}

// UnknownShopSet says that a group refers to nothing.
func UnknownShopSet(group, name string) error {
	return fmt.Errorf("group %s names ShopSet %s, which is not in %s", group, name, ShopSetsFile)
}

// UnknownGroup says that a host refers to nothing.
func UnknownGroup(host, group string) error {
	return fmt.Errorf("host %s names group %s, which is in none of the files groups-*.txt", host, group)
}

func (d *decoder) check(index Index) error {
	if err := d.problems.err(); err != nil {
		return err
	}
	return CheckRows(index, d.rows)
}

// CheckRows compares the number of rows with what the index says.
func CheckRows(index Index, rows Rows) error {
	if index.Rows == nil || *index.Rows == rows {
		return nil
	}
	return &Problem{
		File: IndexFile, What: fmt.Sprintf("says %q, the files have %q", index.Rows.String(), rows.String()),
		Next: "correct the comment or delete it",
	}
}
