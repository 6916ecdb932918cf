package routes

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// headers tell people what the columns are.
var headers = map[string]string{
	hostsTable:   "# host group shop\n",
	groupsTable:  "# group shopset[,shopset...] (the serving one first)\n",
	ShopSetsFile: "# name tier cluster domain state address[,address...]\n",
	ClassesFile:  "# name setting=value...\n",
}

// Encode gives the files of a table by name, without kustomization.yaml. It refuses a table that
// Decode would refuse. The order of the rows does not matter.
func Encode(t Table) (map[string][]byte, error) {
	return EncodeLike(t, Layout{})
}

// EncodeLike is Encode for a table that follows another: it keeps the layout of that one as long
// as it fits, so that files whose rows have not changed do not change.
func EncodeLike(t Table, previous Layout) (map[string][]byte, error) {
	e := encoder{files: map[string][]byte{}}
	hosts := shardRows(&e, hostsTable, previous.Hosts, t.Hosts, hostKey, appendHost)
	groups := shardRows(&e, groupsTable, previous.Groups, t.Groups, groupKey, appendGroup)
	e.put(ShopSetsFile, rowsOf(ShopSetsFile, t.ShopSets, func(s ShopSet) string { return s.Name }, appendShopSet))
	e.put(ClassesFile, rowsOf(ClassesFile, t.Classes, func(c Class) string { return c.Name }, appendClass))
	if e.err == nil {
		e.put(IndexFile, indexOf(t, e.files))
	}
	if e.err != nil {
		return nil, e.err
	}
	if err := verify(e.files, Layout{Hosts: hosts, Groups: groups}); err != nil {
		return nil, fmt.Errorf("encoding the routing table of epoch %d: %w", t.Epoch, err)
	}
	return e.files, nil
}

type encoder struct {
	files map[string][]byte
	err   error
}

func (e *encoder) put(name string, content []byte) {
	if len(content) > MaxFile && e.err == nil {
		e.err = &Problem{File: name, What: fmt.Sprintf("would have %d bytes, more than %d", len(content), MaxFile), Next: "use fewer rows or shorter names"}
	}
	e.files[name] = content
}

func hostKey(h Host) string   { return h.Name }
func groupKey(g Group) string { return g.Name }

// shardRows writes the files of a sharded table and says how many they are.
func shardRows[T any](e *encoder, table string, previous int, rows []T, key func(T) string, appendRow func([]byte, T) []byte) int {
	size := 0
	var buffer []byte
	for _, row := range rows {
		buffer = appendRow(buffer[:0], row)
		size += len(buffer)
	}
	shards := shardsFor(size, previous)
	for {
		parts := make([][]T, shards)
		for _, row := range rows {
			shard := ShardOf(key(row), shards)
			parts[shard] = append(parts[shard], row)
		}
		files, longest := make([][]byte, shards), 0
		for shard, part := range parts {
			files[shard] = rowsOf(table, part, key, appendRow)
			longest = max(longest, len(files[shard]))
		}
		if longest <= MaxFile || shards >= mostShards {
			for shard, content := range files {
				e.put(shardFile(table, shard), content)
			}
			return shards
		}
		shards *= 2
	}
}

func rowsOf[T any](kind string, rows []T, key func(T) string, appendRow func([]byte, T) []byte) []byte {
	sorted := slices.Clone(rows)
	slices.SortFunc(sorted, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	text := []byte(headers[kind])
	for _, row := range sorted {
		text = append(appendRow(text, row), '\n')
	}
	return text
}

func appendHost(b []byte, h Host) []byte {
	b = append(append(b, h.Name...), ' ')
	b = append(append(b, h.Group...), ' ')
	return append(b, h.Shop...)
}

func appendGroup(b []byte, g Group) []byte {
	b = append(append(b, g.Name...), ' ')
	return append(b, strings.Join(g.ShopSets, ",")...)
}

func appendShopSet(b []byte, s ShopSet) []byte {
	for _, field := range []string{s.Name, s.Tier, s.Cluster, s.Domain, string(s.State), strings.Join(s.Addresses, ",")} {
		if field == "" {
			field = empty
		}
		b = append(append(b, field...), ' ')
	}
	return b[:len(b)-1]
}

func appendClass(b []byte, c Class) []byte {
	b = append(b, c.Name...)
	for _, key := range classKeys {
		value := *classField(&c, key)
		if value == 0 && key != "retry-percent" {
			continue // switched off, or the default
		}
		b = append(append(append(b, ' '), key...), '=')
		if timed(key) {
			b = append(b, (time.Duration(value) * time.Millisecond).String()...)
			continue
		}
		b = strconv.AppendInt(b, int64(value), 10)
	}
	return b
}
