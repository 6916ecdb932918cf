package routes

import (
	"fmt"
	"strconv"
	"strings"
)

// Names of the files.
const (
	Folder            = "routes"
	ShopSetsFile      = "shopsets.txt"
	ClassesFile       = "classes.txt"
	IndexFile         = "SHA256SUMS"
	OverrideFile      = "override.txt"
	KustomizationFile = "kustomization.yaml"

	hostsTable, groupsTable = "hosts", "groups"
)

// mostShards of one table. The index, a file like the others, has room for as many.
const mostShards = 1024

// Files are cut so that they have some 100 KiB: below keepFrom or above keepTo on average the
// number of shards is chosen anew, such that the average is at most aim.
const (
	keepFrom = 32 << 10
	aim      = 128 << 10
	keepTo   = 160 << 10
)

// Layout is into how many files the tables A and B are divided.
type Layout struct {
	Hosts, Groups int
}

// LayoutOf tells the layout from the names of files.
func LayoutOf[T any](files map[string]T) Layout {
	var l Layout
	for name := range files {
		switch table, _, ok := ShardFile(name); {
		case !ok:
		case table == hostsTable:
			l.Hosts++
		default:
			l.Groups++
		}
	}
	return l
}

// ShardOf says to which of so many shards, a power of two, a host or a group belongs.
func ShardOf(key string, shards int) int {
	// FNV-1a, 64 bits.
	hash := uint64(14695981039346656037)
	for i := range len(key) {
		hash = (hash ^ uint64(key[i])) * 1099511628211
	}
	return int((hash ^ hash>>32) & uint64(shards-1)) //nolint:gosec // G115: shards is a small positive number
}

func shardFile(table string, shard int) string {
	return fmt.Sprintf("%s-%04x.txt", table, shard)
}

// ShardFile takes the name of a file of table A ("hosts") or B ("groups") apart.
func ShardFile(name string) (table string, shard int, ok bool) {
	stem, isText := strings.CutSuffix(name, ".txt")
	table, digits, found := strings.Cut(stem, "-")
	if !isText || !found || table != hostsTable && table != groupsTable {
		return "", 0, false
	}
	number, err := strconv.ParseUint(digits, 16, 16)
	if err != nil || number >= mostShards || shardFile(table, int(number)) != name {
		return "", 0, false
	}
	return table, int(number), true
}

// shardsFor chooses the number of shards for so many bytes.
func shardsFor(size, previous int) int {
	if powerOfTwo(previous) && size/previous <= keepTo && (previous == 1 || size/previous >= keepFrom) {
		return previous
	}
	shards := 1
	for size/shards > aim {
		shards *= 2
	}
	return shards
}

func powerOfTwo(n int) bool { return n > 0 && n&(n-1) == 0 }
