package process

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Memory is what a process and its descendants hold, in bytes: proportional
// set size, so that pages shared between processes count once in a sum.
func Memory(root ID) int64 {
	var bytes int64
	for _, id := range Tree(root) {
		bytes += OwnMemory(id)
	}
	return bytes
}

// OwnMemory is what a process holds without its descendants, in bytes.
func OwnMemory(id ID) int64 {
	file, err := os.Open(filepath.Join("/proc", strconv.Itoa(id.PID), "smaps_rollup"))
	if err != nil {
		return 0
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "Pss:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}
