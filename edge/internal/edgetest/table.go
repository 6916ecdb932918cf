// Package edgetest has what tests and benchmarks of the edge's binary share: routing tables in a
// folder, backends that can be killed or frozen, certificates, and the edge as a process.
package edgetest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"shopset.dev/shopset/internal/plan/routes"
)

// Tables writes routing tables into a folder, as git clone would leave them there.
type Tables struct {
	Dir   string
	table routes.Table
}

// NewTables makes a folder with a table of two classes: "redundant" (blue serves, green stands by)
// and "single" (blue alone), with two shops: shop1.example and single.example.
func NewTables(t testing.TB, blue, green string) *Tables {
	t.Helper()
	table := routes.Table{
		ShopSets: []routes.ShopSet{
			{Name: "blue", Tier: "prod", Cluster: "a", Domain: "site/a", State: routes.Active, Addresses: []string{blue}},
			{Name: "green", Tier: "prod", Cluster: "b", Domain: "site/b", State: routes.Active, Addresses: []string{green}},
		},
		Groups: []routes.Group{
			{Name: "redundant/00", ShopSets: []string{"blue", "green"}},
			{Name: "single/00", ShopSets: []string{"blue"}},
		},
		Classes: []routes.Class{
			{Name: "redundant", RetryPercent: 100, ConnectMillis: 300, ResponseMillis: 20_000},
			{Name: "single", RetryPercent: 100, ConnectMillis: 300},
		},
		Hosts: []routes.Host{
			{Name: "shop1.example", Shop: "shop1", Group: "redundant/00"},
			{Name: "single.example", Shop: "single", Group: "single/00"},
		},
	}
	tables := &Tables{Dir: filepath.Join(t.TempDir(), "routes"), table: table}
	tables.Write(t)
	return tables
}

// Change edits the table and writes it as the next epoch.
func (s *Tables) Change(t testing.TB, edit func(*routes.Table)) {
	t.Helper()
	edit(&s.table)
	s.Write(t)
}

// Impatient makes the class "redundant" wait for the first byte of an answer no longer than that.
func (s *Tables) Impatient(t testing.TB, millis int) *Tables {
	t.Helper()
	s.Change(t, func(table *routes.Table) { table.Classes[0].ResponseMillis = millis })
	return s
}

// Epoch of the table last written.
func (s *Tables) Epoch() int64 { return s.table.Epoch }

// Write writes the table as the next epoch, each file in one step and the index last.
func (s *Tables) Write(t testing.TB) {
	t.Helper()
	s.table.Epoch++
	files, err := routes.Encode(s.table)
	if err == nil {
		err = s.write(files)
	}
	if err != nil {
		t.Fatalf("writing the routing table: %v", err)
	}
}

func (s *Tables) write(files map[string][]byte) error {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return err
	}
	index := files[routes.IndexFile]
	delete(files, routes.IndexFile)
	for name, content := range files {
		if err := replace(filepath.Join(s.Dir, name), content); err != nil {
			return err
		}
	}
	return replace(filepath.Join(s.Dir, routes.IndexFile), index)
}

func replace(path string, content []byte) error {
	fresh := path + ".new"
	if err := os.WriteFile(fresh, content, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return os.Rename(fresh, path)
}
