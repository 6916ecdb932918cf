package table

import (
	"hash/maphash"
	"math/bits"
	"strings"
)

// shard finds rows of one file by their first field. It keeps the text of the file as it is and
// adds nothing to it but an open hash table of offsets: five to ten bytes a row.
type shard struct {
	text  string
	slots []uint32 // offset + 1; 0 is free
	rows  int
}

func newShard(text string) *shard {
	// At most two thirds full.
	size := strings.Count(text, "\n")*3/2 + 2
	return &shard{text: text, slots: make([]uint32, 1<<bits.Len(uint(size-1)))}
}

func (s *shard) add(seed maphash.Seed, key string, offset int) {
	i := s.home(seed, key)
	for s.slots[i] != 0 {
		i = (i + 1) % len(s.slots)
	}
	s.slots[i] = uint32(offset) + 1 //nolint:gosec // G115: files are far shorter
	s.rows++
}

// find gives what follows the key and a blank in its row.
func (s *shard) find(seed maphash.Seed, key string) (rest string, found bool) {
	for i := s.home(seed, key); s.slots[i] != 0; i = (i + 1) % len(s.slots) {
		row := s.text[s.slots[i]-1:]
		if len(row) > len(key) && row[len(key)] == ' ' && row[:len(key)] == key {
			rest, _, _ = strings.Cut(row[len(key)+1:], "\n")
			return rest, true
		}
	}
	return "", false
}

// home is seeded, so that nobody can choose hosts that collide.
func (s *shard) home(seed maphash.Seed, key string) int {
	return int(maphash.String(seed, key) & uint64(len(s.slots)-1)) //nolint:gosec // G115: less than len(s.slots)
}
